"""Asking for a feed once: redirects followed with care, and what the answer means.

Every address on the way is one that may be called; the way has an end, and the body a size.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply, Transport
from copydesk.work.addresses import check_address

#: Seconds for one call, and for the whole way.
CALL_TIMEOUT: Final = 30.0
WHOLE_TIMEOUT: Final = 60.0

MOST_REDIRECTS: Final = 5

_FOR_GOOD: Final = frozenset({301, 308})
_FOR_NOW: Final = frozenset({302, 303, 307})
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_ALTERNATE = re.compile(
    r"<link\b(?=[^>]{0,500}type=[\"']?application/(?:rss|atom|feed)\+)[^>]{0,500}"
    r"href=[\"']?([^\s\"'>]{1,500})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document came. `settled` is the address the feed has by now: where permanent redirects
    led to, else the one that was asked."""

    body: bytes
    headers: Mapping[str, str]
    settled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Its server says that nothing has changed since it was read last."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Its server says that it is gone and will not come back (410)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """It could not be had, in words; `headers` may say how long to wait."""

    problem: str
    headers: Mapping[str, str] = field(default_factory=dict)


Answered = Read | Unchanged | Gone | Trouble


async def ask(
    transport: Transport,
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow_private: bool = False,
) -> Answered:
    """Ask for the feed at `url`; `etag` and `last_modified` are of the document we have.

    Never raises for what the other side does.
    """
    headers = {"Accept": _ACCEPT}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        async with asyncio.timeout(WHOLE_TIMEOUT):
            return await _follow(transport, url, headers, allow_private)
    except TimeoutError:
        return Trouble(problem=f"it had not come after {WHOLE_TIMEOUT:.0f} seconds")
    except NotSent as error:
        return Trouble(problem=f"its server could not be reached ({error})")
    except AnswerLost as error:
        return Trouble(problem=f"it did not come ({error})")


async def _follow(
    transport: Transport, url: str, headers: Mapping[str, str], allow_private: bool
) -> Answered:
    settled, for_good = url, True
    for _ in range(MOST_REDIRECTS + 1):
        reply = await transport.call("GET", url, headers=headers, timeout=CALL_TIMEOUT)
        if reply.status not in _FOR_GOOD | _FOR_NOW:
            return _meaning(reply, settled, is_conditional=len(headers) > 1)
        target = urljoin(url, reply.headers.get("location", "")) if _location(reply) else ""
        refused = check_address(
            target,
            allow_private=allow_private,
            example="https://example.org/feed.xml",
            without_password="",
        )
        if refused:
            return Trouble(problem=f"it redirects to where we do not go: {refused[0].message}")
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
            return Trouble(
                problem="it redirects from https to http, where anybody could change it; if that "
                "is meant, follow the http address"
            )
        for_good = for_good and reply.status in _FOR_GOOD
        url = target
        settled = url if for_good else settled
    return Trouble(problem=f"it redirects more than {MOST_REDIRECTS} times")


def _location(reply: Reply) -> str:
    return reply.headers.get("location", "").strip()


def _meaning(reply: Reply, settled: str, *, is_conditional: bool) -> Answered:
    status = reply.status
    if status == 304 and is_conditional:
        return Unchanged(headers=reply.headers)
    if status == 410:
        return Gone()
    if status != 200:
        return Trouble(problem=_words_for(status), headers=reply.headers)
    if not reply.is_whole:
        return Trouble(problem=f"it has more than {len(reply.body):,} bytes, which is not read")
    if not reply.body.strip():
        return Trouble(problem="its server sent nothing", headers=reply.headers)
    if problem := _page(reply, settled):
        return Trouble(problem=problem, headers=reply.headers)
    return Read(body=reply.body, headers=reply.headers, settled=settled)


def _words_for(status: int) -> str:
    said = f"its server answered {status}"
    if status in (401, 403):
        return f"{said}: it wants to be asked by somebody it knows"
    if status == 404:
        return f"{said}: there is nothing at this address"
    if status == 429:
        return f"{said}: it wants to be asked less often"
    return said


def _page(reply: Reply, url: str) -> str:
    """Return what is wrong where a page came instead of a feed, with the feeds it names."""
    start = reply.body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith((b"<!doctype html", b"<html")):
        return ""
    page = reply.body[:200_000].decode("utf-8", "replace")
    named = [urljoin(url, html.unescape(href)) for href in _ALTERNATE.findall(page)[:5]]
    if named:
        return f"it is a page, not a feed; the page names {', '.join(dict.fromkeys(named))}"
    return "it is a page, not a feed"
