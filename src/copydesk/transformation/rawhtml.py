"""Raw HTML inside a body: read tag by tag, so that no half tag can swallow the text behind it.

This is about keeping content, not about safety: what leaves here still passes the sanitiser of
`copydesk.transformation.html`.
"""

from __future__ import annotations

from html import escape, unescape
from html.parser import HTMLParser
from typing import Final

#: Elements an article may contain. The names are those of HTML's flow and phrasing content.
ALLOWED_TAGS: Final = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
    "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small",
    "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
    "time", "tr", "u", "ul", "var", "wbr",
})  # fmt: skip
#: Elements whose content is code or data, never text for a reader.
OPAQUE_TAGS: Final = frozenset({"script", "style", "template"})

_BREAKING: Final = frozenset({
    "blockquote", "br", "dd", "div", "dt", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5",
    "h6", "li", "p", "section", "summary", "tr",
})  # fmt: skip


class _Reader(HTMLParser):
    """Collects the allowed tags again, the text, and the names of what was left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self.text: list[str] = []
        self.dropped: dict[str, None] = {}
        self.images: list[tuple[str, str, str]] = []
        self._opaque = ""

    def read(self, html: str) -> None:
        self.feed(html)
        # what the parser still waits to complete (`<div title="`) is text, not the start of a tag
        rest, self.rawdata = self.rawdata, ""
        if rest and not self._opaque:
            self.handle_data(unescape(rest))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in OPAQUE_TAGS:
            self._opaque = tag
        if tag not in ALLOWED_TAGS:
            self.dropped[f"<{tag}>"] = None
            return
        if self._opaque:
            return
        if tag == "img":
            given.setdefault("alt", "")
        if tag == "img" and given.get("src"):
            self.images.append((given["src"], given.get("alt", ""), given.get("title", "")))
            self.text.append(given.get("alt", ""))
        if tag in _BREAKING:
            self.text.append("\n")
        inner = "".join(
            f' {name}="{escape(value)}"' for name, value in given.items() if name.isalpha()
        )
        self.kept.append(f"<{tag}{inner}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # HTML knows no `/>`: an end tag of its own would make a second line break of `<br/>`
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._opaque:
            self._opaque = ""
        elif tag in ALLOWED_TAGS and not self._opaque:
            self.kept.append(f"</{tag}>")
            if tag in _BREAKING:
                self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._opaque:
            self.kept.append(escape(data, quote=False))
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.dropped["a comment"] = None

    def handle_decl(self, decl: str) -> None:
        self.dropped["a declaration"] = None

    def unknown_decl(self, data: str) -> None:
        self.dropped["a declaration"] = None

    def handle_pi(self, data: str) -> None:
        self.dropped["a processing instruction"] = None


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.read(html)
    return reader


def complete_html(html: str) -> tuple[str, tuple[str, ...]]:
    """Return `html` with only whole, allowed tags, and the names of what was left out."""
    reader = _read(html)
    return "".join(reader.kept), tuple(reader.dropped)


def text_of_html(html: str) -> str:
    """Return the text a reader would see in `html`."""
    return "".join(_read(html).text)


def images_in_html(html: str) -> list[tuple[str, str, str]]:
    """Return source, alt text and title of every image in `html`."""
    return _read(html).images
