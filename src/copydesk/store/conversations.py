"""The conversations a chat was parted into, and what people said about who answers whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.states import SubmissionState
from copydesk.core.submission import Submission
from copydesk.store.tables import moved_turns, submissions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: How many characters of a conversation tell it from its neighbours.
_FIRST_WORDS = 100
#: How many ids one statement asks for, and how many earlier logs of a chat are looked at.
_ASKED_AT_ONCE = 500
_LOGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another conversation of the same log: how it begins, and where it stands."""

    id: str
    state: SubmissionState
    begins: str


class Conversations:
    """Reads and writes how chats are parted."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def moves(self, log_id: str) -> dict[str, str]:
        """Return what people said of the messages of a log: what each answers, by its id."""
        rows = await self._unit.connection.execute(
            sa.select(moved_turns.c.turn, moved_turns.c.answers).where(
                moved_turns.c.submission_id == log_id
            )
        )
        return {row.turn: row.answers for row in rows}

    async def has_moves(self, workspace_id: str) -> bool:
        """Whether anybody has ever moved a message of a chat in the workspace."""
        some = (
            sa.select(sa.literal(1))
            .select_from(moved_turns.join(submissions))
            .where(submissions.c.workspace_id == workspace_id)
            .limit(1)
        )
        return await self._unit.connection.scalar(some) is not None

    async def logs_with_moves(self, submission: Submission, turns: Sequence[str]) -> list[str]:
        """Return the newest logs before `submission` in which one of `turns` was moved, oldest of
        these first."""
        found: set[str] = set()
        for start in range(0, len(turns), _ASKED_AT_ONCE):
            rows = await self._unit.connection.scalars(
                sa.select(moved_turns.c.submission_id)
                .select_from(moved_turns.join(submissions))
                .where(
                    submissions.c.workspace_id == submission.workspace_id,
                    moved_turns.c.submission_id < submission.id,
                    moved_turns.c.turn.in_(turns[start : start + _ASKED_AT_ONCE]),
                )
                .distinct()
                .order_by(moved_turns.c.submission_id.desc())
                .limit(_LOGS)
            )
            found.update(rows)
        return sorted(found)[-_LOGS:]

    async def move(self, log_id: str, moves: Mapping[str, str]) -> None:
        """Keep what the unit's actor says that messages of a log answer; "" is nothing."""
        for turn, answers in moves.items():
            key = moved_turns.c.submission_id == log_id, moved_turns.c.turn == turn
            await self._unit.connection.execute(sa.delete(moved_turns).where(*key))
            await self._unit.connection.execute(
                sa.insert(moved_turns).values(
                    submission_id=log_id,
                    turn=turn,
                    answers=answers,
                    moved_by=self._unit.actor,
                    moved_at=self._unit.now,
                )
            )

    async def parts(self, log_id: str) -> list[str]:
        """Return the ids of the conversations a log is parted into now, in their order."""
        rows = await self._unit.connection.scalars(
            sa.select(submissions.c.id)
            .where(
                submissions.c.parent_id == log_id,
                submissions.c.state != SubmissionState.REPLACED,
            )
            .order_by(submissions.c.id)
        )
        return list(rows)

    async def neighbours(self, log_id: str, id: str, limit: int) -> list[Neighbour]:
        """Return the conversations of a log that began nearest to `id`, at most `limit` on either
        side, in the order in which they began."""
        place = submissions.c.id
        before = await self._near(log_id, place < id, place.desc(), limit)
        return [*reversed(before), *await self.page(log_id, after=id, limit=limit)]

    async def page(self, log_id: str, *, after: str = "", limit: int) -> list[Neighbour]:
        """Return the conversations of a log behind one of them, in the order of their beginning."""
        place = submissions.c.id
        return await self._near(log_id, place > after, place.asc(), limit)

    async def _near(
        self,
        log_id: str,
        side: sa.ColumnElement[bool],
        order: sa.UnaryExpression[str],
        limit: int,
    ) -> list[Neighbour]:
        rows = await self._unit.connection.execute(
            sa.select(
                submissions.c.id,
                submissions.c.state,
                submissions.c.parsed["text"].as_string().label("text"),
            )
            .where(
                submissions.c.parent_id == log_id,
                submissions.c.state != SubmissionState.REPLACED,
                side,
            )
            .order_by(order)
            .limit(limit)
        )
        return [
            Neighbour(
                id=row.id,
                state=SubmissionState(row.state),
                begins=" ".join((row.text or "")[:_FIRST_WORDS].split()),
            )
            for row in rows
        ]
