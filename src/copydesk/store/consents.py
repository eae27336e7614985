"""Consent: whose words may teach, and under which licence. What nobody allowed is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.errors import NotFound
from copydesk.store.tables import consents

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One answer. `subject` is a submission's id, `author:ADDRESS`, `channel:NAME` or
    `everything`."""

    workspace_id: str
    subject: str
    allowed: bool
    licence: str
    given_at: datetime
    given_by: str


class Consents:
    """Reads and writes consents."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def give(self, workspace_id: str, subject: str, *, allowed: bool, licence: str) -> None:
        """Record an answer about `subject`; a later one takes its place."""
        values = {
            "allowed": allowed,
            "licence": licence,
            "given_at": self._unit.now,
            "given_by": self._unit.actor,
        }
        changed = await self._unit.connection.execute(
            sa.update(consents)
            .where(consents.c.workspace_id == workspace_id, consents.c.subject == subject)
            .values(values)
        )
        if changed.rowcount == 0:
            await self._unit.connection.execute(
                sa.insert(consents).values(workspace_id=workspace_id, subject=subject, **values)
            )
        await self._unit.events.append(
            workspace_id,
            "consent",
            workspace_id,
            "",
            "allowed" if allowed else "refused",
            reason=licence,
            data={"subject": subject},
        )

    async def withdraw(self, workspace_id: str, subject: str) -> None:
        """Take an answer back, so that what it stood under decides; raises `NotFound`."""
        gone = await self._unit.connection.execute(
            sa.delete(consents).where(
                consents.c.workspace_id == workspace_id, consents.c.subject == subject
            )
        )
        if gone.rowcount == 0:
            raise NotFound(
                f"Nobody has said anything about {subject!r}.",
                remedy="`copydesk consent list` shows what was said.",
            )
        await self._unit.events.append(
            workspace_id, "consent", workspace_id, "", "withdrawn", data={"subject": subject}
        )

    async def about(self, workspace_id: str, subjects: Sequence[str]) -> Consent | None:
        """Return the answer about the first of `subjects` that has one, else None."""
        rows = await self._unit.connection.execute(
            sa.select(consents).where(
                consents.c.workspace_id == workspace_id, consents.c.subject.in_(list(subjects))
            )
        )
        found = {row.subject: Consent(**row._mapping) for row in rows}
        return next((found[subject] for subject in subjects if subject in found), None)

    async def page(self, workspace_id: str, *, after: str = "", limit: int = 200) -> list[Consent]:
        """Return answers in the order of their subjects, from `after` on."""
        rows = await self._unit.connection.execute(
            sa.select(consents)
            .where(consents.c.workspace_id == workspace_id, consents.c.subject > after)
            .order_by(consents.c.subject)
            .limit(limit)
        )
        return [Consent(**row._mapping) for row in rows]
