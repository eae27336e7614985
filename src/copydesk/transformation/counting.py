"""Text lengths, one function per unit. A limit's number means nothing without its unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import regex

from copydesk.transformation.weighted import weighted_length

_GRAPHEME = regex.compile(r"\X")
#: A text of these alone has a grapheme for each: nothing in it joins its neighbour but "\r\n".
_SINGLE = re.compile("[\0-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205f\u20a0-\u20cf]*")


def graphemes(text: str) -> int:
    """Return the number of user-perceived characters (extended grapheme clusters, UAX 29)."""
    if _SINGLE.fullmatch(text):
        return len(text) - text.count("\r\n")
    return len(_GRAPHEME.findall(text))


def codepoints(text: str) -> int:
    """Return the number of Unicode code points."""
    return len(text)


def utf16_units(text: str) -> int:
    """Return the number of UTF-16 code units: code points outside the first plane count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Return the number of bytes in UTF-8; a lone surrogate counts as the three it would take."""
    return len(text.encode("utf-8", "surrogatepass"))


#: Every unit by the name that manifests, the command line and messages use.
UNITS: Final[Mapping[str, Callable[[str], int]]] = {
    "x-weighted": weighted_length,
    "graphemes": graphemes,
    "utf16": utf16_units,
    "utf8": utf8_bytes,
    "codepoints": codepoints,
}
