"""Series as rows: which posts come round again, where, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from copydesk.core.series import Rule
from copydesk.core.states import SeriesState
from copydesk.core.timetable import LatePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as a row. `sources` are ids of posts and names of further series, taken in turn.

    `planned` counts the occurrences so far; those up to the instant `planned_until` are done with.
    `wake_at` is when the next ones have to be planned, None: never. All instants are aware UTC.
    """

    id: str
    workspace_id: str
    name: str
    state: SeriesState
    rule: Rule
    sources: tuple[str, ...]
    account_ids: tuple[str, ...]
    planned_until: datetime
    created_at: datetime
    late: LatePolicy | None = None
    grace: timedelta | None = None
    planned: int = 0
    wake_at: datetime | None = None
    reason: str = ""
