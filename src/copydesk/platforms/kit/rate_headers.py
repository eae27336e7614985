"""What a platform's answer says about its rate limits, in whichever dialect.

Read are `x-ratelimit-*` and its spellings (X, GitHub, Mastodon, Discord, Reddit, Pinterest,
Zendesk, Buttondown, Contentful, Tumblr), the IETF drafts with one field per number, with a combined
field and with structured fields (draft-ietf-httpapi-ratelimit-headers 03 to 10), Bluesky's
`ratelimit-policy`, Shopify's call limit, and the usage percentages of Meta (vendors' pages, checked
2026-11-21). Pure; what cannot be read was not said.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from copydesk.platforms.kit.pace import Pace, Scope, limited_scope
from copydesk.platforms.kit.retry_after import LONGEST_WAIT, Wait, read_reset, read_wait
from copydesk.platforms.kit.transport import Reply

#: Larger numbers are no limit anybody counts to.
_MOST: Final = 10**9

#: Percent of a usage header from which on Meta wants to be left alone; it asks to slow down at 80.
_USED_UP: Final = 95.0

#: Seconds to leave Meta alone when it does not say how long; its percentages count a rolling hour.
_REST: Final = 300.0

_UNSAID: Final = Wait()

_TELLING: Final = re.compile("rate-?limit|usage|call-limit")

_STEMS: Final = ("x-ratelimit", "x-rate-limit", "ratelimit", "x-app-rate-limit")

#: Windows that vendors put into the name (HubSpot, Tumblr, Contentful), with their seconds.
_NAMED: Final = (
    ("x-ratelimit-secondly", 1),
    ("x-ratelimit-second", 1),
    ("x-contentful-ratelimit-second", 1),
    ("x-ratelimit-minute", 60),
    ("x-ratelimit-perhour", 3_600),
    ("x-ratelimit-hour", 3_600),
    ("x-contentful-ratelimit-hour", 3_600),
    ("x-ratelimit-perday", 86_400),
    ("x-ratelimit-daily", 86_400),
    ("x-ratelimit-day", 86_400),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One limit as an answer tells it.

    `limit` calls in `window` seconds, `remaining` of them left, all there again after `resets`.
    `scope` is account, app or endpoint where the platform says so, else "". None: not said.
    """

    limit: int | None = None
    remaining: int | None = None
    resets: Wait = _UNSAID
    window: int | None = None
    scope: Literal["", "account", "app", "endpoint"] = ""


def read_rates(headers: Mapping[str, str]) -> tuple[Rate, ...]:
    """Return the limits that `headers` (lower-case names) tell, the tightest first.

    Never raises.
    """
    if not any(map(_tells, headers)):
        return ()  # most answers say nothing; looking for every dialect costs more than a look
    found = [rate for rate in _all(headers) if rate != Rate()]
    return tuple(sorted(found, key=_tightness))


def is_limited(reply: Reply) -> bool:
    """Return whether `reply` refuses a call for its rate: 429, a 403 that is about the rate
    (GitHub), or a 503 that names a time (GoToSocial throttles with it)."""
    if reply.status == 429:
        return True
    if reply.status == 403:
        return (
            "retry-after" in reply.headers
            or _count(reply.headers.get("x-ratelimit-remaining", "")) == 0
        )
    return reply.status == 503 and "retry-after" in reply.headers


def asked_wait(headers: Mapping[str, str], rates: tuple[Rate, ...]) -> Wait:
    """Return how long a refused call has to wait: `Retry-After`, else the reset of what is used up.

    `Wait()` when neither is told.
    """
    asked = read_reset(headers.get("retry-after", ""), headers.get("date", ""))
    if asked != Wait():
        return asked
    used_up = [rate.resets for rate in rates if rate.remaining == 0 and rate.resets != Wait()]
    return used_up[0] if used_up else read_wait(headers)


def closed_scope(paces: Sequence[Pace], method: str, url: str, rates: Sequence[Rate]) -> Scope:
    """Return what the refusal of a call closes: what the platform names, else what the manifest's
    `paces` tell about the call. `rates` are those of the answer, the tightest first."""
    tightest = rates[0] if rates else Rate()
    if tightest.scope:
        return tightest.scope
    return limited_scope(paces, method, url, tightest.limit)


@lru_cache(maxsize=1024)
def _tells(name: str) -> bool:
    return _TELLING.search(name) is not None


def _all(headers: Mapping[str, str]) -> Iterator[Rate]:
    yield from _structured(headers)
    for stem, window in (*((stem, None) for stem in _STEMS), *_NAMED):
        if f"{stem}-remaining" in headers or f"{stem}-limit" in headers or stem in headers:
            yield _plain(headers, stem, window or _window_of(headers, stem))
    yield _shopify(headers)
    yield from _meta(headers)


# -- one field per number -------------------------------------------------------------------------


