"""Addresses: what counts as one on the web, and what a canonical address may look like.

A canonical URL says where the original of a text stands, so that its copies are not taken for it.
It is absolute, has no fragment, and carries no tags of ours: search engines treat every spelling as
a page of its own.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_TRACKED: Final = re.compile(r"utm_[a-z_]+(=|$)", re.IGNORECASE)


def is_web_address(url: str) -> bool:
    """Tell whether `url` is absolute, http or https, names a host and has no blanks in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and not re.search(r"\s", url)


def canonical(url: str) -> str:
    """Return `url` as an original is declared: without fragment and without `utm_` tags.

    Anything else stays as it is written, because only the site knows what else is the same page.
    Raises `ValueError` when it is not an absolute web address.
    """
    if not is_web_address(url):
        raise ValueError(f"{url!r} is not an absolute web address")
    parts = urlsplit(url)
    kept = "&".join(pair for pair in parts.query.split("&") if not _TRACKED.match(pair))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, kept, ""))
