"""Rate budgets as arithmetic: how full a bucket is, what it still gives, when it opens again.

A window slides: it is cut into slices, and what was taken in a slice counts until the whole slice
is older than the window. So no window of `seconds` ever holds more than `calls`, whatever the order
of calls, and the state stays small. Tokens are taken in lumps that are good until their slice ends:
a lump that is lost with its process counts as spent, no longer than a call would.

Pure: the time is passed in, aware UTC throughout.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from copydesk.platforms.kit.pace import Pace

#: Into how many slices a window is cut. More slices open sooner and take more room in the row.
SLICES: Final = 60

#: A limit that the platform's headers raise is believed up to so many times the manifest's.
BELIEVED: Final = 10

#: Lumps of a bucket that many accounts share hold what the pace gives in so many seconds, and are
#: good for `SHARED_LIFE`: so long may another process not know yet that the platform closed.
SHARED_LUMP: Final = 0.5
SHARED_LIFE: Final = timedelta(seconds=1)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """How full a bucket is.

    `spent` maps a slice's number to the tokens taken in it. `limit` is the platform's own limit as
    its headers last said. `withheld` tokens are gone until `withheld_until` because the platform
    counted more calls than we made.
    """

    spent: Mapping[int, int] = field(default_factory=dict)
    limit: int | None = None
    withheld: int = 0
    withheld_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a platform's answer says about a bucket: its limit, what is left, until when."""

    limit: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a window: its number, and the end before which its tokens are good."""

    number: int
    ends: datetime


def slice_at(pace: Pace, now: datetime) -> Slice:
    """Return the slice that `now` lies in; of a daily cap that resets, the whole day."""
    if pace.resets:
        zone = ZoneInfo(pace.resets)
        today = now.astimezone(zone).date()
        tomorrow = datetime.combine(today + timedelta(days=1), time(), zone)
        return Slice(today.toordinal(), tomorrow.astimezone(UTC))
    number = _microseconds(now) // _width(pace)
    return Slice(number, _EPOCH + (number + 1) * _width(pace) * _MICROSECOND)


def allowed(pace: Pace, fill: Fill) -> int:
    """Return how many tokens a window holds: the lower of the manifest's and the platform's."""
    if fill.limit is None:
        return pace.calls
    return min(fill.limit, pace.calls * BELIEVED) if pace.learned else min(fill.limit, pace.calls)


def used(pace: Pace, fill: Fill, now: datetime) -> int:
    """Return how many tokens of the window that ends `now` are taken."""
    return sum(tokens for _, tokens in _counting(pace, fill, now))


def room(pace: Pace, fill: Fill, now: datetime) -> int:
    """Return how many tokens may be taken now."""
    return max(0, allowed(pace, fill) - used(pace, fill, now) - _withheld(fill, now))


def opens_at(pace: Pace, fill: Fill, now: datetime, cost: int = 1) -> datetime:
    """Return when `cost` tokens can be had, `now` if at once."""
    missing = min(cost, allowed(pace, fill)) - room(pace, fill, now)
    if missing <= 0:
        return now
    ends = [(_leaves(pace, number), tokens) for number, tokens in _counting(pace, fill, now)]
    if held := _withheld(fill, now):
        assert fill.withheld_until is not None
        ends.append((fill.withheld_until, held))
    # what is over the limit has to leave before anything is won
    missing = min(cost, allowed(pace, fill)) + sum(t for _, t in ends) - allowed(pace, fill)
    for moment, tokens in sorted(ends):
        missing -= tokens
        if missing <= 0:
            return moment
    return now + timedelta(seconds=pace.seconds)


def resets_at(pace: Pace, fill: Fill, now: datetime) -> datetime | None:
    """Return when the last of what is taken will have left; None for an empty bucket."""
    leaving = [_leaves(pace, number) for number, _ in _counting(pace, fill, now)]
    if _withheld(fill, now) and fill.withheld_until:
        leaving.append(fill.withheld_until)
    return max(leaving, default=None)


def take(pace: Pace, fill: Fill, tokens: int, now: datetime) -> Fill:
    """Return the bucket with `tokens` more taken now, and without what has left the window."""
    number = slice_at(pace, now).number
    spent = dict(_counting(pace, fill, now))
    spent[number] = spent.get(number, 0) + tokens
    return replace(fill, spent=spent)


def give_back(fill: Fill, number: int, tokens: int) -> Fill:
    """Return the bucket with `tokens` that were taken in slice `number` and never used put back."""
    if number not in fill.spent:
        return fill
    left = max(0, fill.spent[number] - tokens)
    spent = {**fill.spent, number: left} if left else {**fill.spent}
    if not left:
        del spent[number]
    return replace(fill, spent=spent)


def hear(pace: Pace, fill: Fill, heard: Heard, now: datetime) -> Fill:
    """Return the bucket after an answer that told how much is left: the lower of both counts.

    Answers that overtake each other do no harm: within a window only the lowest counts.
    """
    if heard.limit is not None and heard.limit > 0:
        fill = replace(fill, limit=heard.limit)
    if heard.remaining is None:
        return fill
    ours = allowed(pace, fill) - used(pace, fill, now)
    until = now + timedelta(seconds=pace.seconds)
    if heard.resets_at is not None:
        until = min(heard.resets_at, until)
    # calls that others made in lumps of their own are in neither number twice: ours is lower then
    withheld = max(0, ours - max(0, heard.remaining), _withheld(fill, now))
    if not withheld or until <= now:
        return fill
    return replace(fill, withheld=withheld, withheld_until=until)


def lump(pace: Pace, fill: Fill, cost: int, now: datetime) -> tuple[int, datetime]:
    """Return how many tokens to take at once for calls that cost `cost`, and until when they are
    good; 0 when the bucket does not give that much now."""
    left = room(pace, fill, now)
    needed = min(cost, allowed(pace, fill))
    if left < needed:
        return 0, now
    ends = slice_at(pace, now).ends
    if pace.scope == "app":
        share = math.ceil(pace.calls / pace.seconds * SHARED_LUMP)
        return min(left, max(needed, share)), min(ends, now + SHARED_LIFE)
    return min(left, max(needed, math.ceil(pace.calls / 10))), ends


# -- as stored ------------------------------------------------------------------------------------


def to_stored(fill: Fill) -> dict[str, Any]:
    """Return a bucket's state as JSON data."""
    return {
        "spent": {str(number): tokens for number, tokens in sorted(fill.spent.items())},
        "limit": fill.limit,
        "withheld": fill.withheld,
        "withheld_until": fill.withheld_until.isoformat() if fill.withheld_until else None,
    }