def _plain(headers: Mapping[str, str], stem: str, window: int | None) -> Rate:
    limit = _count(_first(headers.get(f"{stem}-limit") or headers.get(stem, "")))
    remaining = _count(headers.get(f"{stem}-remaining", ""))
    if limit is None and remaining is not None:
        # Reddit tells what was used instead of what there is, both as decimals
        spent = _count(headers.get(f"{stem}-used", ""))
        limit = spent + remaining if spent is not None else None
    if limit is None and remaining is None:
        return Rate()
    # Discord tells the rest in seconds too, which needs no agreement of clocks
    reset = headers.get(f"{stem}-reset-after") or headers.get(f"{stem}-reset", "")
    return Rate(
        limit=limit,
        remaining=remaining,
        resets=read_reset(reset, headers.get("date", "")),
        window=window,
        scope=_scope(headers, stem),
    )


def _scope(headers: Mapping[str, str], stem: str) -> Literal["", "account", "app", "endpoint"]:
    # Discord: user and global count for the bot, shared for the resource
    if headers.get(f"{stem}-global", "").lower() == "true":
        return "app"
    match headers.get(f"{stem}-scope", "").lower():
        case "global":
            return "app"
        case "user":
            return "endpoint" if f"{stem}-bucket" in headers else "account"
        case "shared":
            return "endpoint"
        case _:
            return "endpoint" if f"{stem}-bucket" in headers else ""


def _window_of(headers: Mapping[str, str], stem: str) -> int | None:
    # `100, 100;w=60` (draft 03 to 05) or `RateLimit-Policy: 3000;w=300` (Bluesky)
    for text in (headers.get(f"{stem}-policy", ""), headers.get(f"{stem}-limit", "")):
        if match := re.search(r";\s*w(?:indow)?=(\d{1,9})\b", text):
            return int(match[1]) or None
    return None


# -- structured fields (draft 07 on) --------------------------------------------------------------


def _structured(headers: Mapping[str, str]) -> Iterator[Rate]:
    text = headers.get("ratelimit", "")
    if not text or "=" not in text:
        return
    policies = dict(_items(headers.get("ratelimit-policy", "")))
    if re.match(r"\s*limit\s*=", text):
        # draft 06: `limit=100, remaining=50, reset=5`
        pairs = dict(re.findall(r"(\w+)\s*=\s*([\d.]+)", text[:1000]))
        yield _from_parameters(
            {
                "q": pairs.get("limit", ""),
                "r": pairs.get("remaining", ""),
                "t": pairs.get("reset", ""),
            }
        )
        return
    for name, parameters in _items(text):
        yield _from_parameters({**policies.get(name, {}), **parameters})


def _items(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for item in text[:2000].split(",")[:20]:
        name, *parameters = (part.strip() for part in item.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        yield name.strip('"'), {key.strip(): value.strip(' "') for key, _, value in pairs}


def _from_parameters(parameters: Mapping[str, str]) -> Rate:
    # `"default";r=50;t=30` with the policy `"default";q=100;w=60`
    limit, remaining = _count(parameters.get("q", "")), _count(parameters.get("r", ""))
    if limit is None and remaining is None:
        return Rate()
    seconds = _number(parameters.get("t", ""))
    return Rate(
        limit=limit,
        remaining=remaining,
        resets=Wait() if seconds is None else Wait(seconds=min(max(seconds, 0.0), LONGEST_WAIT)),
        window=_count(parameters.get("w", "")) or None,
    )


# -- others ---------------------------------------------------------------------------------------


def _shopify(headers: Mapping[str, str]) -> Rate:
    # `x-shopify-shop-api-call-limit: 32/40`
    spent, slash, most = headers.get("x-shopify-shop-api-call-limit", "").partition("/")
    used, limit = _count(spent), _count(most)
    if not slash or used is None or limit is None:
        return Rate()
    return Rate(limit=limit, remaining=max(0, limit - used))


def _meta(headers: Mapping[str, str]) -> Iterator[Rate]:
    # percent of an allowance whose size is not told; the wait is in minutes
    app = _object(headers.get("x-app-usage", ""))
    if app:
        yield _usage(app, "app")
    business = _object(headers.get("x-business-use-case-usage", ""))
    for entries in business.values():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield _usage(entry, "account")


def _usage(usage: Mapping[str, Any], scope: Literal["app", "account"]) -> Rate:
    keys = ("call_count", "total_cputime", "total_time")
    percent = [number for key in keys if (number := _number(usage.get(key))) is not None]
    if not percent:
        return Rate()
    seconds = max(0.0, _number(usage.get("estimated_time_to_regain_access")) or 0.0) * 60
    if max(percent) < _USED_UP and not seconds:
        return Rate()
    return Rate(remaining=0, resets=Wait(seconds=min(seconds or _REST, LONGEST_WAIT)), scope=scope)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# -- numbers --------------------------------------------------------------------------------------


def _tightness(rate: Rate) -> tuple[float, float]:
    if rate.remaining is None:
        return math.inf, rate.limit or math.inf
    return rate.remaining / rate.limit if rate.limit else rate.remaining, rate.remaining


def _first(text: str) -> str:
    return re.split(r"[,;]", text, maxsplit=1)[0]


def _count(text: str) -> int | None:
    number = _number(text)
    return int(number) if number is not None and 0 <= number <= _MOST else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
