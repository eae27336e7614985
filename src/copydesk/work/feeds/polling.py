"""Polling a feed once: what is new of it becomes submissions, in the same commit as what was seen.

Whoever dies in between leaves the claim, which runs out; what it had committed is known, so no
entry is taken twice and none is passed over.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import structlog

from copydesk.core.errors import Conflict, CopydeskError, InputRefused
from copydesk.core.feed import FollowedFeed, KnownEntry
from copydesk.core.states import FeedState
from copydesk.core.submission import Doubt, Source
from copydesk.intake.bundles import feed_entry_key
from copydesk.intake.feed import Entry, Feed, as_json_feed, read_feed
from copydesk.intake.feed_entries import identify
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk
from copydesk.work.feeds.answers import WHOLE_TIMEOUT, Gone, Read, Trouble, Unchanged, ask
from copydesk.work.feeds.pace import next_poll, next_rest, rest_after_failure
from copydesk.work.feeds.sorting import Sorted, Wanted, sort_entries
from copydesk.work.incoming.submitting import keep

_log = structlog.get_logger(__name__)

#: For so long whoever polls a feed has it, from its last commit on: twice what asking may take.
CLAIM: Final = 2 * WHOLE_TIMEOUT

#: So long a server is believed that nothing has changed; then the whole document is asked for.
BELIEVED: Final = timedelta(days=1)

#: After so many failures in a row an event says so, once.
NOTEWORTHY: Final = 3

_BATCH = 50


class Outcome(StrEnum):
    """What came of a poll."""

    READ = "read"
    UNCHANGED = "unchanged"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What came of a poll: the ids of what was taken in, how many of these were there before with
    other words, and how many entries were left. `because` says why it failed or stopped."""

    outcome: Outcome
    taken: Sequence[str] = ()
    changed: int = 0
    left: int = 0
    because: str = ""


async def poll(desk: Desk, feed_id: str) -> None:
    """Poll a feed if it is due: the job of the sweep. Safe to run twice."""
    async with desk.store.begin("feeds") as unit:
        feed = await unit.feeds.take(feed_id, CLAIM)
    if feed is not None:
        await _poll(desk, feed)


async def poll_now(desk: Desk, feed: FollowedFeed) -> Polled:
    """Poll a feed although it is not due, and return what came of it.

    Raises `Conflict` when it is not followed, or changed by somebody at this moment.
    """
    async with desk.store.begin("feeds") as unit:
        taken = await unit.feeds.take(feed.id, CLAIM, early=True)
    if taken is None:
        raise Conflict(
            f"Feed {feed.id} is {feed.state}, so it is not polled.",
            remedy=f"`copydesk feeds resume {feed.id}` lets it go on.",
        )
    return await _poll(desk, taken)


async def _poll(desk: Desk, feed: FollowedFeed) -> Polled:
    try:
        return await _ask(desk, feed)
    except CopydeskError:
        raise
    except Exception as error:
        # a fault of ours would bring the feed back as soon as the claim is over, for ever
        await _failed(desk, feed, Trouble(problem=f"copydesk could not deal with it: {error!r}"))
        raise


async def _ask(desk: Desk, feed: FollowedFeed) -> Polled:
    now = desk.clock.now()
    believes = feed.read_at is not None and feed.read_at > now - BELIEVED
    answered = await ask(
        desk.private_feeds if feed.allow_private else desk.feeds,
        feed.url,
        etag=feed.etag if believes else "",
        last_modified=feed.last_modified if believes else "",
        allow_private=feed.allow_private,
    )
    match answered:
        case Read():
            try:
                return await _read(desk, feed, answered)
            except InputRefused as refused:
                trouble = Trouble(
                    problem=f"{refused.message} {refused.remedy}".strip(), headers=answered.headers
                )
                return await _failed(desk, feed, trouble)
        case Unchanged():
            async with desk.store.begin("feeds") as unit:
                rest = next_rest(feed.every, feed.rests, answered.headers, _chance(desk))
                wake_at = next_poll(unit.now + rest, feed.skips, _chance(desk))
                await unit.feeds.keep(feed, **_well(wake_at))
            return Polled(outcome=Outcome.UNCHANGED)
        case Gone():
            reason = "its server says that it is gone for good (410)"
            async with desk.store.begin("feeds") as unit:
                await unit.feeds.keep(feed, problem="")
                await unit.feeds.move(feed, FeedState.ENDED, reason)
            _log.warning("feed_ended", feed=feed.id)
            return Polled(outcome=Outcome.ENDED, because=reason)
        case Trouble():
            return await _failed(desk, feed, answered)


