"""Slugs: the part of an address that names a post, safe on every platform."""

from __future__ import annotations

import re
from typing import Final

from slugify import slugify as transliterate

MIN_LENGTH: Final = 3
MAX_LENGTH: Final = 80
SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Tell whether `text` is a slug as it is: `[a-z0-9]+(-[a-z0-9]+)*`, 3 to 80 characters."""
    return MIN_LENGTH <= len(text) <= MAX_LENGTH and SLUG.fullmatch(text) is not None


def slugify(title: str, fallback: str = "post") -> str:
    """Return a slug for `title`, transliterated, shortened at a word boundary, never empty.

    A title that leaves too little (emoji only, one letter) is completed from `fallback`.
    """
    for text in (title, f"{title} {fallback}", f"{title} {fallback} post"):
        slug = transliterate(text, max_length=MAX_LENGTH, word_boundary=True, save_order=True)
        if len(slug) >= MIN_LENGTH:
            return slug
    return "post"
