"""Submissions with their segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import SubmissionState, check_transition
from copydesk.core.submission import (
    Attachment,
    Doubt,
    ParsedMessage,
    Segment,
    Source,
    Submission,
    ThreadRef,
)
from copydesk.store.codec import as_kept, from_json, to_json
from copydesk.store.tables import segments, submissions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_SEGMENTS = tuple[Segment, ...]

# built once: putting a statement together costs more than running it
_GET = sa.select(submissions).where(submissions.c.id == sa.bindparam("of"))
_FIND = sa.select(submissions).where(
    submissions.c.workspace_id == sa.bindparam("workspace"),
    submissions.c.source_key == sa.bindparam("key"),
)
_TILES = (
    sa.select(segments)
    .where(segments.c.submission_id == sa.bindparam("of"))
    .order_by(segments.c.position)
)
_PARSED = sa.select(submissions.c.parsed).where(submissions.c.id == sa.bindparam("of"))
_ADD = sa.insert(submissions)
_MOVE = sa.update(submissions).where(
    submissions.c.id == sa.bindparam("of"), submissions.c.state == sa.bindparam("from_state")
)
_BEGIN_TRY = _MOVE.where(submissions.c.attempts == sa.bindparam("tried"))
_ADD_TILES = sa.insert(segments)
_DROP_TILES = sa.delete(segments).where(segments.c.submission_id == sa.bindparam("of"))


class Submissions:
    """Reads and writes submissions and segments."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def find_by_key(self, workspace_id: str, source_key: str) -> Submission | None:
        """Return the submission with this source key, or None."""
        rows = await self._unit.connection.execute(
            _FIND, {"workspace": workspace_id, "key": source_key}
        )
        row = rows.one_or_none()
        return submission_of(row) if row else None

    async def add(
        self,
        *,
        workspace_id: str,
        source: Source | None,
        source_key: str,
        filename: str,
        raw_sha256: str,
        size: int,
        parent_id: str | None = None,
    ) -> Submission:
        """Add a received submission and leave word that it wants composing."""
        now = self._unit.now
        id = self._unit.ids.new("submission")
        await self._unit.connection.execute(
            _ADD,
            {
                "id": id,
                "workspace_id": workspace_id,
                "source": source,
                "source_key": source_key,
                "filename": filename,
                "raw_sha256": raw_sha256,
                "size": size,
                "parent_id": parent_id,
                "state": SubmissionState.RECEIVED,
                "received_at": now,
                "wake_at": now,
            },
        )
        await self._unit.events.append(
            workspace_id, "submission", id, "", SubmissionState.RECEIVED, reason=filename
        )
        self._unit.hint("compose", id)
        return await self.get(id)

    async def get(self, id: str) -> Submission:
        """Return submission `id` with its segments; raises `NotFound`."""
        rows = await self._unit.connection.execute(_GET, {"of": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"submission {id}")
        if row.parsed is None:
            return submission_of(row)
        tiles = await self._unit.connection.execute(_TILES, {"of": id})
        return submission_of(row, [segment_of(tile) for tile in tiles])

    async def raw(self, submission: Submission) -> bytes:
        """Return the bytes as they came in."""
        return await self._unit.workspaces.load(submission.raw_sha256)

    async def newest(
        self, workspace_id: str, *, state: str = "", before: str = "", limit: int = 50
    ) -> list[Submission]:
        """Return submissions without their segments, newest first; `before` is an id cursor."""
        query = sa.select(submissions).where(submissions.c.workspace_id == workspace_id)
        if state:
            query = query.where(submissions.c.state == state)
        if before:
            query = query.where(submissions.c.id < before)
        rows = await self._unit.connection.execute(
            query.order_by(submissions.c.id.desc()).limit(limit)
        )
        return [submission_of(row) for row in rows]

    async def counts(self, workspace_id: str) -> dict[str, int]:
        """Return how many submissions stand in each state."""
        return await self._counts(submissions.c.workspace_id == workspace_id)

    async def parts(self, parent_id: str) -> list[str]:
        """Return the ids of the submissions unpacked from one, oldest first."""
        rows = await self._unit.connection.scalars(
            sa.select(submissions.c.id)
            .where(submissions.c.parent_id == parent_id)
            .order_by(submissions.c.id)
        )
        return list(rows)

    async def counts_of_parts(self, parent_id: str) -> dict[str, int]:
        """Return how many of the submissions unpacked from one stand in each state."""
        return await self._counts(submissions.c.parent_id == parent_id)

    async def _counts(self, which: sa.ColumnElement[bool]) -> dict[str, int]:
        state = submissions.c.state
        query = sa.select(state, sa.func.count().label("n")).where(which).group_by(state)
        return {row.state: row.n for row in await self._unit.connection.execute(query)}

    async def move(
        self,
        submission: Submission,
        to: SubmissionState,
        *,
        reason: str = "",
        problem: str = "",
        wake_at: datetime | None = None,
        **changes: Any,
    ) -> None:
        """Take a submission to a state; raises `TransitionNotAllowed`, `Conflict` if moved."""
        check_transition("submission", submission.id, submission.state, to)
        changes |= {"state": to, "wake_at": wake_at, "reason": reason, "problem": problem}
        result = await self._unit.connection.execute(
            _MOVE, {"of": submission.id, "from_state": submission.state, **changes}
        )
        if result.rowcount != 1:
            raise Conflict(f"Submission {submission.id} has changed in the meantime.")
        await self._unit.events.append(
            submission.workspace_id,
            "submission",
            submission.id,
            submission.state,
            to,
            reason=reason,
        )

    async def try_again(self, submission: Submission) -> Submission:
        """Take a failed submission back to its beginning and leave word that it wants composing."""
        await self.move(
            submission,
            SubmissionState.RECEIVED,
            reason="given again",
            wake_at=self._unit.now,
            attempts=0,
        )
        self._unit.hint("compose", submission.id)
        return await self.get(submission.id)

    async def begin_try(self, submission: Submission, until: datetime) -> bool:
        """Count a try to compose before it begins, and keep other workers away until `until`.

        Counted first, so that a message that takes its process with it is not tried for ever.
        Returns False when somebody else has begun one meanwhile.
        """
        result = await self._unit.connection.execute(
            _BEGIN_TRY,
            {
                "of": submission.id,
                "from_state": submission.state,
                "tried": submission.attempts,
                "attempts": submission.attempts + 1,
                "wake_at": until,
            },
        )
        return result.rowcount == 1

    async def claim(self, id: str, until: datetime) -> None:
        """Keep other workers away from a submission that is being composed until `until`."""
        await self._unit.connection.execute(
            sa.update(submissions)
            .where(
                submissions.c.id == id,
                submissions.c.state.in_([SubmissionState.RECEIVED, SubmissionState.PARSED]),
            )
            .values(wake_at=until)
        )

    async def end_try(self, id: str, wake_at: datetime, *, counts: bool) -> None:
        """Look at a submission again at `wake_at`; `counts` tells whether the try was its fault."""
        taken_back = {} if counts else {"attempts": submissions.c.attempts - 1}
        await self._unit.connection.execute(
            sa.update(submissions)
            .where(
                submissions.c.id == id,
                submissions.c.state.in_([SubmissionState.RECEIVED, SubmissionState.PARSED]),
            )
            .values(wake_at=wake_at, **taken_back)
        )

    async def wait(self, submission: Submission, until: datetime, reason: str) -> None:
        """Look at a submission again at `until` (aware UTC): it waits for something, and this try
        does not count. A reason that was not told before is an event."""
        await self.end_try(submission.id, until, counts=False)
        if reason == submission.reason:
            return
        await self._unit.connection.execute(
            sa.update(submissions)
            .where(submissions.c.id == submission.id, submissions.c.state == submission.state)
            .values(reason=reason)
        )
        await self._unit.events.append(
            submission.workspace_id,
            "submission",
            submission.id,
            submission.state,
            submission.state,
            reason=f"waits: {reason}",
            data={"until": until.isoformat()},
        )

    async def store_parsed(
        self,
        submission: Submission,
        parsed: ParsedMessage,
        attachments: Sequence[str],
        *,
        reason: str = "",
        wake_at: datetime | None = None,
    ) -> Submission:
        """Take a received submission to `parsed`, and return it as it can be read from now on.

        `attachments` are the blob hashes, in order; `wake_at` is until when (aware UTC) others keep
        away. Raises as `move` does.
        """
        changes: dict[str, Any] = {
            "source": parsed.source,
            "message_id": parsed.thread.message_id,
            "parsed": {
                "text": parsed.text,
                "subject": parsed.subject,
                "author": parsed.author,
                "author_address": parsed.author_address,
                "sent_at": parsed.sent_at.isoformat() if parsed.sent_at else None,
                "language": parsed.language,
                "thread": to_json(ThreadRef, parsed.thread),
                "attachments": [
                    {
                        "filename": attachment.filename,
                        "content_type": attachment.content_type,
                        "content_id": attachment.content_id,
                        "sha256": digest,
                    }
                    for attachment, digest in zip(parsed.attachments, attachments, strict=True)
                ],
                "meta": dict(parsed.meta),
                "notes": list(parsed.notes),
                "doubts": list(parsed.doubts),
            },
        }
        to = SubmissionState.PARSED
        await self.move(submission, to, reason=reason, wake_at=wake_at, **changes)
        if submission.parsed is not None:  # tried once before: what was found then
            await self._unit.connection.execute(_DROP_TILES, {"of": submission.id})
        tiles = to_json(_SEGMENTS, parsed.segments)
        await self._unit.connection.execute(
            _ADD_TILES,
            [
                {"submission_id": submission.id, "position": position, **tile}
                for position, tile in enumerate(tiles)
            ],
        )
        return replace(
            submission,
            state=to,
            source=parsed.source,
            wake_at=wake_at,
            reason=reason,
            problem="",
            parsed=_parsed(
                parsed.source,
                as_kept(changes["parsed"]),
                from_json(_SEGMENTS, as_kept(tiles)),
            ),
        )

    async def attachments(self, submission: Submission) -> list[Attachment]:
        """Return the files that came with a parsed submission, with their bytes."""
        parsed = await self._unit.connection.scalar(_PARSED, {"of": submission.id})
        return [
            Attachment(
                filename=entry["filename"],
                content_type=entry["content_type"],
                content_id=entry["content_id"],
                data=await self._unit.workspaces.load(entry["sha256"]),
            )
            for entry in (parsed or {}).get("attachments", [])
        ]


def segment_of(row: Any) -> Segment:
    """Return the segment a row of its table holds."""
    values = dict(row._mapping)
    values.pop("submission_id")
    values.pop("position")
    segment: Segment = from_json(Segment, values)
    return segment


def submission_of(row: Any, tiles: Sequence[Segment] = ()) -> Submission:
    """Return the submission a row of its table holds, with the segments read beside it."""
    values = row._mapping
    data = values["parsed"]
    return Submission(
        id=values["id"],
        workspace_id=values["workspace_id"],
        source=Source(values["source"]) if values["source"] else None,
        source_key=values["source_key"],
        filename=values["filename"],
        raw_sha256=values["raw_sha256"],
        size=values["size"],
        state=SubmissionState(values["state"]),
        received_at=values["received_at"],
        wake_at=values["wake_at"],
        thread_id=values["thread_id"],
        post_id=values["post_id"],
        parent_id=values["parent_id"],
        problem=values["problem"],
        reason=values["reason"],
        attempts=values["attempts"],
        parsed=None if data is None else _parsed(Source(values["source"]), data, tiles),
    )


def _parsed(source: Source, data: Mapping[str, Any], tiles: Sequence[Segment]) -> ParsedMessage:
    return ParsedMessage(
        source=source,
        text=data["text"],
        segments=tuple(tiles),
        subject=data["subject"],
        author=data["author"],
        author_address=data["author_address"],
        sent_at=datetime.fromisoformat(data["sent_at"]) if data["sent_at"] else None,
        language=data["language"],
        thread=from_json(ThreadRef, data["thread"]),
        meta=data["meta"],
        notes=tuple(Doubt(n) if n in data["doubts"] else n for n in data["notes"]),
    )