async def _failed(desk: Desk, feed: FollowedFeed, trouble: Trouble) -> Polled:
    failures = feed.failures + 1
    rest = rest_after_failure(feed.every, failures, trouble.headers, _chance(desk))
    async with desk.store.begin("feeds") as unit:
        await unit.feeds.keep(
            feed,
            failures=failures,
            failing_since=feed.failing_since or unit.now,
            problem=trouble.problem,
            wake_at=unit.now + rest,
        )
        if failures == NOTEWORTHY:
            await _note(unit, feed, f"failed {failures} times in a row: {trouble.problem}")
    _log.info("feed_failed", feed=feed.id, failures=failures, problem=trouble.problem)
    return Polled(outcome=Outcome.FAILED, because=trouble.problem)


# -- a document that came -------------------------------------------------------------------------


async def _read(desk: Desk, feed: FollowedFeed, answered: Read) -> Polled:
    digest = hashlib.sha256(answered.body).hexdigest()
    if digest == feed.digest and feed.newest is None and feed.since is None:
        async with desk.store.begin("feeds") as unit:
            await _settle(desk, unit, feed, answered, digest=digest, read_at=unit.now)
        return Polled(outcome=Outcome.UNCHANGED)
    document = await asyncio.to_thread(_entries_of, answered.body)
    found = await asyncio.to_thread(identify, document.entries)
    async with desk.store.read() as unit:
        versions = await unit.feeds.versions_of(feed.id, (one.key for one in found))
        alike = await unit.feeds.looking_like(feed.id, (one.fingerprint for one in found))
    entries = sort_entries(feed, found, versions, alike, desk.clock.now())
    if entries.stop_because:
        return await _paused(desk, feed, entries)
    document = replace(document, url=document.url or answered.settled)
    taken = await _take_in(desk, feed, document, entries)
    # one that broke off is asked for again, whole: its end may hold what we have not seen
    is_whole = not any(isinstance(note, Doubt) for note in document.notes)
    notes = [*document.notes]
    if entries.undated:
        notes.append(f"{entries.undated} entries have no date and were left.")
    async with desk.store.begin("feeds") as unit:
        now = unit.now
        await unit.feeds.see(
            feed.id,
            [
                *(
                    KnownEntry(
                        key=one.key, content=one.content, fingerprint=one.fingerprint,
                        submission_id=None, seen_at=now,
                    )
                    for one in entries.leave
                ),
                *(
                    replace(known, key=one.key, content=one.content, seen_at=now)
                    for one, known in entries.renamed
                ),
            ],
        )  # fmt: skip
        await _settle(
            desk,
            unit,
            replace(feed, rests=document.rests, skips=document.skips),
            answered if is_whole else replace(answered, headers=_without_names(answered)),
            title=document.title or feed.title,
            digest=digest if is_whole else "",
            read_at=now,
            rests=document.rests,
            skips=document.skips,
            notice=" ".join(dict.fromkeys(map(str, notes))),
            newest=None,
            since=None,
        )
    return Polled(
        outcome=Outcome.READ,
        taken=taken,
        changed=sum(wanted.earlier is not None for wanted in entries.take),
        left=len(entries.leave),
    )


def _entries_of(body: bytes) -> Feed:
    """Return the feed in `body`; one without entries is whole, too: a publisher has to begin."""
    try:
        return read_feed(body)
    except InputRefused as refused:
        if refused.problem != "no_text":
            raise
        return Feed()


def _without_names(answered: Read) -> dict[str, str]:
    return {
        name: value
        for name, value in answered.headers.items()
        if name not in ("etag", "last-modified")
    }


async def _paused(desk: Desk, feed: FollowedFeed, entries: Sorted) -> Polled:
    async with desk.store.begin("feeds") as unit:
        await unit.feeds.keep(feed, problem="", etag="", last_modified="", digest="")
        await unit.feeds.move(feed, FeedState.PAUSED, entries.stop_because)
    _log.warning("feed_paused", feed=feed.id, reason=entries.stop_because)
    return Polled(outcome=Outcome.PAUSED, because=entries.stop_because)


