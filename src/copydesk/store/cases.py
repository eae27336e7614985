"""The regression corpus: messages that went wrong once and are replayed against every version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import CaseState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import cases

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCase:
    """A case as a row: which message, why it is kept, and what a person wishes of its text beyond
    what the message itself demands (`must_say`, `must_not_say`, `verdict`)."""

    id: str
    workspace_id: str
    submission_id: str
    review_id: str | None
    state: CaseState
    because: str
    wishes: Mapping[str, Any]
    kept_at: datetime
    kept_by: str


class Cases:
    """Reads and writes cases of the regression corpus."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def keep(
        self,
        workspace_id: str,
        submission_id: str,
        *,
        because: str,
        review_id: str | None = None,
        wishes: Mapping[str, Any] | None = None,
    ) -> KeptCase:
        """Keep a message as a case; a message is one case, however often it is kept.

        What is kept again is replayed again, and new wishes take the place of the old.
        """
        inserted = await self._unit.connection.execute(
            insert_if_absent(self._unit, cases).values(
                id=self._unit.ids.new("case"),
                workspace_id=workspace_id,
                submission_id=submission_id,
                review_id=review_id,
                state=CaseState.KEPT,
                because=because,
                wishes=dict(wishes or {}),
                kept_at=self._unit.now,
                kept_by=self._unit.actor,
            )
        )
        found = await self._one(
            (cases.c.workspace_id == workspace_id) & (cases.c.submission_id == submission_id)
        )
        assert found is not None
        if inserted.rowcount == 1:
            await self._unit.events.append(
                workspace_id, "case", found.id, "", CaseState.KEPT, reason=because
            )
            return found
        if found.state is CaseState.RETIRED:
            found = await self.move(found, CaseState.KEPT, because)
        if wishes:
            await self._unit.connection.execute(
                sa.update(cases).where(cases.c.id == found.id).values(wishes=dict(wishes))
            )
            return await self.get(workspace_id, found.id)
        return found

    async def get(self, workspace_id: str, id: str) -> KeptCase:
        """Return a case by its id or its submission's; raises `NotFound`."""
        found = await self._one(
            (cases.c.workspace_id == workspace_id)
            & ((cases.c.id == id) | (cases.c.submission_id == id))
        )
        if found is None:
            raise NotFound.of(f"case {id}")
        return found

    async def page(
        self, workspace_id: str, *, all_: bool = False, after: str = "", limit: int = 100
    ) -> list[KeptCase]:
        """Return cases, oldest first, from the id `after` on; retired ones only with `all_`."""
        query = sa.select(cases).where(cases.c.workspace_id == workspace_id, cases.c.id > after)
        if not all_:
            query = query.where(cases.c.state == CaseState.KEPT)
        rows = await self._unit.connection.execute(query.order_by(cases.c.id).limit(limit))
        return [_case(row) for row in rows]

    async def move(self, case: KeptCase, to: CaseState, reason: str) -> KeptCase:
        """Take a case out of the corpus or back into it; raises `TransitionNotAllowed`."""
        check_transition("case", case.id, case.state, to)
        result = await self._unit.connection.execute(
            sa.update(cases)
            .where(cases.c.id == case.id, cases.c.state == case.state)
            .values(state=to)
        )
        if result.rowcount != 1:
            raise Conflict(f"Case {case.id} has changed in the meantime.")
        await self._unit.events.append(
            case.workspace_id, "case", case.id, case.state, to, reason=reason
        )
        return await self.get(case.workspace_id, case.id)

    async def _one(self, condition: sa.ColumnElement[bool]) -> KeptCase | None:
        rows = await self._unit.connection.execute(sa.select(cases).where(condition))
        row = rows.one_or_none()
        return _case(row) if row else None


def _case(row: Any) -> KeptCase:
    values = dict(row._mapping)
    values["state"] = CaseState(values["state"])
    return KeptCase(**values)