def from_stored(data: Mapping[str, Any]) -> Fill:
    """Return the state that `to_stored` gave as data; an empty bucket for none."""
    until = data.get("withheld_until")
    return Fill(
        spent={int(number): int(tokens) for number, tokens in data.get("spent", {}).items()},
        limit=data.get("limit"),
        withheld=int(data.get("withheld", 0)),
        withheld_until=datetime.fromisoformat(until) if until else None,
    )


def _counting(pace: Pace, fill: Fill, now: datetime) -> Iterator[tuple[int, int]]:
    for number, tokens in fill.spent.items():
        if _leaves(pace, number) > now:
            yield number, tokens


def _leaves(pace: Pace, number: int) -> datetime:
    if pace.resets:
        midnight = datetime.combine(
            date.fromordinal(number) + timedelta(days=1), time(), ZoneInfo(pace.resets)
        )
        return midnight.astimezone(UTC)
    return _EPOCH + (number + 1) * _width(pace) * _MICROSECOND + timedelta(seconds=pace.seconds)


def _withheld(fill: Fill, now: datetime) -> int:
    return fill.withheld if fill.withheld_until and fill.withheld_until > now else 0


def _width(pace: Pace) -> int:
    return pace.seconds * 1_000_000 // SLICES


def _microseconds(now: datetime) -> int:
    return (now - _EPOCH) // _MICROSECOND
