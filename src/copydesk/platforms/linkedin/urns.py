"""LinkedIn's names for things: URNs, the addresses behind them, and when a post was made.

A post's number holds its time: the bits above the lowest 22 are milliseconds since 1970. LinkedIn
does not document it; the posts quoted in Composio#2710, Linkedin-RSS#5 and MicrosoftDocs#2065 were
reported on the very days their numbers say (checked 2026-11-22).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote, urlsplit

#: Who can be the author of a post.
AUTHOR: Final = re.compile(r"urn:li:(?:person|organization):[\w-]+")

#: An activity (`urn:li:activity:…`, in most addresses that people copy) is not the post itself: its
#: number is another one, and the Posts API does not take it.
_POST: Final = re.compile(r"urn:li:(?:share|ugcPost):(\d+)")

#: `/posts/name_words-ugcPost-7431329065766260736-aBcD`, as the page's own "copy link" gives it.
_SLUG: Final = re.compile(r"-(share|ugcPost)-(\d{15,})(?:-|$)")

_TIME_BITS: Final = 22

#: Numbers whose time is before LinkedIn had posts (2010-01-01) are not of this kind.
_FIRST: Final = datetime(2010, 1, 1, tzinfo=UTC)


def is_organization(urn: str) -> bool:
    """Tell whether `urn` names a page and not a person."""
    return urn.startswith("urn:li:organization:")


def encoded(urn: str) -> str:
    """Return `urn` as it stands in paths and queries: LinkedIn takes no bare colon there."""
    return quote(urn, safe="")


def address_of(urn: str) -> str:
    """Return where the post called `urn` is shown."""
    return f"https://www.linkedin.com/feed/update/{urn}/"


def post_in(text: str) -> str:
    """Return the first URN of a post in `text`, "" without one."""
    found = _POST.search(text)
    return found[0] if found else ""


def post_at(url: str) -> str:
    """Return the URN of the post in `url`, an address at linkedin.com; "" where it has none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        return ""
    path = unquote(parts.path)
    if named := post_in(path):
        return named
    slug = _SLUG.search(path.rstrip("/"))
    return f"urn:li:{slug[1]}:{slug[2]}" if slug else ""


def made_at(urn: str) -> datetime | None:
    """Return when the post called `urn` was made (aware UTC), None when it does not tell."""
    found = _POST.fullmatch(urn)
    if found is None:
        return None
    try:
        moment = datetime.fromtimestamp((int(found[1]) >> _TIME_BITS) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment >= _FIRST else None
