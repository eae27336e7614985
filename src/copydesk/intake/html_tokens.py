"""HTML tokens in linear time, however broken or hostile the HTML is.

The standard library's parser scans unclosed tags and quotes again and again; here every search
either consumes what it found or is never made a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

_NAME = re.compile(r"[a-zA-Z][^\s/<>]{0,60}")
_STOP = re.compile(r"[\"'>]")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*(?:=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")

#: Elements whose content is not text for a reader.
RAW: Final = frozenset({"script", "style", "title", "template", "svg", "math", "xml", "object"})


@dataclass(slots=True)
class Tag:
    """A start or end tag; `attributes` as written."""

    name: str
    closing: bool
    attributes: str


def tokens(html: str, note: Callable[[str], None]) -> Iterator[str | Tag]:
    """Yield stretches of text (entities as written) and tags; `note` hears what is left out."""
    position, size = 0, len(html)
    last_comment, last_cdata = html.rfind("-->"), html.rfind("]]>")
    quotes_trusted = True
    while position < size:
        opening = html.find("<", position)
        if opening < 0:
            yield html[position:]
            return
        if opening > position:
            yield html[position:opening]
        following = html[opening + 1 : opening + 2]
        if following in ("!", "?"):
            position = _skip_declaration(html, opening, last_comment, last_cdata)
            if position == size and html[-1] != ">":
                note("everything after an unclosed comment was left out")
            continue
        closing = following == "/"
        match = _NAME.match(html, opening + 1 + closing)
        if match is None or "@" in match.group():
            # "a < b" and "<ann@example.com>" are text, as a person reads them
            yield "<"
            position = opening + 1
            continue
        end = _tag_end(html, match.end()) if quotes_trusted else -1
        if end < 0:
            # an odd quote somewhere: from here on every tag ends at its first ">"
            quotes_trusted = False
            end = html.find(">", match.end())
            if end < 0:
                yield html[opening:]
                return
        name = match.group().lower()
        yield Tag(name, closing, html[match.end() : end])
        position = end + 1
        if name in RAW and not closing:
            finish = re.compile(rf"</{re.escape(name)}[\s/>]", re.I).search(html, position)
            if finish is None:
                note(f"everything after an unclosed <{name}> was left out")
                return
            position = finish.start()


def _skip_declaration(html: str, opening: int, last_comment: int, last_cdata: int) -> int:
    """Return where a comment or declaration ends. The `last_…` positions spare vain searches."""
    if html.startswith("<!--", opening) and last_comment >= opening + 2:
        # "<!-->" and "<!--->" are complete comments
        return html.find("-->", opening + 2) + 3
    if html.startswith("<![CDATA[", opening) and last_cdata >= opening:
        return html.find("]]>", opening) + 3
    end = html.find(">", opening)
    return end + 1 if end >= 0 else len(html)


def _tag_end(html: str, position: int) -> int:
    """Return where the `>` of a tag is that stands outside quotes, or -1."""
    while True:
        stop = _STOP.search(html, position)
        if stop is None:
            return -1
        if stop.group() == ">":
            return stop.start()
        # a quote opens a value only after "="; elsewhere it is a typing error
        if html[stop.start() - 1] in "= \t\n":
            position = html.find(stop.group(), stop.end()) + 1
            if position == 0:
                return -1
        else:
            position = stop.end()


def attributes(source: str) -> dict[str, str]:
    """Return the attributes of a tag: names in lower case, values decoded, the first one wins."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source):
        value = match.group(2) or ""
        if value[:1] in "\"'":
            value = value[1:-1]
        found.setdefault(match.group(1).lower(), unescape(value))
    return found
