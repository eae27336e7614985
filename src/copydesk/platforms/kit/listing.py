"""When a listing proves that something is not in it: read back to before it could have been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def reaches_back(moments: Sequence[datetime], start: datetime) -> bool:
    """Tell whether a page of a listing, newest first, reaches back to before `start`.

    It does when something older stands in it and nothing newer behind that: what is pinned,
    imported or out of order may stand first, and then what is looked for may still come. Times are
    aware.
    """
    older = [moment < start for moment in moments]
    return any(older) and older == sorted(older)
