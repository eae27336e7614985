"""How Mastodon counts a status: grapheme clusters, after links and mentions have been shortened.

Every link starting with http:// or https:// counts as a fixed number, however long it is; of a
mention `@user@host` only `@user` counts; the content warning counts too.
Source: https://docs.joinmastodon.org/user/posting/#text (checked 2026-11-21).
"""

from __future__ import annotations

import re
from typing import Final

from copydesk.transformation.counting import graphemes

#: A link ends before white space and angle brackets; punctuation at its end is not part of it.
#: Where the server's own pattern stops earlier it counts more than we do, and answers 422: no cut.
_URL: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_CLOSERS: Final = {")": "(", "]": "["}
_TRAILING: Final = ".,;:!?'\"*_~…"

_MENTION: Final = re.compile(
    r"(?<![=/\w])@(?P<user>[a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_]+)?)@[\w-]+(?:\.[\w-]+)*(?::\d+)?",
    re.IGNORECASE,
)


def count(text: str, spoiler: str = "", *, per_url: int = 23) -> int:
    """Return the length of a status in Mastodon's characters; a link counts as `per_url`."""
    return graphemes(_countable(text, per_url)) + graphemes(spoiler)


def _countable(text: str, per_url: int) -> str:
    parts: list[str] = []
    position = 0
    for match in _URL.finditer(text):
        end = match.start() + len(_without_punctuation(match[0]))
        parts += (_short_mentions(text[position : match.start()]), "x" * per_url)
        position = end
    parts.append(_short_mentions(text[position:]))
    return "".join(parts)


def _short_mentions(text: str) -> str:
    return _MENTION.sub(r"@\g<user>", text)


def _without_punctuation(url: str) -> str:
    while url:
        last = url[-1]
        opener = _CLOSERS.get(last)
        unbalanced = opener is not None and url.count(last) > url.count(opener)
        if last not in _TRAILING and not unbalanced:
            break
        url = url[:-1]
    return url
