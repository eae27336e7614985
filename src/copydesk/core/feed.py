"""Feeds that are followed: looked at again and again, each new entry a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from copydesk.core.states import FeedState


class Changes(StrEnum):
    """What becomes of an entry that its publisher has changed after it was seen."""

    TAKE = "take"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skips:
    """When a publisher wishes not to be asked: `hours` of the day (0..23), `days` of the week
    (0 is Monday), both in UTC."""

    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hours or self.days)

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` (aware UTC) is one of these times."""
        return moment.hour in self.hours or moment.weekday() in self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedFeed:
    """A feed that is polled. `url` is where it is by now, `title` what it calls itself.

    It is looked at every `every`, later when its publisher or its server asks for that, at
    `wake_at`. `newest` and `since` say what the next poll takes of entries it has not seen: so
    many, or those dated from then on; None and None: all. `etag` and `last_modified` are what its
    server called the document read last, `digest` its SHA-256, `read_at` when it was read whole.
    `rests` is how long it asked us to wait between two polls when it was read last, `skips` when
    it wishes no poll at all.
    `problem` says what went wrong last, `notice` what has to be said about what was read;
    `failures` counts polls that failed since the last that did not. `allow_private` lets it be an
    address of the operator's own network. `fence` is of whoever polls it now. Times are aware UTC.
    """

    id: str
    workspace_id: str
    url: str
    title: str
    state: FeedState
    every: timedelta
    changes: Changes
    created_at: datetime
    allow_private: bool = False
    reason: str = ""
    newest: int | None = None
    since: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    read_at: datetime | None = None
    rests: timedelta | None = None
    skips: Skips = Skips()
    polled_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    problem: str = ""
    notice: str = ""
    wake_at: datetime | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """A version of an entry that was seen. `key` is who it is, `content` what it says and
    `fingerprint` what gives it away under another id: all three digests.

    `submission_id` is None for one that was seen and left. `seen_at` is aware UTC.
    """

    key: str
    content: str
    fingerprint: str
    submission_id: str | None
    seen_at: datetime
