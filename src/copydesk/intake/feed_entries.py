"""What tells the entries of a feed apart, from one look at it to the next.

Ids are not to be believed to the letter: some feeds give all entries the same, some give the same
entry another each time, some have none.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from copydesk.intake.feed import Entry
from copydesk.intake.html import html_to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """An entry with three digests (SHA-256, hex).

    `key` says who it is: its id, else its link, else what it says. `content` is what a reader sees
    of it, so that other markup or white space is no change. `fingerprint` is `content` with when or
    where it was published: what is equal there is the same entry, whatever its id.
    """

    entry: Entry
    key: str
    content: str
    fingerprint: str


def identify(entries: Sequence[Entry]) -> list[Identified]:
    """Return the entries of one document, oldest first, each once.

    Documents put the newest first; where every entry has a date, dates decide. Entries that share
    an id and say different things are told apart by their links, else by what they say.
    """
    contents = [_digest(*_words_of(entry)) for entry in entries]
    saying: dict[str, set[str]] = defaultdict(set)
    at_link: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry, content in zip(entries, contents, strict=True):
        saying[entry.id].add(content)
        at_link[entry.id, entry.url].add(content)
    found: dict[tuple[str, str], Identified] = {}
    for entry, content in zip(entries, contents, strict=True):
        if entry.id and len(saying[entry.id]) == 1:
            key = _digest("id", entry.id)
        elif entry.url and len(at_link[entry.id, entry.url]) == 1:
            key = _digest("link", entry.id, entry.url)
        else:
            key = _digest("content", entry.id, content)
        published = entry.at.isoformat() if entry.at else entry.url
        one = Identified(
            entry=entry, key=key, content=content, fingerprint=_digest(content, published)
        )
        found.setdefault((key, content), one)
    return _oldest_first(list(found.values()))


def _oldest_first(entries: list[Identified]) -> list[Identified]:
    entries.reverse()
    dates = [one.entry.at for one in entries]
    if all(at is not None for at in dates):
        entries.sort(key=lambda one: one.entry.at.timestamp() if one.entry.at else 0.0)
    return entries


def _words_of(entry: Entry) -> tuple[str, str]:
    text = entry.text
    if entry.html:
        rendered = html_to_text(entry.html).text
        text = rendered if rendered.strip() or not text else text
    return " ".join(entry.title.split()), " ".join(text.split())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()
