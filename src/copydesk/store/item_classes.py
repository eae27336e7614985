"""Statements about classes of texts: which there are, and what people found in each.

Built once: putting one together costs more than running it, and a list of classes runs some
hundred of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from copydesk.core.states import AuditState
from copydesk.store.tables import audits

#: What was passed over is counted up to this in each class: there may be a million. Every thousand
#: costs a list of forty classes some 5 ms.
MOST_COUNTED: Final = 1_000

JUDGED: Final = frozenset({AuditState.CLEARED, AuditState.FAULTED})

_CLASS: Final = (audits.c.channel, audits.c.language, audits.c.risk, audits.c.writer)
FIRST_CLASS: Final = (
    sa.select(*_CLASS)
    .where(audits.c.workspace_id == sa.bindparam("workspace"))
    .order_by(*_CLASS)
    .limit(1)
)
#: The classes behind one: what shares most with it first.
FOLLOWING_CLASS: Final = [
    FIRST_CLASS.where(
        *(column == sa.bindparam(column.name) for column in _CLASS[:shared]),
        _CLASS[shared] > sa.bindparam(_CLASS[shared].name),
    )
    for shared in reversed(range(len(_CLASS)))
]
#: Before any text.
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _counted(state: AuditState, most: int | None = None) -> sa.Select[str, int]:
    some = (
        sa.select(sa.literal(1).label("one"))
        .where(audits.c.workspace_id == sa.bindparam("workspace"))
        .where(*(column == sa.bindparam(column.name) for column in _CLASS))
        .where(audits.c.state == state, audits.c.sampled_at > sa.bindparam("since"))
        .limit(most)
        .subquery()
    )
    name = sa.literal(state.value).label("state")
    return sa.select(name, sa.func.count().label("n")).select_from(some)


#: How many of a class there are in each state, since a time.
TALLY: Final = sa.union_all(
    *(_counted(state) for state in (*sorted(JUDGED), AuditState.SAMPLED)),
    _counted(AuditState.PASSED_OVER, MOST_COUNTED),
)
