"""The warning on the pages of people who wait for work to be done."""

from __future__ import annotations

from copydesk.server.views.frame import Trouble
from copydesk.work.desk import Desk
from copydesk.work.health import measure


async def find_trouble(desk: Desk) -> Trouble | None:
    """Return what keeps work from being done, or None while it is."""
    health = await measure(desk)
    if health.working:
        return None
    return Trouble(
        headline="Nothing is being worked on at the moment. What comes in is kept and waits.",
        problems=tuple(f"{problem[:1].upper()}{problem[1:]}." for problem in health.problems),
    )
