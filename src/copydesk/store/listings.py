"""Lists for people: rows of several tables joined to what one line of a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.delivery import Delivery
from copydesk.core.errors import NotFound
from copydesk.core.ids import earliest
from copydesk.core.post import Tier
from copydesk.core.states import DeliveryState, PostState, SubmissionState
from copydesk.core.submission import Source
from copydesk.store.deliveries import delivery_of
from copydesk.store.letters import Wanted, narrowed, ways_to
from copydesk.store.slices import Slice, slice_of, sorted_by
from copydesk.store.tables import (
    accounts,
    deliveries,
    feed_entries,
    posts,
    revisions,
    submissions,
    timings,
)

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: By how much the clocks of processes may differ that make deliveries and take steps with them.
_CLOCKS_APART: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """One submission with what became of it; its text stays in the database.

    `tier` and `post_state` are None while there is no post. `parent_id` and `parent` are the id and
    the name of the file it was unpacked from, if any. `received_at` is aware UTC.
    """

    id: str
    state: SubmissionState
    source: Source | None
    filename: str
    size: int
    received_at: datetime
    subject: str
    author: str
    language: str
    problem: str
    reason: str
    post_id: str | None
    post_state: PostState | None
    title: str
    tier: Tier | None
    parent_id: str | None = None
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One delivery with the names of what it delivers and where; `ends_at` (aware UTC) is when the
    account's credential ends for good, None when that is not known."""

    delivery: Delivery
    title: str
    account: str
    platform: str
    changed_at: datetime
    ends_at: datetime | None = None


