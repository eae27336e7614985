"""Which entries of a feed are new, changed, known under another id, or left. Pure.

Who an entry is, `intake.feed_entries` says; here it is held against what was seen before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.feed import Changes, FollowedFeed, KnownEntry
from copydesk.intake.feed_entries import Identified

#: So many entries a feed may bring at once; more are a fault of its publisher more often than news.
MOST_AT_ONCE: Final = 50

#: So many versions an entry may have within a day: one with a counter in it has more.
MOST_VERSIONS: Final = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An entry to take in; `earlier` is the version taken in before, None for a new entry."""

    entry: Identified
    earlier: KnownEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The entries of one document, oldest first: to take in, to leave, and those we have under
    another id with the version we have. `stop_because` says why a person has to look first: then
    nothing of it may be taken. `undated` counts those left for want of a date."""

    take: Sequence[Wanted]
    leave: Sequence[Identified]
    renamed: Sequence[tuple[Identified, KnownEntry]]
    stop_because: str = ""
    undated: int = 0


def sort_entries(
    feed: FollowedFeed,
    found: Sequence[Identified],
    versions: Iterable[KnownEntry],
    alike: Iterable[KnownEntry],
    now: datetime,
) -> Sorted:
    """Hold `found`, oldest first, against what was seen of `feed` by `now` (aware UTC).

    `versions` are all seen of entries with these keys, `alike` those with these fingerprints.
    """
    seen: dict[str, list[KnownEntry]] = defaultdict(list)
    for version in versions:
        seen[version.key].append(version)
    known_as = {one.fingerprint: one for one in alike}
    new: list[Wanted] = []
    changed: list[Wanted] = []
    leave: list[Identified] = []
    renamed: list[tuple[Identified, KnownEntry]] = []
    restless = 0
    for one in found:
        before = seen.get(one.key, [])
        if not before:
            known = known_as.get(one.fingerprint)
            if known is None:
                new.append(Wanted(entry=one))
            else:
                renamed.append((one, known))
            continue
        if any(version.content == one.content for version in before):
            continue
        taken = [version for version in before if version.submission_id]
        if not taken or feed.changes is Changes.LEAVE:
            leave.append(one)
            continue
        restless += sum(version.seen_at > now - _DAY for version in before) >= MOST_VERSIONS
        changed.append(Wanted(entry=one, earlier=taken[-1]))
    undated = 0
    if feed.newest is not None or feed.since is not None:
        chosen, undated = _chosen(feed, new)
        leave += [wanted.entry for wanted in new if wanted not in chosen]
        new, count = chosen, len(changed)
    else:
        count = len(new) + len(changed)
    return Sorted(
        take=[*changed, *new],
        leave=leave,
        renamed=renamed,
        stop_because=_too_much(count, restless),
        undated=undated,
    )


def _chosen(feed: FollowedFeed, new: list[Wanted]) -> tuple[list[Wanted], int]:
    """Return those of `new` that were asked for, and how many have no date to tell by."""
    if feed.since is None:
        return new[len(new) - min(feed.newest or 0, len(new)) :], 0
    dated = [one for one in new if one.entry.entry.at is not None]
    asked = [one for one in dated if one.entry.entry.at and one.entry.entry.at >= feed.since]
    return asked, len(new) - len(dated)


def _too_much(count: int, restless: int) -> str:
    if restless:
        return (
            f"{restless} entries have changed more than {MOST_VERSIONS} times within a day; "
            "--changes leave passes over what changes"
        )
    if count > MOST_AT_ONCE:
        return (
            f"{count} entries are new or changed at once, more than {MOST_AT_ONCE}; none was "
            "taken in. --newest N takes so many of them when you resume it"
        )
    return ""
