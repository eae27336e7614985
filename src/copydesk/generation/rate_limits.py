"""How long a model server wants to be left alone, from the headers of its refusal.

`Retry-After` goes first, in seconds or as a date, and OpenAI's finer `retry-after-ms`. Without it
the window of the limit that is used up most: `x-ratelimit-*-requests` and `-tokens` with times such
as `6m0s` or `20ms` (OpenAI, Groq, gateways), `anthropic-ratelimit-requests-*`, `-input-tokens-*`
and so on with times as in RFC 3339 (Anthropic). They tell when all is there again, so it is rather
too long than too short. Ollama sends none of them (vendors' pages, checked 2026-11-22).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import regex

from copydesk.platforms.kit.retry_after import Wait, read_reset, read_wait

#: A longer wait is not believed to the letter: quotas are by the day at most.
LONGEST: Final = 86_400.0

_LIMITS: Final = (
    *((f"x-ratelimit-{{}}-{unit}") for unit in ("requests", "tokens")),
    *(
        f"anthropic-ratelimit-{unit}-{{}}"
        for unit in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
)
_UNITS: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION: Final = regex.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+")
_PIECE: Final = regex.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")


def asked_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how many seconds a server that answered `status` wants no calls.

    `headers` have lower-case names; `now` (aware UTC) is our time, for answers without a `Date`.
    None where it does not say so; at most `LONGEST`. Never raises: what cannot be read was not
    said.
    """
    if status != 429 and status < 500:
        return None
    said = _told(headers, now)
    if said is None and status == 429:
        said = _of_limits(headers, now)
    return min(said, LONGEST) if said else None


def _told(headers: Mapping[str, str], now: datetime) -> float | None:
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return max(0.0, milliseconds / 1000)
    if "retry-after" not in headers:
        return None
    return _seconds(read_wait(headers), now)


def _of_limits(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return when the limit that has least left is whole again."""
    found = sorted(_limits(headers, now), key=lambda limit: limit[0])
    if found:
        return found[0][1]
    # gateways speak of one limit, without its unit
    return _seconds(read_wait(headers), now)


def _limits(headers: Mapping[str, str], now: datetime) -> Iterator[tuple[float, float]]:
    """Yield which share of each limit is left, and in how many seconds all of it is."""
    for name in _LIMITS:
        reset = headers.get(name.format("reset"), "").strip()
        left = _number(headers.get(name.format("remaining"), ""))
        most = _number(headers.get(name.format("limit"), ""))
        if _DURATION.fullmatch(reset):
            seconds: float | None = sum(
                float(number) * _UNITS[unit] for number, unit in _PIECE.findall(reset)
            )
        else:
            seconds = _seconds(read_reset(reset, headers.get("date", "")), now)
        if left is not None and seconds:
            yield left / most if most else left, seconds


def _seconds(wait: Wait, now: datetime) -> float | None:
    if wait.seconds is not None:
        return wait.seconds
    return None if wait.until is None else max(0.0, (wait.until - now).total_seconds())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
