"""Streams that are watched, where their detectors stand, and alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.drift import Alarm, Stream, Watched
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import AlarmState, SubmissionState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import alarms, segments, streams, submissions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_AT_ONCE: Final = 500

# built once: every draft asks
_OPEN_ABOUT = (
    sa.select(alarms)
    .where(
        alarms.c.workspace_id == sa.bindparam("workspace"),
        alarms.c.state == AlarmState.OPENED,
        alarms.c.watched != Watched.INPUT,
        (alarms.c.channel == sa.bindparam("channel")) | (alarms.c.channel == ""),
        (alarms.c.language == sa.bindparam("language")) | (alarms.c.language == ""),
    )
    .order_by(alarms.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that came in: the author's own text, its channel, and its BCP 47 language tag."""

    channel: str
    language: str
    text: str


class Drift:
    """Reads and writes streams and alarms."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def locked(self, ids: Sequence[str]) -> dict[str, Stream]:
        """Return the streams of these ids that exist, locked until the unit of work ends."""
        rows = await self._unit.connection.execute(
            sa.select(streams)
            .where(streams.c.id.in_(list(ids)))
            .order_by(streams.c.id)
            .with_for_update(key_share=True)
        )
        return {row.id: _stream(row) for row in rows}

    async def put(self, stream: Stream) -> None:
        """Store where a stream's detector stands."""
        values = {
            "id": stream.id,
            "workspace_id": stream.workspace_id,
            "watched": stream.watched,
            "channel": stream.channel,
            "language": stream.language,
            "prompt_version": stream.prompt_version,
            "model": stream.model,
            "checks": stream.checks,
            "numbers": dict(stream.numbers),
            "items": stream.items,
            "changed_at": self._unit.now,
        }
        result = await self._unit.connection.execute(
            sa.update(streams).where(streams.c.id == stream.id).values(values)
        )
        if not result.rowcount:
            await self._unit.connection.execute(
                insert_if_absent(self._unit, streams).values(values)
            )

    async def forget(self, stream_id: str) -> None:
        """Let the detector of a stream begin anew; nothing where there is none."""
        await self._unit.connection.execute(
            sa.update(streams).where(streams.c.id == stream_id).values(numbers={}, items=0)
        )

    async def streams(self, workspace_id: str, limit: int = 200) -> list[Stream]:
        """Return the streams of a workspace, those that something came to last first."""
        rows = await self._unit.connection.execute(
            sa.select(streams)
            .where(streams.c.workspace_id == workspace_id, streams.c.watched != Watched.INPUT)
            .order_by(streams.c.changed_at.desc(), streams.c.id)
            .limit(limit)
        )
        return [_stream(row) for row in rows]

    # -- what comes in ----------------------------------------------------------------------------

    async def plan_comparison(self, workspace_id: str) -> None:
        """See to it that a workspace's texts are compared from now on; the first time in a week."""
        await self._unit.connection.execute(
            insert_if_absent(self._unit, streams).values(
                id=_comparison(workspace_id).id,
                workspace_id=workspace_id,
                watched=Watched.INPUT,
                channel="",
                language="",
                prompt_version="",
                model="",
                checks="",
                numbers={},
                items=0,
                changed_at=self._unit.now,
            )
        )

    async def comparisons_due(self, before: datetime) -> list[str]:
        """Return the workspaces whose texts were compared last before `before` (aware UTC)."""
        rows = await self._unit.connection.execute(
            sa.select(streams.c.workspace_id).where(
                streams.c.watched == Watched.INPUT,
                streams.c.channel == "",
                streams.c.changed_at <= before,
            )
        )
        return [row.workspace_id for row in rows]

    async def claim_comparison(self, workspace_id: str, every: timedelta) -> bool:
        """Take the comparison of a workspace that is due; tells whether it was still there."""
        result = await self._unit.connection.execute(
            sa.update(streams)
            .where(
                streams.c.id == _comparison(workspace_id).id,
                streams.c.changed_at <= self._unit.now - every,
            )
            .values(changed_at=self._unit.now, items=streams.c["items"] + 1)
        )
        return result.rowcount == 1

    async def incoming(
        self, workspace_id: str, since: datetime, until: datetime, limit: int
    ) -> list[Incoming]:
        """Return what came in from `since` until before `until` (aware UTC), newest first."""
        rows = await self._unit.connection.execute(
            sa.select(submissions.c.id, submissions.c.source, submissions.c.parsed)
            .where(
                submissions.c.workspace_id == workspace_id,
                submissions.c.received_at >= since,
                submissions.c.received_at < until,
                submissions.c.state == SubmissionState.COMPOSED,
            )
            .order_by(submissions.c.id.desc())
            .limit(limit)
        )
        found = {row.id: row for row in rows}
        texts: dict[str, list[str]] = {id: [] for id in found}
        for ids in batched(found, _AT_ONCE):
            kept = await self._unit.connection.execute(
                sa.select(segments.c.submission_id, segments.c.start, segments.c.end)
                .where(segments.c.submission_id.in_(ids), segments.c.dropped_because == "")
                .order_by(segments.c.submission_id, segments.c.position)
            )
            for row in kept:
                whole = found[row.submission_id].parsed["text"]
                texts[row.submission_id].append(whole[row.start : row.end])
        return [
            Incoming(
                channel=row.source or "",
                language=row.parsed["language"],
                text="".join(texts[id]),
            )
            for id, row in found.items()
        ]

    # -- alarms -----------------------------------------------------------------------------------

    async def raise_alarm(
        self, stream: Stream, message: str, numbers: Mapping[str, float | None]
    ) -> str:
        """Open an alarm about a stream and return its id, "" when one is open already."""
        id = self._unit.ids.new("alarm")
        result = await self._unit.connection.execute(
            insert_if_absent(self._unit, alarms).values(
                id=id,
                workspace_id=stream.workspace_id,
                watched=stream.watched,
                stream_id=stream.id,
                channel=stream.channel,
                language=stream.language,
                prompt_version=stream.prompt_version,
                model=stream.model,
                state=AlarmState.OPENED,
                message=message,
                numbers=dict(numbers),
                opened_at=self._unit.now,
            )
        )
        if result.rowcount != 1:
            return ""
        await self._unit.events.append(
            stream.workspace_id, "alarm", id, "", AlarmState.OPENED, reason=message
        )
        return id

    async def alarm(self, workspace_id: str, id: str) -> Alarm:
        """Return an alarm; raises `NotFound`."""
        rows = await self._unit.connection.execute(
            sa.select(alarms).where(alarms.c.workspace_id == workspace_id, alarms.c.id == id)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"alarm {id}")
        return _alarm(row)

    async def alarms(
        self, workspace_id: str, *, state: AlarmState | None = None, limit: int = 100
    ) -> list[Alarm]:
        """Return alarms, newest first; `state` narrows."""
        query = sa.select(alarms).where(alarms.c.workspace_id == workspace_id)
        if state is not None:
            query = query.where(alarms.c.state == state)
        rows = await self._unit.connection.execute(query.order_by(alarms.c.id.desc()).limit(limit))
        return [_alarm(row) for row in rows]

    async def open_about(self, workspace_id: str, channel: str, language: str) -> list[Alarm]:
        """Return the open alarms that concern items of this channel and language; not warnings."""
        rows = await self._unit.connection.execute(
            _OPEN_ABOUT,
            {"workspace": workspace_id, "channel": channel, "language": language},
        )
        return [_alarm(row) for row in rows]

    async def close(self, alarm: Alarm, reason: str) -> Alarm:
        """Note that the unit's actor has dealt with an alarm.

        Raises `TransitionNotAllowed`, or `Conflict` when somebody did meanwhile.
        """
        check_transition("alarm", alarm.id, alarm.state, AlarmState.CLOSED)
        result = await self._unit.connection.execute(
            sa.update(alarms)
            .where(alarms.c.id == alarm.id, alarms.c.state == alarm.state)
            .values(
                state=AlarmState.CLOSED,
                closed_at=self._unit.now,
                closed_by=self._unit.actor,
                closed_because=reason,
            )
        )
        if result.rowcount != 1:
            raise Conflict(f"Alarm {alarm.id} was closed in the meantime.")
        await self._unit.events.append(
            alarm.workspace_id, "alarm", alarm.id, alarm.state, AlarmState.CLOSED, reason=reason
        )
        return await self.alarm(alarm.workspace_id, alarm.id)


def _comparison(workspace_id: str) -> Stream:
    """Return the stream whose row says when the texts of a workspace were compared last."""
    return Stream(
        workspace_id=workspace_id,
        watched=Watched.INPUT,
        channel="",
        language="",
        prompt_version="",
        model="",
        checks="",
    )


def batched(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield `ids` in lists of at most `size`: statements take only so many values."""
    rest = iter(ids)
    while batch := list(islice(rest, size)):
        yield batch


def _stream(row: Any) -> Stream:
    values = dict(row._mapping)
    values.pop("id")
    values["watched"] = Watched(values["watched"])
    return Stream(**values)


def _alarm(row: Any) -> Alarm:
    values = dict(row._mapping)
    values["watched"] = Watched(values["watched"])
    values["state"] = AlarmState(values["state"])
    return Alarm(**values)
