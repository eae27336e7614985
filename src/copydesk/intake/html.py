"""HTML to readable text with Markdown marks, whatever the HTML is like.

One pass over the input, in linear time. Nothing is sanitised for display here; scripts, styles,
comments and hidden text are left out, unsafe link addresses are dropped, and the notes name what
was left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt
from copydesk.intake.html_tokens import RAW, Tag, tokens
from copydesk.intake.html_tokens import attributes as parse_attributes
from copydesk.intake.lines import split_lines
from copydesk.intake.witnesses import may_hold_answers

#: Open elements at once. Long mail threads reach a few hundred.
MAX_DEPTH: Final = 2000
#: Blockquotes inside each other: every level is repeated on every line.
MAX_QUOTES: Final = 64
#: Characters of text one HTML body may become.
MAX_TEXT: Final = 10_000_000
#: Pages up to so many characters are remembered, so that memory stays bounded.
_SHORT: Final = 20_000

_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
#: What Yahoo calls the earlier message, which it puts into no `blockquote` (seen 2026-11-22). Who
#: answers between its lines types into it as well.
_QUOTING: Final = "yahoo_quoted"
#: What is written at the beginning of a line of a quote.
_QUOTE_MARKS = re.compile(r"(?:> )+|(?:> ){0,63}>\n")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.I)
_SAFE_LINK = re.compile(r"(?:https?|mailto|tel|sms|xmpp|ftp|cid|mid):", re.I)
_LANGUAGE = re.compile(r"\blang(?:uage)?-([\w+#-]{1,20})")
_SCHEME = re.compile(r"[\s\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-\s\x00-\x20]*):")

_VOID: Final = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_BLOCK: Final = frozenset({
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "html", "legend", "main", "nav",
    "section", "summary", "tbody", "thead", "tfoot", "tr",
})  # fmt: skip
_PARAGRAPH: Final = frozenset({
    "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul",
})  # fmt: skip
_MARKS: Final = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "kbd": "`", "samp": "`",
    "s": "~~", "del": "~~", "strike": "~~",
}  # fmt: skip
#: Elements whose attributes matter for the text.
_READ: Final = frozenset({"a", "code", "ol", "pre"})
_BARRIER: Final = _BLOCK | _PARAGRAPH | {"li", "td", "th", "dt", "dd"}
_LOOKS_HTML = re.compile(
    r"<(?:!doctype|html|head|body|div|p|br|span|table|a\s|ul|ol|li|b|i|strong|em|h[1-6]|img|pre|"
    r"blockquote|font|center|script|style)\b[^<>]{0,500}>",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of an HTML body and what was left out of it, in words for an editor."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    """An open element: `mark` is where in the output its emphasis or link text begins."""

    name: str
    mark: int = -1
    href: str = ""
    hidden: bool = False
    fenced: bool = False
    quoted: bool = False
    #: where a quote begins that the author may have typed into
    typed_into: int = -1
    counter: int | None = None


def looks_like_html(text: str) -> bool:
    """Whether `text` holds at least one everyday HTML tag near its start."""
    return _LOOKS_HTML.search(text, 0, 4000) is not None


def html_to_text(html: str) -> Rendered:
    """Return `html` as text: links as `[text](url)`, lists, code, emphasis, quotes as `> `.

    Raises `InputRefused` (`html_bomb`) when elements nest, or the text grows, beyond all reason.
    """
    return _remembered(html) if len(html) <= _SHORT else _rendered(html)


def _rendered(html: str) -> Rendered:
    writer = _Writer()
    for token in tokens(html, writer.note):
        if isinstance(token, str):
            writer.text(token)
        elif token.closing:
            writer.close(token.name)
        else:
            writer.open(token)
    return Rendered(writer.finish(), tuple(writer.notes))


# where a page comes from is told by its text, which is then wanted again
_remembered = lru_cache(maxsize=8)(_rendered)


@dataclass(slots=True)
class _Writer:
    """Collects text line by line; knows which elements are open."""

    out: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    #: for each open block element, the inline elements open inside it
    inline: list[dict[str, int]] = field(default_factory=lambda: [{}])
    #: elements whose first text has yet to come
    unmarked: list[_Open] = field(default_factory=list)
    open_names: dict[str, int] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    size: int = 0
    newlines: int = 2
    wanted: int = 0
    space: bool = False
    #: a list mark stands alone on the line so far
    item: bool = False
    hidden: int = 0
    skipped: int = 0
    quotes: int = 0

    def note(self, what: str) -> None:
        words = f"HTML: {what}."
        # what was authored and not meant to be hidden must not go unnoticed
        lost = "unclosed" in what or "into the HTML itself" in what
        self.notes[Doubt(words) if lost else words] = None

    # -- text

    def text(self, source: str) -> None:
        if self.hidden:
            if source.strip():
                self.note("hidden text was left out")
            return
        if self.skipped:
            return
        if self._count("pre"):
            for index, piece in enumerate(unescape(source).split("\n")):
                if index:
                    self._break(1, exact=True)
                self._put(piece)
            return
        text = _SPACE.sub(" ", unescape(source))
        if text.startswith(" "):
            self.space = True
        core = text.strip(" ")
        if core:
            self._put(core)
            self.space = text.endswith(" ")

    def _put(self, text: str) -> None:
        if not text:
            return
        self._flush()
        if self.space and self.newlines == 0:
            self._write(" ")
        self.space = False
        for element in self.unmarked:
            element.mark = len(self.out)
        self.unmarked.clear()
        self._write(text)
        self.newlines = 0
        self.item = False

    def _write(self, text: str) -> None:
        self.size += len(text)
        if self.size > MAX_TEXT:
            raise InputRefused(
                "html_bomb",
                f"The HTML becomes more than {MAX_TEXT:,} characters of text.",
                remedy="Send the text itself, without the HTML around it.",
            )
        self.out.append(text)

    def _flush(self) -> None:
        """Write the line ends asked for, and the quote and list marks of the new line."""
        if not self.wanted and self.newlines == 0:
            return
        prefix = "> " * self.quotes
        while self.newlines < self.wanted:
            self._write("\n" if not self.newlines or not prefix else prefix.rstrip() + "\n")
            self.newlines += 1
        self.wanted = 0
        if self.newlines and prefix:
            self._write(prefix)
        if self.newlines:
            self._write("  " * (self._count("ul") + self._count("ol") - 1))
        self.space = False

    def _break(self, lines: int, *, exact: bool = False) -> None:
        """Ask for at least `lines` line ends before the next text (`exact`: that many more)."""
        if self.item and not exact:
            return
        if exact:
            self.wanted = max(self.wanted, self.newlines) + lines
        elif self.newlines < 2 or self.wanted:
            self.wanted = max(self.wanted, lines)
        self.space = False

    # -- elements

    def open(self, tag: Tag) -> None:
        name = tag.name
        if name in _VOID:
            self._void(name, tag.attributes)
            return
        self._imply_end(name)
        element = _Open(name)
        if len(self.stack) >= MAX_DEPTH:
            raise InputRefused(
                "html_bomb",
                f"The HTML nests more than {MAX_DEPTH:,} elements.",
                remedy="Send the text itself, without the HTML around it.",
            )
        if name in RAW:
            self.skipped += 1
        source = tag.attributes
        wanted = name in _READ or "style" in source or "STYLE" in source or "hidden" in source
        attributes = parse_attributes(source) if wanted and source else {}
        if _HIDDEN.search(attributes.get("style", "")) or "hidden" in attributes:
            element.hidden = True
            self.hidden += 1
        if name == "blockquote" or (name == "div" and _QUOTING in source):
            self._break(2)
            self._flush_lines()
            element.quoted = True
            if name == "div":
                element.typed_into = len(self.out)
            if self.quotes >= MAX_QUOTES:
                raise InputRefused(
                    "html_bomb",
                    f"The HTML nests more than {MAX_QUOTES} quotes.",
                    remedy="Send the text itself, without the HTML around it.",
                )
        elif name in _PARAGRAPH:
            self._break(1 if name in ("ul", "ol") and self._count("li") else 2)
        elif name in _BLOCK:
            self._break(1)
        self.stack.append(element)
        self.open_names[name] = self._count(name) + 1
        if name in _BARRIER:
            self.inline.append({})
        else:
            self.inline[-1][name] = self.inline[-1].get(name, 0) + 1
        self.quotes += element.quoted
        self._begin(element, name, attributes)

    def _begin(self, element: _Open, name: str, attributes: dict[str, str]) -> None:
        if self.hidden or self.skipped:
            return
        if name == "code" and self._count("pre"):
            self._fence(attributes)
        elif name in _MARKS and not self._count("pre"):
            self.unmarked.append(element)
        elif name == "a" and attributes.get("href"):
            element.href = self._safe(attributes["href"])
            self.unmarked.append(element)
        elif name == "li":
            self._break(1)
            self._put(self._bullet())
            self.space = self.item = True
        elif name[:1] == "h" and name[1:].isdigit():
            self._put("#" * int(name[1:]))
            self.space = True
        elif name in ("td", "th") and self.newlines == 0 and not self.wanted:
            self._put(" |")
            self.space = True
        elif name == "ol":
            start = attributes.get("start", "1")
            element.counter = int(start) - 1 if start.isdigit() and len(start) < 6 else 0

    def _fence(self, attributes: dict[str, str]) -> None:
        """Write the code fence of the innermost `pre`, once."""
        pre = next(element for element in reversed(self.stack) if element.name == "pre")
        if not pre.fenced and (self.newlines or self.wanted):
            pre.fenced = True
            language = _LANGUAGE.search(attributes.get("class", ""))
            self._put(f"```{language.group(1) if language else ''}")
            self._break(1)

    def _bullet(self) -> str:
        for element in reversed(self.stack):
            if element.name == "ul":
                return "-"
            if element.counter is not None:
                element.counter += 1
                return f"{element.counter}."
        return "-"

    def close(self, name: str) -> None:
        if name not in _BARRIER:
            # as in browsers, a stray inline end tag does not reach out of its block
            if not self.inline[-1].get(name):
                return
        elif not self._count(name):
            self._break(2 if name == "p" else 0)
            return
        while True:
            element = self.stack.pop()
            self._end(element)
            if element.name == name:
                return

    def _imply_end(self, name: str) -> None:
        """Close what a new element ends by itself: list items, cells, paragraphs."""
        if not self.stack:
            return
        top = self.stack[-1].name
        if top == "p" and (name in _BLOCK or name in _PARAGRAPH):
            self.close("p")
        elif top == name and name in ("li", "tr", "td", "th", "dt", "dd", "option"):
            self.close(name)
        elif (name in ("td", "th") and top in ("td", "th")) or (
            name == "tr" and top in ("td", "th")
        ):
            self.close(top)
            if name == "tr" and self.stack and self.stack[-1].name == "tr":
                self.close("tr")

    def _end(self, element: _Open) -> None:
        name = element.name
        self.open_names[name] -= 1
        if name in _BARRIER:
            self.inline.pop()
        else:
            self.inline[-1][name] -= 1
        if self.unmarked and self.unmarked[-1] is element:
            self.unmarked.pop()
        if element.fenced:
            self._break(1)
            self._put("```")
        if name in RAW:
            self.skipped -= 1
        if element.quoted:
            self.quotes -= 1
        if element.typed_into >= 0:
            self._take_marks_off(element.typed_into)
        if element.hidden:
            self.hidden -= 1
        if element.mark >= 0:
            self._finish_inline(element)
        if name in _PARAGRAPH or element.quoted:
            self._break(1 if name in ("ul", "ol") and self._count("li") else 2)
        elif name in _BLOCK or name == "li":
            self.item = False
            self._break(1)

    def _take_marks_off(self, begin: int) -> None:
        """Let a quote be plain text if it may hold answers: then its words tell whose it is."""
        if not may_hold_answers(split_lines("".join(self.out[begin:]).replace("> ", ""))):
            return
        for at in range(begin, len(self.out)):
            if _QUOTE_MARKS.fullmatch(self.out[at]):
                self.out[at] = self.out[at][2:] or "\n" * self.out[at].endswith("\n")

    def _finish_inline(self, element: _Open) -> None:
        content = "".join(self.out[element.mark :])
        core = content.strip()
        if element.name == "a":
            if not element.href or not core:
                return
            bare = element.href.removeprefix("mailto:")
            if core in (bare, element.href, bare.rstrip("/")) or "\n" in core:
                if "\n" in core and element.href not in core:
                    self._put(f"({element.href})")
                return
            marked = f"[{core}]({element.href})"
        else:
            mark = _MARKS[element.name]
            if not core or "\n" in core or mark in core:
                return
            marked = f"{mark}{core}{mark}"
        lead = content[: len(content) - len(content.lstrip())]
        trail = content[len(content.rstrip()) :]
        del self.out[element.mark :]
        self._write(lead + marked + trail)

    def _flush_lines(self) -> None:
        """Write pending line ends while the surrounding quote depth still holds."""
        prefix = "> " * self.quotes
        while self.newlines < self.wanted:
            self._write("\n" if not self.newlines or not prefix else prefix.rstrip() + "\n")
            self.newlines += 1
        self.wanted = 0

    def _void(self, name: str, source: str) -> None:
        if self.hidden or self.skipped:
            return
        if name == "br":
            self._break(1, exact=True)
        elif name == "hr":
            self._break(2)
            self._put("---")
            self._break(2)
        elif name == "img":
            self._image(parse_attributes(source))

    def _image(self, attributes: dict[str, str]) -> None:
        sides = [
            attributes.get(side, "").removesuffix("px").strip() for side in ("width", "height")
        ]
        if any(side in ("0", "1") for side in sides) or _HIDDEN.search(attributes.get("style", "")):
            self.note("an invisible image (a tracking pixel) was left out")
            return
        alt = " ".join(attributes.get("alt", "").split())
        address = attributes.get("src", "")
        if address.lstrip()[:5].lower() == "data:":
            self.note("an image written into the HTML itself was left out")
            address = ""
        address = self._safe(address) if address else ""
        if alt or address:
            self._put(f"![{alt}]({address})" if address else f"[image: {alt}]")

    def _safe(self, address: str) -> str:
        address = "".join(address.split())
        if _SAFE_LINK.match(address):
            return address
        scheme = _SCHEME.match(address)
        if scheme or address.startswith(("#", "?")):
            if scheme:
                kind = re.sub(r"[\s\x00-\x20]", "", scheme.group(1)).lower()[:20]
                self.note(f"a link with an unsafe address ({kind}:) was left out, its text kept")
            return ""
        return address

    def _count(self, name: str) -> int:
        return self.open_names.get(name, 0)

    def finish(self) -> str:
        while self.stack:
            self._end(self.stack.pop())
        lines = "".join(self.out).split("\n")
        return "\n".join(line.rstrip() for line in lines).strip("\n")
