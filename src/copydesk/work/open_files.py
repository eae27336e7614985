"""How many files and connections a process may have open at once."""

from __future__ import annotations

import resource
from typing import Final

#: As many as couriers, webhooks, feeds and browsers together ever need, with room to spare. The
#: usual soft limit of 1,024 is less than that; when it is met, nothing can be sent or answered.
MANY: Final = 16_384


def allow_many_open_files() -> int:
    """Raise this process's own limit to `MANY`, or as far as the system lets us; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    bounded = MANY if hard == resource.RLIM_INFINITY else min(MANY, hard)
    if soft == resource.RLIM_INFINITY or soft >= bounded:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (bounded, hard))
    return bounded
