"""Reads HTML into a tree and refuses what a validator would: written for tests, kind to nobody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

VOID = {"br", "col", "hr", "img", "link", "meta", "wbr"}
# What may not stand inside a paragraph: opening it would close the paragraph by itself.
BLOCKS = {
    "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p",
    "pre", "section", "table", "ul",
}  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


class NotValidError(AssertionError):
    """The page is not valid HTML."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: ET.Element | None = None
        self.open: list[ET.Element] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            raise NotValidError(f"<{tag}> has an attribute twice: {names}")
        element = ET.Element(tag, {name: value or "" for name, value in attrs})
        parents = [parent.tag for parent in self.open]
        if tag in BLOCKS and "p" in parents:
            raise NotValidError(f"<{tag}> inside <p>")
        if tag in {"a", "button"} and tag in parents:
            raise NotValidError(f"<{tag}> inside <{tag}>")
        if tag == "li" and parents[-1:] not in (["ul"], ["ol"]):
            raise NotValidError(f"<li> inside {parents[-1:]}")
        if parents[-1:] in (["ul"], ["ol"]) and tag != "li":
            raise NotValidError(f"<{tag}> inside a list")
        if tag == "img" and "alt" not in names:
            raise NotValidError("an image without alt")
        if element.get("id"):
            if element.get("id") in self.ids:
                raise NotValidError(f"two elements are called {element.get('id')}")
            self.ids.add(element.get("id", ""))
        if self.open:
            self.open[-1].append(element)
        elif self.root is None:
            self.root = element
        else:
            raise NotValidError(f"<{tag}> after the end")
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            raise NotValidError(f"</{tag}>")
        if not self.open or self.open[-1].tag != tag:
            raise NotValidError(f"</{tag}> closes {[e.tag for e in self.open]}")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            if data.strip():
                raise NotValidError(f"text outside: {data!r}")
            return
        parent = self.open[-1]
        if parent.tag in {"ul", "ol", "table", "tr", "html", "head"} and data.strip():
            raise NotValidError(f"text in <{parent.tag}>: {data!r}")
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def parse_strictly(html: str) -> ET.Element:
    """Return the root of `html`. Raises `NotValidError`."""
    if not html.startswith("<!DOCTYPE html>\n"):
        raise NotValidError(f"begins with {html[:20]!r}")
    found = _CONTROL.search(html)
    if found:
        raise NotValidError(f"contains {found[0]!r}")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open or reader.root is None:
        raise NotValidError(f"not closed: {[element.tag for element in reader.open]}")
    for needed in ("head/title", "body", "head/meta[@charset='utf-8']"):
        if reader.root.find(needed) is None:
            raise NotValidError(f"no {needed}")
    return reader.root
