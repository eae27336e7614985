"""Clocks that disagree: what we sign tells our time, and is refused where it is another time.

Such a refusal (401) reads like a credential that is dead; the answer's `Date` header tells that the
credential need not be at fault. While our clock is behind, the account rests, and goes on by itself
once the clock is right. A clock that is ahead needs a person: whatever rests until a time it tells
would rest long after it was put right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.platforms.kit.retry_after import parse_date
from copydesk.platforms.kit.transport import Closed, Reply, Transport

#: How far a signature's time may be off: RFC 5849 leaves it to the server, most take five minutes
#: (assumed), as Standard Webhooks does.
TOLERANCE: Final = timedelta(minutes=5)

#: How long an account rests before it is tried whether the clock is right again.
_REST: Final = timedelta(minutes=5)


class ClocksApart(Closed):
    """The call was refused, most likely for the time in its signature; it had no effect.

    `is_ahead` says that our clock is the one ahead.
    """

    def __init__(self, until: datetime, reason: str, *, is_ahead: bool) -> None:
        super().__init__(until, reason=reason)
        self.is_ahead = is_ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """How far two clocks are apart; `is_ahead` says that ours is the one ahead."""

    by: timedelta
    is_ahead: bool

    def __str__(self) -> str:
        return f"{_in_words(self.by)} {'ahead of' if self.is_ahead else 'behind'}"


def disagreement(
    reply: Reply, sent: datetime, answered: datetime, tolerance: timedelta = TOLERANCE
) -> Apart | None:
    """Return how far our clock and that of `reply` are apart; None within `tolerance`, or where the
    answer does not tell the time.

    The call was made from `sent` to `answered` (aware, our clock): what lies between is no
    difference.
    """
    theirs = parse_date(reply.headers.get("date", ""))
    if theirs is None:
        return None
    if theirs < sent - tolerance:
        return Apart(by=sent - theirs, is_ahead=True)
    if theirs > answered + tolerance:
        return Apart(by=theirs - answered, is_ahead=False)
    return None


class ClockWatch:
    """A transport that tells apart whether a signed call was refused for its time.

    `now` returns our time (aware UTC); `tolerance` is how far the time signed may be off.
    """

    def __init__(
        self,
        transport: Transport,
        now: Callable[[], datetime],
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        self._transport = transport
        self._now = now
        self._tolerance = tolerance

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Make one call; see `Transport.call`. Raises `ClocksApart`."""
        sent = self._now()
        reply = await self._transport.call(method, url, **content)
        if reply.status == 401:
            answered = self._now()
            apart = disagreement(reply, sent, answered, self._tolerance)
            if apart is not None:
                reason = (
                    f"the clock of this machine is {apart} that of {urlsplit(url).hostname},"
                    " which refuses what is signed with such a time; set the clock (NTP)"
                )
                raise ClocksApart(answered + _REST, reason, is_ahead=apart.is_ahead)
        return reply


def _in_words(apart: timedelta) -> str:
    seconds = apart.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
