"""Text lengths, one function per unit. A limit's number means nothing without its unit."""

from __future__ import annotations

import regex

_GRAPHEME = regex.compile(r"\X")


def graphemes(text: str) -> int:
    """Return the number of user-perceived characters (extended grapheme clusters, UAX 29)."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


def codepoints(text: str) -> int:
    """Return the number of Unicode code points."""
    return len(text)


def utf16_units(text: str) -> int:
    """Return the number of UTF-16 code units: code points outside the first plane count twice."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def utf8_bytes(text: str) -> int:
    """Return the number of bytes in UTF-8; a lone surrogate counts as the three it would take."""
    return len(text.encode("utf-8", "surrogatepass"))
