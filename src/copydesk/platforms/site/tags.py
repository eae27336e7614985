"""Tags: their addresses, and which posts carry them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slugify import slugify

from copydesk.platforms.site.records import Record

# C, C++ and C# are three tags; without words for the signs they would share a page.
_SIGNS: Final = (("+", " plus "), ("#", " sharp "), ("&", " and "), ("@", " at "))


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as first written, its address, and its posts, newest first."""

    slug: str
    label: str
    records: tuple[Record, ...]


def tag_slug(label: str) -> str:
    """Return the address of a tag: the same for every way to write its capitals."""
    folded = label.casefold()
    slug = slugify(folded, replacements=_SIGNS, max_length=60, word_boundary=True, save_order=True)
    # `page` is the folder of further list pages
    if slug in {"", "page"}:
        slug = f"{slug}-{hashlib.sha256(folded.encode()).hexdigest()[:8]}".lstrip("-")
    return slug


def collect_tags(ordered: Sequence[Record]) -> list[Tag]:
    """Return all tags of `ordered` (newest first), sorted by label."""
    found: dict[str, tuple[str, list[Record]]] = {}
    # oldest first, so that a tag keeps the spelling it began with
    for record in reversed(ordered):
        for slug, label in tags_of(record):
            found.setdefault(slug, (label, []))[1].append(record)
    tags = [Tag(slug, label, tuple(reversed(posts))) for slug, (label, posts) in found.items()]
    return sorted(tags, key=lambda tag: (tag.label.casefold(), tag.slug))


def tags_of(record: Record) -> list[tuple[str, str]]:
    """Return address and label of the tags of `record`, each once."""
    labels = dict[str, str]()
    for label in record.payload["tags"]:
        labels.setdefault(tag_slug(label), label)
    return list(labels.items())
