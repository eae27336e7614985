"""Chats by how they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.states import SubmissionState
from copydesk.core.submission import Submission
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import chats, submissions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


class Chats:
    """Reads and writes how chats begin."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def remember(self, submission: Submission, opening: str) -> None:
        """Remember how a parsed chat begins."""
        await self._unit.connection.execute(
            insert_if_absent(self._unit, chats).values(
                submission_id=submission.id,
                workspace_id=submission.workspace_id,
                opening=opening,
            )
        )

    async def beginning_with(
        self, submission: Submission, opening: str, limit: int = 20
    ) -> list[Submission]:
        """Return the chats before `submission` that begin with `opening`, newest first.

        Only those that are or will be written up: what failed, or was replaced, is had by nobody.
        Conversations of one log are others, however alike they begin.
        """
        rows = await self._unit.connection.scalars(
            sa.select(chats.c.submission_id)
            .join(submissions, submissions.c.id == chats.c.submission_id)
            .where(
                submissions.c.state.in_([SubmissionState.PARSED, SubmissionState.COMPOSED]),
                submissions.c.parent_id.is_distinct_from(submission.parent_id)
                | submissions.c.parent_id.is_(None),
                chats.c.workspace_id == submission.workspace_id,
                chats.c.opening == opening,
                chats.c.submission_id < submission.id,
            )
            .order_by(chats.c.submission_id.desc())
            .limit(limit)
        )
        return [await self._unit.submissions.get(id) for id in rows]
