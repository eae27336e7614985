"""`/v1/feeds`: feeds that are followed; each new entry becomes a submission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from copydesk.core.feed import Changes
from copydesk.core.states import FeedState
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import ADMINS_ONLY, Admin, DeskNow, actor_of
from copydesk.server.owned import own_feed
from copydesk.work.feeds.polling import Outcome, poll_now
from copydesk.work.feeds.subscribing import (
    EVERY,
    FeedStatus,
    change_feed,
    feed_status,
    follow_feed,
    pause_feed,
    remove_feed,
    resume_feed,
)

router = make_router("feeds")

_EXAMPLE = "fed_01kbk7v2e0c4m8s6q1r5t9w3x7"
_SECONDS = int(EVERY.total_seconds())


class FeedOut(BaseModel):
    """One feed and how it is doing."""

    id: str = Field(examples=[_EXAMPLE])
    url: str = Field(examples=["https://example.org/feed.xml"])
    title: str
    state: FeedState
    reason: str = Field(description="why it is paused or ended, in words")
    every_seconds: int = Field(description="how often it is polled, at most", examples=[1800])
    changes: Changes = Field(description="what becomes of entries that change later")
    allow_private: bool = Field(description="whether it may be on a private network")
    created_at: datetime
    polled_at: datetime | None
    next_poll_at: datetime | None
    failures: int = Field(description="polls that failed since the last that did not")
    failing_since: datetime | None
    problem: str = Field(description="what went wrong last, in words")
    notice: str = Field(description="what has to be said about what was read last")
    seen: int = Field(description="versions of entries that were seen")
    taken: int = Field(description="how many of them became submissions")


class Choice(BaseModel):
    """Which of the entries that are there already are taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"newest": 5}]})

    newest: int | None = Field(None, ge=0, le=20_000, description="so many of the newest")
    since: AwareDatetime | None = Field(None, description="those dated from then on")


class FeedIn(Choice):
    """A feed to follow. Without `newest` and `since` its newest entry is taken, and all that come
    later."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"url": "https://example.org/feed.xml", "every_seconds": 3600, "newest": 5}
            ]
        },
    )

    url: str = Field(max_length=2000)
    every_seconds: int = Field(_SECONDS, ge=1, le=10**7)
    changes: Changes = Changes.TAKE
    allow_private: bool = False
    title: str = Field("", max_length=200)


class FeedChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"every_seconds": 21600}]}
    )

    every_seconds: int | None = Field(None, ge=1, le=10**7)
    changes: Changes | None = None


class PauseIn(BaseModel):
    """Why a feed is paused."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "its publisher moves"}]}
    )

    reason: str = Field("", max_length=500)


class PolledOut(BaseModel):
    """What came of a poll."""

    outcome: Outcome
    submission_ids: Sequence[str] = Field(description="what was taken in")
    changed: int = Field(description="how many of these were taken in before with other words")
    left: int = Field(description="entries that were seen and left")
    because: str = Field(description="why it failed, was paused or has ended")


@router.get("")
async def list_feeds(desk: DeskNow) -> list[FeedOut]:
    """List every feed that is followed, paused or has ended, oldest first."""
    async with desk.store.read() as unit:
        return [
            feed_out(await feed_status(unit, feed))
            for feed in await unit.feeds.all(desk.workspace_id)
        ]


@router.post("", status_code=201, responses=CONFLICT, dependencies=REPEATABLE)
async def create_feed(given: FeedIn, desk: DeskNow, asking: Admin) -> FeedOut:
    """Follow a feed: it is polled at once, and from then on."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        feed = await follow_feed(
            unit,
            desk,
            given.url,
            every=timedelta(seconds=given.every_seconds),
            newest=given.newest,
            since=given.since,
            changes=given.changes,
            allow_private=given.allow_private,
            title=given.title,
        )
        return feed_out(await feed_status(unit, feed))


@router.get("/{id}", responses=NOT_FOUND)
async def get_feed(id: str, desk: DeskNow) -> FeedOut:
    """Return one feed and how it is doing."""
    async with desk.store.read() as unit:
        return feed_out(await feed_status(unit, await own_feed(unit, desk, id)))


@router.patch("/{id}", responses={**NOT_FOUND, **CONFLICT})
async def patch_feed(id: str, given: FeedChange, desk: DeskNow, asking: Admin) -> FeedOut:
    """Poll a feed at another pace, or do something else with entries that change."""
    every = None if given.every_seconds is None else timedelta(seconds=given.every_seconds)
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        feed = await own_feed(unit, desk, id)
        feed = await change_feed(unit, feed, every=every, changes=given.changes)
        return feed_out(await feed_status(unit, feed))


@router.post(
    "/{id}/poll",
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[*REPEATABLE, *ADMINS_ONLY],
)
async def poll_feed(id: str, desk: DeskNow) -> PolledOut:
    """Poll a feed now and return what came of it; that may take a minute."""
    async with desk.store.read() as unit:
        feed = await own_feed(unit, desk, id)
    polled = await poll_now(desk, feed)
    return PolledOut(
        outcome=polled.outcome,
        submission_ids=polled.taken,
        changed=polled.changed,
        left=polled.left,
        because=polled.because,
    )


@router.post("/{id}/pause", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def pause(id: str, desk: DeskNow, asking: Admin, given: PauseIn | None = None) -> FeedOut:
    """Do not poll a feed until it is resumed."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        reason = given.reason if given else ""
        feed = await pause_feed(unit, await own_feed(unit, desk, id), reason)
        return feed_out(await feed_status(unit, feed))


@router.post("/{id}/resume", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def resume(id: str, desk: DeskNow, asking: Admin, given: Choice | None = None) -> FeedOut:
    """Poll a paused or ended feed again, at once, with all that came meanwhile or with what is
    chosen."""
    chosen = given or Choice()
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        feed = await own_feed(unit, desk, id)
        feed = await resume_feed(unit, feed, newest=chosen.newest, since=chosen.since)
        return feed_out(await feed_status(unit, feed))


@router.delete("/{id}", status_code=204, responses=NOT_FOUND)
async def delete_feed(id: str, desk: DeskNow, asking: Admin) -> None:
    """Stop following a feed for good; what was taken in stays."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await remove_feed(unit, await own_feed(unit, desk, id))


def feed_out(status: FeedStatus) -> FeedOut:
    """Return a feed as the API shows it."""
    feed = status.feed
    return FeedOut(
        id=feed.id,
        url=feed.url,
        title=feed.title,
        state=feed.state,
        reason=feed.reason,
        every_seconds=int(feed.every.total_seconds()),
        changes=feed.changes,
        allow_private=feed.allow_private,
        created_at=feed.created_at,
        polled_at=feed.polled_at,
        next_poll_at=feed.wake_at,
        failures=feed.failures,
        failing_since=feed.failing_since,
        problem=feed.problem,
        notice=feed.notice,
        seen=status.seen,
        taken=status.taken,
    )
