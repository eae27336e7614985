"""Circuit breakers: one for each account, and one for each host that accounts of a platform share.

Only who fails has one. While it is open no call is made; then one delivery is let through to see.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import BreakerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A breaker as a row. `host` is "" for the breaker of one account, whose id it then has.

    `failures` counts calls in a row that failed, `failing` names accounts they were made for (at
    most `MANY`), `trips` counts how often in a row it opened. `open_until` (aware UTC) is the end
    of its rest, or of the time the delivery `probe` has to tell how things are.
    """

    id: str
    platform: str
    host: str
    state: BreakerState
    failures: int = 0
    failing: tuple[str, ...] = ()
    trips: int = 0
    open_until: datetime | None = None
    probe: str = ""
    reason: str = ""
    changed_at: datetime | None = None

    @property
    def stands_in_the_way(self) -> bool:
        """Whether calls are stopped, or only one is let through."""
        return self.state is not BreakerState.CLOSED


#: How many failing accounts a breaker remembers; two are enough to open that of their host.
MANY = 5


def host_breaker_id(platform: str, host: str) -> str:
    """Return the id of a host's breaker: deterministic, so that all workers mean the same row."""
    seed = f"{platform}\x1f{host}"
    return f"brk_{hashlib.sha256(seed.encode()).hexdigest()[:32]}"
