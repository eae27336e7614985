"""What models answered is evidence, and kept for so many days; what it cost stays.

What a person is still asked about keeps its evidence until that is decided.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: How many calls one transaction takes: others write meanwhile.
BATCH: Final = 500
#: After so long it is looked again whether a review that keeps evidence is decided.
AGAIN: Final = timedelta(days=1)


async def to_prune(desk: Desk, unit: UnitOfWork, now: datetime) -> list[str]:
    """Return the workspace of `desk` if there is evidence older than the settings say."""
    is_due = await unit.model_calls.has_evidence(now - _kept(desk))
    return [desk.workspace_id] if is_due else []


async def prune(desk: Desk) -> None:
    """Delete a batch of evidence that is too old. Safe to run twice; the sweep finds the rest."""
    async with desk.store.begin("pruning") as unit:
        before = unit.now - _kept(desk)
        looked = await unit.model_calls.prune(before, again=before + AGAIN, most=BATCH)
    _log.info("evidence_pruned", calls=looked)


def _kept(desk: Desk) -> timedelta:
    return timedelta(days=desk.settings.model_evidence_days)
