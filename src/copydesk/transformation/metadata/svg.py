"""SVG: a drawing that is a document, and may hold programs, addresses and an editor's own notes.

It is read as XML and written anew, with what shows alone. Scripts never stay, nor what is loaded
from elsewhere: who looks at a drawing should not be told to whoever is named in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from copydesk.transformation.metadata.styles import plain_css, plain_reference

SCRIPTS: Final = "scripts"
ELSEWHERE: Final = "what it would load from elsewhere"

_SVG: Final = "http://www.w3.org/2000/svg"
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_DRAWN: Final = frozenset({"", _SVG, _XHTML})
_NAMED: Final = frozenset({_SVG, _XHTML, _XLINK})

#: Elements that run something or ask for something, and those that load a file whole.
_RUNNING: Final = frozenset(
    {
        "script",
        "handler",
        "listener",
        "form",
        "input",
        "button",
        "textarea",
        "select",
        "meta",
        "base",
        "noscript",
        "template",
    }
)
_LOADING: Final = frozenset(
    {
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "link",
        "portal",
        "audio",
        "video",
        "source",
        "track",
    }
)
_MOVING: Final = frozenset({"animate", "animatemotion", "animatetransform", "animatecolor", "set"})
_REFERENCES: Final = frozenset(
    {
        "href",
        "src",
        "srcset",
        "data",
        "action",
        "formaction",
        "poster",
        "background",
        "cite",
        "longdesc",
        "ping",
    }
)
#: What may be written for every byte that is read, and at least: entities make a text longer.
_MOST_GROWTH: Final = 10
_MOST_PREFIXES: Final = 100
_LEAST_ROOM: Final = 1_000_000

_LOOKED_AT: Final = 65536
#: A drawing's first element, after all that may stand before it.
_BEGINNING: Final = re.compile(
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+<(?:[\w.-]+:)?svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(slots=True)
class Drawing:
    """A drawing as it may go out; `left_out` is what would have shown or done something."""

    data: bytes
    left_out: tuple[str, ...] = ()


def is_svg(data: bytes) -> bool:
    """Tell whether a file begins as a drawing does."""
    start = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        start = start.decode("utf-16", "ignore").encode()
    return _BEGINNING.match(start) is not None


def svg(data: bytes) -> Drawing:
    """Return a drawing with what shows alone; raises `ValueError` when it cannot be read."""
    writer = _Writer(room=max(len(data) * _MOST_GROWTH, _LEAST_ROOM))
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.specified_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = writer.begin
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.CommentHandler = writer.comment
    parser.ProcessingInstructionHandler = writer.instruction
    parser.StartDoctypeDeclHandler = writer.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(f"no XML: {error}") from error
    if not writer.is_svg:
        raise ValueError("no drawing")
    if not writer.changed:
        return Drawing(data)
    return Drawing("".join(writer.out).encode(), tuple(sorted(writer.left_out)))


@dataclass(slots=True)
class _Writer:
    """Writes a drawing as it is read. `skipped` counts how deep within what is left out it is."""

    room: int
    out: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    changed: bool = False
    is_svg: bool = False
    skipped: int = 0
    #: The prefixes that hold within each element that is open, and whether it is a style.
    spaces: list[Mapping[str, str]] = field(default_factory=lambda: [{"": "", "xml": _XML}])
    styles: list[bool] = field(default_factory=list)
    css: list[str] = field(default_factory=list)
    #: Whether the last start tag still lacks its end.
    is_open: bool = False

    def begin(self, name: str, flat: list[str]) -> None:
        attributes = list(zip(flat[::2], flat[1::2], strict=True))
        space = self.spaces[-1]
        named = {
            key.partition(":")[2]: value
            for key, value in attributes
            if key == "xmlns" or key.startswith("xmlns:")
        }
        self.spaces.append({**space, **named} if named else space)
        if len(self.spaces[-1]) > _MOST_PREFIXES:
            raise ValueError("more prefixes than a drawing has")
        uri, local = self._resolved(name)
        if len(self.spaces) == 2:
            self.is_svg = local == "svg" and uri in _DRAWN
        if self.skipped or self._is_left_out(uri, local, attributes):
            self.skipped += 1
            self.changed = True
            return
        self.styles.append(local == "style")
        self._close()
        kept = [self._attribute(local, key, value) for key, value in attributes]
        self._write(f"<{name}{''.join(kept)}")
        self.is_open = True

    def end(self, name: str) -> None:
        self.spaces.pop()
        if self.skipped:
            self.skipped -= 1
            return
        if self.styles.pop() and self.css:
            self._css()
        if self.is_open:
            self._write("/>")
            self.is_open = False
        else:
            self._write(f"</{name}>")

    def text(self, text: str) -> None:
        if self.skipped or not self.styles:
            return
        if self.styles[-1]:
            self.css.append(text)
            return
        self._close()
        self._write(escape(text))

    def comment(self, _: str) -> None:
        self.changed = True

    def instruction(self, target: str, _: str) -> None:
        self.changed = True
        if target == "xml-stylesheet":
            self.left_out.add(ELSEWHERE)

    def doctype(self, _name: str, _system: str | None, _public: str | None, inside: bool) -> None:
        self.changed |= bool(inside)

    def _is_left_out(self, uri: str, local: str, attributes: list[tuple[str, str]]) -> bool:
        if uri not in _DRAWN or local == "metadata":
            return True
        lower = local.lower()
        if lower in _RUNNING:
            self.left_out.add(SCRIPTS)
            return True
        if lower in _LOADING:
            self.left_out.add(ELSEWHERE)
            return True
        moved = dict(attributes).get("attributeName", "").rpartition(":")[2].strip().lower()
        if lower in _MOVING and (moved in _REFERENCES or moved.startswith("on")):
            self.left_out.add(SCRIPTS)
            return True
        return False

    def _attribute(self, element: str, key: str, value: str) -> str:
        """Return an attribute as it is written, "" where it is left out."""
        prefix, colon, local = key.rpartition(":")
        kept: str | None
        if key == "xmlns" or prefix == "xmlns":
            kept = value if value in _NAMED else None
        elif colon and self.spaces[-1].get(prefix) not in {_XLINK, _XML}:
            kept = None
        elif local.lower().startswith("on"):
            self.left_out.add(SCRIPTS)
            kept = None
        elif local == "base":
            kept = None
        elif local.lower() in _REFERENCES:
            is_link = element.lower() == "a" and local.lower() == "href"
            kept = plain_reference(value, is_link=is_link)
            self._tell_if(kept is None)
        else:
            kept, loaded = plain_css(value) if local == "style" or "(" in value else (value, False)
            self._tell_if(loaded)
        if kept != value:
            self.changed = True
        if kept is None:
            return ""
        return f' {key}="{escape(kept, _QUOTED)}"'

    def _css(self) -> None:
        css = "".join(self.css)
        self.css.clear()
        kept, loaded = plain_css(css)
        self._tell_if(loaded)
        self.changed |= kept != css
        self._close()
        self._write(escape(kept))

    def _tell_if(self, told: bool) -> None:
        if told:
            self.left_out.add(ELSEWHERE)

    def _resolved(self, name: str) -> tuple[str, str]:
        prefix, _, local = name.rpartition(":")
        return self.spaces[-1].get(prefix, prefix), local

    def _close(self) -> None:
        if self.is_open:
            self._write(">")
            self.is_open = False

    def _write(self, text: str) -> None:
        self.room -= len(text)
        if self.room < 0:
            raise ValueError("it grows without end")
        self.out.append(text)


_QUOTED: Final = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}

__all__ = ["ELSEWHERE", "SCRIPTS", "Drawing", "is_svg", "svg"]