class Listings:
    """Reads the lists that pages show."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def inbox(
        self,
        workspace_id: str,
        *,
        state: SubmissionState | None = None,
        parent: str = "",
        feed: str = "",
        before: str = "",
        limit: int = 50,
    ) -> Slice[InboxLine]:
        """Return submissions, newest first; `before` is an id cursor, `parent` the id of a file
        that held several messages, `feed` of one that is followed."""
        parsed = submissions.c.parsed
        file = submissions.alias("file")
        query = (
            sa.select(
                submissions.c.id,
                submissions.c.state,
                submissions.c.source,
                submissions.c.filename,
                submissions.c.size,
                submissions.c.received_at,
                submissions.c.problem,
                submissions.c.reason,
                submissions.c.post_id,
                parsed["subject"].as_string().label("subject"),
                parsed["author"].as_string().label("author"),
                parsed["language"].as_string().label("language"),
                posts.c.state.label("post_state"),
                revisions.c.title,
                revisions.c.tier,
                submissions.c.parent_id,
                file.c.filename.label("parent"),
            )
            .join(file, file.c.id == submissions.c.parent_id, isouter=True)
            .join(posts, posts.c.id == submissions.c.post_id, isouter=True)
            .join(revisions, revisions.c.id == posts.c.revision_id, isouter=True)
            .where(submissions.c.workspace_id == workspace_id)
        )
        if state:
            query = query.where(submissions.c.state == state)
        if parent:
            query = query.where(submissions.c.parent_id == parent)
        if feed:
            taken = sa.select(feed_entries.c.submission_id).where(feed_entries.c.feed_id == feed)
            query = query.where(submissions.c.id.in_(taken))
        # what a file held, or a feed brought, is found by an index of its own and has an end
        rows = await slice_of(
            self._unit,
            query,
            submissions.c.id,
            before=before,
            limit=limit,
            ways=() if parent or feed else ((),),
        )
        return rows.each(_inbox_line)

    async def deliveries(
        self, workspace_id: str, wanted: Wanted | None = None, *, before: str = "", limit: int = 50
    ) -> Slice[DeliveryLine]:
        """Return the deliveries that are wanted, newest first; `before` is an id cursor."""
        wanted = wanted or Wanted()
        if (wanted.account or wanted.platform) and not await self._has_account(
            workspace_id, wanted
        ):
            return Slice()
        if wanted.until is not None:
            # nothing comes into a state before it is made
            made = earliest("delivery", wanted.until + _CLOCKS_APART)
            before = min(before, made) if before else made
        query = self._deliveries().where(deliveries.c.workspace_id == workspace_id)
        rows = await slice_of(
            self._unit,
            narrowed(query, wanted),
            deliveries.c.id,
            before=before,
            limit=limit,
            ways=ways_to(workspace_id, wanted),
        )
        return rows.each(_delivery_line)

    async def _has_account(self, workspace_id: str, wanted: Wanted) -> bool:
        query = sa.select(accounts.c.id).where(accounts.c.workspace_id == workspace_id)
        if wanted.account:
            query = query.where(accounts.c.name == wanted.account)
        if wanted.platform:
            query = query.where(accounts.c.platform == wanted.platform)
        return await self._unit.connection.scalar(query.limit(1)) is not None

    async def deliveries_of(self, post_id: str, limit: int = 200) -> list[DeliveryLine]:
        """Return the deliveries of a post, oldest first, at most `limit`."""
        query = self._deliveries().where(deliveries.c.post_id == post_id)
        return await self._lines(query.order_by(sorted_by(deliveries.c.id)).limit(limit))

    async def upcoming(
        self,
        workspace_id: str,
        *,
        account_id: str = "",
        until: datetime | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[DeliveryLine]:
        """Return what will go out, soonest first: of one account or all, up to `until`, behind the
        time and id of `after`."""
        query = self._deliveries().where(
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.wake_at.is_not(None),
            deliveries.c.state.in_([DeliveryState.SCHEDULED, DeliveryState.SNOOZED]),
        )
        if account_id:
            query = query.where(deliveries.c.account_id == account_id)
        if until is not None:
            query = query.where(deliveries.c.wake_at < until)
        if after is not None:
            at, id = after
            query = query.where(
                deliveries.c.wake_at >= at,
                (deliveries.c.wake_at > at) | (deliveries.c.id > id),
            )
        query = query.order_by(deliveries.c.wake_at, deliveries.c.id).limit(limit)
        return await self._lines(query)

    async def timed(
        self, workspace_id: str, *, since: datetime, until: datetime, limit: int
    ) -> list[DeliveryLine]:
        """Return the deliveries that were given a time in a range (aware), whatever their state."""
        query = (
            self._deliveries()
            .join(timings, timings.c.delivery_id == deliveries.c.id)
            .where(
                deliveries.c.workspace_id == workspace_id,
                timings.c.due_at >= since,
                timings.c.due_at < until,
            )
            .order_by(timings.c.due_at, timings.c.delivery_id)
            .limit(limit)
        )
        return await self._lines(query)

    async def delivery(self, id: str) -> DeliveryLine:
        """Return one delivery as a line; raises `NotFound`."""
        found = await self._lines(self._deliveries().where(deliveries.c.id == id))
        if not found:
            raise NotFound.of(f"delivery {id}")
        return found[0]

    def _deliveries(self) -> sa.Select[tuple[object, ...]]:
        return (
            sa.select(
                deliveries,
                revisions.c.title.label("post_title"),
                accounts.c.name.label("account_name"),
                accounts.c.platform.label("account_platform"),
                accounts.c.ends_at.label("account_ends_at"),
            )
            .join(accounts, accounts.c.id == deliveries.c.account_id)
            .join(revisions, revisions.c.id == deliveries.c.revision_id)
        )

    async def _lines(self, query: sa.Select[tuple[object, ...]]) -> list[DeliveryLine]:
        rows = await self._unit.connection.execute(query)
        return [_delivery_line(row) for row in rows]


def _inbox_line(row: sa.Row[Any]) -> InboxLine:
    return InboxLine(
        id=row.id,
        state=SubmissionState(row.state),
        source=Source(row.source) if row.source else None,
        filename=row.filename,
        size=row.size,
        received_at=row.received_at,
        subject=row.subject or "",
        author=row.author or "",
        language=row.language or "",
        problem=row.problem,
        reason=row.reason,
        post_id=row.post_id,
        post_state=PostState(row.post_state) if row.post_state else None,
        title=row.title or "",
        tier=Tier(row.tier) if row.tier else None,
        parent_id=row.parent_id,
        parent=row.parent or "",
    )


def _delivery_line(row: sa.Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        delivery=delivery_of(row),
        title=row.post_title,
        account=row.account_name,
        platform=row.account_platform,
        changed_at=row.changed_at,
        ends_at=row.account_ends_at,
    )
