"""What a receiver's answer means, and when a message is tried again. Pure.

By the recommendations of Standard Webhooks (read 2026-11-22): only 2xx is success, redirects are
not followed, 410 ends it, `Retry-After` is honoured, ten tries over three days.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from copydesk.platforms.kit.clock_watch import disagreement
from copydesk.platforms.kit.retry_after import read_wait
from copydesk.platforms.kit.transport import Reply

#: Seconds between one try and the next.
SCHEDULE: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

#: Each wait is longer by up to this part of itself, so that receivers do not get all at once.
JITTER: Final = 0.2

#: A receiver that asks for a longer rest than this is tried again after it.
LONGEST_REST: Final = timedelta(days=1)

#: So many failures in a row, of whatever messages, and the webhook rests: one message at a time
#: finds out whether it is back.
FAILURES_BEFORE_REST: Final = 3

#: A webhook that has only failed for this long, and so often, is disabled.
PATIENCE: Final = timedelta(days=5)
FAILURES_BEFORE_DISABLING: Final = 5

#: How much of an answer is kept.
KEPT_CHARACTERS: Final = 500

#: What receivers answer to a signature they do not take, one of another time included.
_SIGNATURE_REFUSED: Final = frozenset({400, 401, 403})

_OVERLOADED: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one try: `outcome` is delivered, failed or gone; `status` is None without an
    answer; `rest` is how long the receiver asked to be left alone."""

    outcome: str
    status: int | None = None
    said: str = ""
    rest: timedelta | None = None


def read_answer(reply: Reply, now: datetime) -> Answered:
    """Return what an answer that came `now` (aware) means."""
    said = reply.body[: KEPT_CHARACTERS * 4].decode("utf-8", "replace")[:KEPT_CHARACTERS]
    if 200 <= reply.status < 300:
        return Answered(outcome="delivered", status=reply.status, said=said)
    if reply.status == 410:
        return Answered(outcome="gone", status=410, said=said)
    if 300 <= reply.status < 400 and not said:
        said = f"redirects are not followed: {reply.headers.get('location', '')}"[:KEPT_CHARACTERS]
    if reply.status in _SIGNATURE_REFUSED and (apart := disagreement(reply, now, now)):
        words = f"the clock of this machine is {apart} the receiver's, which may be why; {said}"
        said = words[:KEPT_CHARACTERS]
    rest = _rest(reply, now) if reply.status in _OVERLOADED else None
    return Answered(outcome="failed", status=reply.status, said=said, rest=rest)


def no_answer(reason: str) -> Answered:
    """Return what it means that none came."""
    return Answered(outcome="failed", said=reason[:KEPT_CHARACTERS])


def next_try(attempts: int, now: datetime, chance: random.Random) -> datetime | None:
    """Return when a message that was tried `attempts` times is tried again, or None: no more."""
    if attempts > len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts - 1]
    return now + timedelta(seconds=wait * (1 + JITTER * chance.random()))


def is_hopeless(failures: int, failing_since: datetime | None, now: datetime) -> bool:
    """Tell whether a webhook has failed for so long that nobody can be there any more."""
    return (
        failing_since is not None
        and now - failing_since >= PATIENCE
        and failures >= FAILURES_BEFORE_DISABLING
    )


def _rest(reply: Reply, now: datetime) -> timedelta | None:
    wait = read_wait(reply.headers)
    if wait.seconds is not None:
        asked = timedelta(seconds=wait.seconds)
    elif wait.until is not None:
        asked = wait.until - now
    else:
        return None
    return min(asked, LONGEST_REST) if asked > timedelta() else None