async def _settle(
    desk: Desk, unit: UnitOfWork, feed: FollowedFeed, answered: Read, **values: object
) -> None:
    """Write down a document that was read, and when the next poll is."""
    headers = answered.headers
    rest = next_rest(feed.every, feed.rests, headers, _chance(desk))
    await unit.feeds.keep(
        feed,
        **_well(next_poll(unit.now + rest, feed.skips, _chance(desk))),
        etag=headers.get("etag", "")[:1000],
        last_modified=headers.get("last-modified", "")[:100],
        **values,
    )
    if answered.settled == feed.url:
        return
    others = await unit.feeds.all(feed.workspace_id)
    twin = next((o for o in others if o.url == answered.settled and o.id != feed.id), None)
    if twin is not None:
        reason = f"it has moved to {answered.settled}, which is followed as {twin.id} already"
        await unit.feeds.move(feed, FeedState.ENDED, reason)
        return
    await unit.feeds.keep(feed, url=answered.settled)
    await _note(unit, feed, f"moved for good from {feed.url} to {answered.settled}")


def _well(wake_at: datetime) -> dict[str, object]:
    return {"failures": 0, "failing_since": None, "problem": "", "wake_at": wake_at}


async def _note(unit: UnitOfWork, feed: FollowedFeed, reason: str) -> None:
    await unit.events.append(
        feed.workspace_id, "feed", feed.id, feed.state, feed.state, reason=reason
    )


def _chance(desk: Desk) -> float:
    source: random.Random = desk.random
    return source.random()


# -- entries --------------------------------------------------------------------------------------


async def _take_in(
    desk: Desk, feed: FollowedFeed, document: Feed, entries: Sorted
) -> tuple[str, ...]:
    """Take in what is wanted, so many in one commit as one holds the database for a moment only."""
    taken: list[str] = []
    for start in range(0, len(entries.take), _BATCH):
        async with desk.store.begin("feeds") as unit:
            wake_at = unit.now + timedelta(seconds=CLAIM)
            await unit.feeds.keep(feed, wake_at=wake_at)
            for wanted in entries.take[start : start + _BATCH]:
                submission_id = await _submit(unit, feed, document, wanted)
                one = wanted.entry
                seen = KnownEntry(
                    key=one.key,
                    content=one.content,
                    fingerprint=one.fingerprint,
                    submission_id=submission_id,
                    seen_at=unit.now,
                )
                await unit.feeds.see(feed.id, [seen])
                taken.append(submission_id)
    return tuple(taken)


async def _submit(unit: UnitOfWork, feed: FollowedFeed, document: Feed, wanted: Wanted) -> str:
    one = wanted.entry
    entry = _marked(one.entry, wanted.earlier) if wanted.earlier else one.entry
    raw = as_json_feed(document, entry)
    digest = hashlib.sha256(raw).hexdigest()
    # as in a file: the same entry from a saved feed is the same item. But another feed may claim
    # this address and id, and what that brought must not stand in the way
    key = feed_entry_key(document, entry)
    known = await unit.submissions.find_by_key(feed.workspace_id, key) if key else None
    if not key or wanted.earlier or (known is not None and known.raw_sha256 != digest):
        key = f"feed:{feed.id}:{one.key}:{one.content}"
    kept = await keep(
        unit,
        feed.workspace_id,
        raw,
        filename=f"{urlsplit(feed.url).hostname or 'feed'}.json",
        source=Source.FEED,
        source_key=key,
        digest=digest,
    )
    return kept.submission.id


def _marked(entry: Entry, earlier: KnownEntry) -> Entry:
    """Return a changed entry with word of the version taken in before, for whoever looks at it."""
    doubt = Doubt(
        f"Its publisher has changed this entry since it was taken in as {earlier.submission_id} "
        f"({earlier.seen_at:%Y-%m-%d %H:%M} UTC). Both are kept: see whether what came of the "
        "earlier one has to be updated or taken back."
    )
    return replace(
        entry,
        notes=(*entry.notes, doubt),
        meta={**entry.meta, "changed since": str(earlier.submission_id)},
    )
