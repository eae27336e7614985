"""Feeds that are followed: where they are, what was seen of them, and who polls one now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.feed import Changes, FollowedFeed, KnownEntry, Skips
from copydesk.core.states import FeedState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import feed_entries, feeds

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_COLUMNS = [feeds.c[field.name] for field in fields(FollowedFeed)]
_ENTRY_COLUMNS = [feed_entries.c[field.name] for field in fields(KnownEntry)]

#: How many digests one statement asks for: SQLite takes 32,766 parameters, and plans get slow.
_ASKED_AT_ONCE = 500


class Feeds:
    """Reads and writes followed feeds and what was seen in them."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(
        self,
        *,
        workspace_id: str,
        url: str,
        title: str,
        every: timedelta,
        changes: Changes,
        allow_private: bool,
        newest: int | None,
        since: datetime | None,
    ) -> FollowedFeed:
        """Follow a feed from now on: its first poll is due."""
        now = self._unit.now
        id = self._unit.ids.new("feed")
        await self._unit.connection.execute(
            sa.insert(feeds).values(
                id=id,
                workspace_id=workspace_id,
                url=url,
                title=title,
                state=FeedState.FOLLOWED,
                reason="",
                every=int(every.total_seconds()),
                changes=changes,
                allow_private=allow_private,
                newest=newest,
                since=since,
                etag="",
                last_modified="",
                digest="",
                failures=0,
                problem="",
                notice="",
                wake_at=now,
                fence=0,
                created_at=now,
            )
        )
        await self._unit.events.append(workspace_id, "feed", id, "", FeedState.FOLLOWED, reason=url)
        self._unit.hint("poll", id)
        return await self.get(id)

    async def get(self, id: str) -> FollowedFeed:
        """Return feed `id`; raises `NotFound`, for removed ones too."""
        rows = await self._unit.connection.execute(sa.select(*_COLUMNS).where(feeds.c.id == id))
        row = rows.one_or_none()
        if row is None or row.state == FeedState.REMOVED:
            raise NotFound.of(f"feed {id}")
        return _feed(row)

    async def all(self, workspace_id: str) -> list[FollowedFeed]:
        """Return every feed of the workspace that was not removed, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(*_COLUMNS)
            .where(feeds.c.workspace_id == workspace_id, feeds.c.state != FeedState.REMOVED)
            .order_by(feeds.c.id)
        )
        return [_feed(row) for row in rows]

    async def change(self, id: str, **values: Any) -> None:
        """Set columns of a feed on behalf of an operator; whoever polls it now loses the right to:
        that poll was begun under other rules."""
        await self._unit.connection.execute(
            sa.update(feeds)
            .where(feeds.c.id == id)
            .values(fence=feeds.c.fence + 1, **_columns(values))
        )

    async def move(self, feed: FollowedFeed, to: FeedState, reason: str, **values: Any) -> None:
        """Take a feed to a state; raises `TransitionNotAllowed`, `Conflict` if it has moved.

        One that is not followed has no next poll.
        """
        check_transition("feed", feed.id, feed.state, to)
        if to is not FeedState.FOLLOWED:
            values["wake_at"] = None
        moved = await self._unit.connection.execute(
            sa.update(feeds)
            .where(feeds.c.id == feed.id, feeds.c.state == feed.state)
            .values(state=to, reason=reason, fence=feeds.c.fence + 1, **_columns(values))
        )
        if moved.rowcount != 1:
            raise Conflict(f"Feed {feed.id} has changed in the meantime.")
        await self._unit.events.append(
            feed.workspace_id, "feed", feed.id, feed.state, to, reason=reason
        )

    # -- polling ----------------------------------------------------------------------------------

    async def take(self, id: str, seconds: float, *, early: bool = False) -> FollowedFeed | None:
        """Take the right to poll a feed that is due, for `seconds`; `early` takes one that is not.

        None when it is not due, not followed, or another has the right. The claim is its next due
        time, so that a poller that dies is succeeded by the sweep.
        """
        now = self._unit.now
        due = [feeds.c.wake_at <= now] if not early else []
        rows = await self._unit.connection.execute(
            sa.update(feeds)
            .where(feeds.c.id == id, feeds.c.state == FeedState.FOLLOWED, *due)
            .values(
                fence=feeds.c.fence + 1, wake_at=now + timedelta(seconds=seconds), polled_at=now
            )
            .returning(*_COLUMNS)
        )
        row = rows.one_or_none()
        return None if row is None else _feed(row)

    async def keep(self, feed: FollowedFeed, **values: Any) -> None:
        """Write what a poll came to, or that it still goes on.

        Raises `Conflict` when somebody else polls it by now, or an operator has changed it.
        """
        kept = await self._unit.connection.execute(
            sa.update(feeds)
            .where(
                feeds.c.id == feed.id,
                feeds.c.fence == feed.fence,
                feeds.c.state == FeedState.FOLLOWED,
            )
            .values(**_columns(values))
        )
        if kept.rowcount != 1:
            raise Conflict(f"Feed {feed.id} has changed in the meantime.")

    # -- entries ----------------------------------------------------------------------------------

    async def versions_of(self, feed_id: str, keys: Iterable[str]) -> list[KnownEntry]:
        """Return every version that was seen of these entries, oldest first."""
        return await self._entries(feed_id, feed_entries.c.key, sorted(set(keys)))

    async def looking_like(self, feed_id: str, fingerprints: Iterable[str]) -> list[KnownEntry]:
        """Return the entries of a feed with one of these fingerprints, whatever their ids were."""
        return await self._entries(feed_id, feed_entries.c.fingerprint, sorted(set(fingerprints)))

    async def see(self, feed_id: str, entries: Sequence[KnownEntry]) -> None:
        """Remember versions of entries; one that is remembered already stays as it is."""
        if entries:
            await self._unit.connection.execute(
                insert_if_absent(self._unit, feed_entries),
                [
                    {"feed_id": feed_id, **{f.name: getattr(one, f.name) for f in fields(one)}}
                    for one in entries
                ],
            )

    async def counts(self, feed_id: str) -> tuple[int, int]:
        """Return how many versions of entries were seen, and how many of them were taken in."""
        row = (
            await self._unit.connection.execute(
                sa.select(sa.func.count(), sa.func.count(feed_entries.c.submission_id)).where(
                    feed_entries.c.feed_id == feed_id
                )
            )
        ).one()
        return int(row[0]), int(row[1])

    async def _entries(
        self, feed_id: str, column: sa.ColumnElement[str], wanted: Sequence[str]
    ) -> list[KnownEntry]:
        found: list[KnownEntry] = []
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            rows = await self._unit.connection.execute(
                sa.select(*_ENTRY_COLUMNS)
                .where(
                    feed_entries.c.feed_id == feed_id,
                    column.in_(wanted[start : start + _ASKED_AT_ONCE]),
                )
                .order_by(feed_entries.c.seen_at, feed_entries.c.submission_id)
            )
            found += [KnownEntry(**row._mapping) for row in rows]
        return found


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _column(value) for name, value in values.items()}


def _column(value: Any) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Skips):
        return {"hours": sorted(value.hours), "days": sorted(value.days)}
    return value


def _feed(row: Any) -> FollowedFeed:
    values = dict(row._mapping)
    values["state"] = FeedState(values["state"])
    values["changes"] = Changes(values["changes"])
    values["every"] = timedelta(seconds=values["every"])
    if values["rests"] is not None:
        values["rests"] = timedelta(seconds=values["rests"])
    values["skips"] = Skips(
        **{kind: frozenset(numbers) for kind, numbers in values["skips"].items()}
    )
    return FollowedFeed(**values)
