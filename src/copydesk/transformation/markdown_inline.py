"""The text of a paragraph as Markdown: escaped where it would be read as markup, and only there.

What can be decided by looking at the characters around a mark is decided so. Where marks touch each
other or stand inside words, the candidates are read back, and the first that means the same is
taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import Final, Literal, NamedTuple

from markdown_it.common.normalize_url import normalizeLink, normalizeLinkText
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isValidEntityCode, isWhiteSpace

from copydesk.core.findings import Loss
from copydesk.transformation.nodes import (
    HOLDERS,
    Code,
    Emphasis,
    FootnoteReference,
    HtmlInline,
    Image,
    Inline,
    LineBreak,
    Link,
    Strikethrough,
    Strong,
    Text,
    joined,
    plain,
)
from copydesk.transformation.parsing import parse_inline

_SPECIAL: Final = re.compile(r"\\|`+|\*+|_+|~+|[\[\]<&\n\r]")
_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")
ENTITY: Final = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LAST: Final = re.compile(r"(\\*)!$")
_NOTE: Final = re.compile(r"\[\^[^\s\]]+\]")
#: What GFM may make a link of.
_ADDRESS: Final = re.compile(r"www\.|(?:https?|mailto|xmpp):|[\w.+-]@\w")
_AUTOLINK: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\x00-\x20]*")
_EMAIL: Final = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
#: More marks than this in one paragraph are not tried in every combination.
_MOST_TRIED: Final = 5

Kind = Literal["text", "raw", "code", "open", "close", "break"]


class _Piece(NamedTuple):
    text: str
    kind: Kind
    mark: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineStyle:
    """How inline content is written: the names of footnotes by their label, and the hooks."""

    labels: Mapping[str, str] = field(default_factory=dict)
    image: Callable[[Image], str] | None = None
    guard: Callable[[str], str] | None = None


def write_inline(
    children: tuple[Inline, ...], style: InlineStyle
) -> tuple[list[str], tuple[Loss, ...]]:
    """Return `children` as lines of Markdown (a hard break ends a line with two spaces), and what
    of them no Markdown can say there."""
    if len(children) == 1 and isinstance(children[0], Text) and style.guard is None:
        text = children[0].text
        if not (_SPECIAL.search(text) or _has_address(text)) and text == text.strip():
            return [text], ()
    if style.image is None or not _shows(children):
        pieces, losses = _written(children, tuple(style.labels.items()))
    else:
        pieces, losses = _pieces(children, style)
    return _lines(pieces, style.guard), losses


def _shows(children: tuple[Inline, ...]) -> bool:
    """Tell whether there is an image among `children`."""
    return any(
        isinstance(node, Image) or (isinstance(node, HOLDERS) and _shows(node.children))
        for node in children
    )


@lru_cache(maxsize=1024)
def _written(
    children: tuple[Inline, ...], labels: tuple[tuple[str, str], ...]
) -> tuple[tuple[_Piece, ...], tuple[Loss, ...]]:
    """Return what most platforms write alike: a post is written for several of them."""
    return _pieces(children, InlineStyle(labels=dict(labels)))


def _pieces(
    children: tuple[Inline, ...], style: InlineStyle
) -> tuple[tuple[_Piece, ...], tuple[Loss, ...]]:
    losses: list[Loss] = []
    while True:
        writer = _Writer(children, style)
        pieces = writer.pieces()
        if not writer.is_risky and all(_is_plain_mark(pieces, i) for i in range(len(pieces))):
            break
        found = _read_back(children, style)
        if found is not None:
            pieces = found
            break
        children, loss = _without_a_mark(children)
        losses.append(loss)
    return tuple(pieces), tuple(losses)


def _has_address(text: str) -> bool:
    # most texts have none of what an address needs, and that is cheap to see
    return (":" in text or "@" in text or "www." in text) and bool(_ADDRESS.search(text))


def _read_back(children: tuple[Inline, ...], style: InlineStyle) -> list[_Piece] | None:
    """Return the pieces of the first way of writing that reads back as `children`."""
    simple = InlineStyle(labels=style.labels)
    labels = style.labels.values()
    wanted = _relabelled(children, style.labels)
    count = sum(1 for _ in _marks(children))
    if count <= _MOST_TRIED:
        choices = [*product("*_", repeat=count)]
    else:
        choices = [tuple("*_"[(n // step) % 2] for n in range(count)) for step in (count, 1, 2)]
    for eager in (False, True):
        for marks in choices:
            text = "\n".join(_lines(_Writer(children, simple, marks, eager).pieces(), None))
            if parse_inline(text, labels) == wanted:
                return _Writer(children, style, marks, eager).pieces()
    return None


def _relabelled(children: tuple[Inline, ...], labels: Mapping[str, str]) -> tuple[Inline, ...]:
    def one(node: Inline) -> Inline:
        match node:
            case Emphasis(inner):
                return Emphasis(_relabelled(inner, labels))
            case Strong(inner):
                return Strong(_relabelled(inner, labels))
            case Strikethrough(inner):
                return Strikethrough(_relabelled(inner, labels))
            case Link():
                return Link(node.url, _relabelled(node.children, labels), node.title)
            case FootnoteReference(label):
                return FootnoteReference(labels[label])
            case _:
                return node

    return joined(map(one, children))


def _marks(children: tuple[Inline, ...]) -> Iterator[Inline]:
    """Yield the nodes that are written with `*` or `_`, in order."""
    for node in children:
        if isinstance(node, Emphasis | Strong):
            yield node
        if isinstance(node, Emphasis | Strong | Strikethrough | Link):
            yield from _marks(node.children)


def _without_a_mark(children: tuple[Inline, ...]) -> tuple[tuple[Inline, ...], Loss]:
    """Return `children` with one formatted node written plain: the last, so that it ends."""
    found: list[Inline] = []
    loss: Loss | None = None
    for node in reversed(children):
        if loss is None and isinstance(node, Emphasis | Strong | Strikethrough):
            loss = Loss(
                what=f"formatting of {plain(node.children)!r}",
                how="written plain",
                why="Markdown has no marks for it between these characters",
            )
            found.extend(reversed(node.children))
        elif loss is None and isinstance(node, Link) and any(True for _ in _marks(node.children)):
            inner, loss = _without_a_mark(node.children)
            found.append(Link(node.url, inner, node.title))
        else:
            found.append(node)
    if loss is None:
        # nothing left to take away: the words alone
        loss = Loss(
            what=f"formatting of {plain(children)!r}",
            how="written as plain text",
            why="Markdown has no marks for it between these characters",
        )
        return (Text(plain(children)),), loss
    return joined(reversed(found)), loss


class _Writer:
    """Writes inline content in pieces. `marks` are the characters for emphasis, in order."""

    def __init__(
        self,
        children: tuple[Inline, ...],
        style: InlineStyle,
        marks: tuple[str, ...] = (),
        eager: bool = False,
    ) -> None:
        self.children = children
        self.style = style
        self.marks = marks
        self.eager = eager
        self.is_risky = False
        self._count = 0

    @cached_property
    def _lonely(self) -> frozenset[str]:
        return _lonely_characters(self.children)

    def pieces(self) -> list[_Piece]:
        out: list[_Piece] = []
        self._count = 0
        self._inlines(self.children, out, in_link=False)
        return [_edged(out, i) for i in range(len(out))]

    def _inlines(self, children: tuple[Inline, ...], out: list[_Piece], *, in_link: bool) -> None:
        for node in children:
            match node:
                case Text(text):
                    if not in_link and _has_address(text):
                        self.is_risky = True
                    out.append(_Piece(self._text(text, in_link), "text"))
                case Emphasis(inner):
                    self._marked(inner, out, 1, in_link)
                case Strong(inner):
                    self._marked(inner, out, 2, in_link)
                case Strikethrough(inner):
                    out.append(_Piece("~~", "open"))
                    self._inlines(inner, out, in_link=in_link)
                    out.append(_Piece("~~", "close"))
                case Code(text):
                    if out and out[-1].text.endswith("`"):
                        self.is_risky = True
                    out.append(_Piece(_code(text), "code"))
                case Link():
                    self._link(node, out)
                case Image():
                    out.append(_Piece(self._image(node), "raw"))
                case LineBreak():
                    out.append(_Piece("  \n" if node.hard else "\n", "break"))
                case HtmlInline():
                    # deeper than the start of a footnote may stand
                    html = re.sub(r"\n(?=\[\^)", "\n    ", node.html)
                    out.append(_Piece(html, "raw"))
                case FootnoteReference(label):
                    out.append(_Piece(f"[^{self.style.labels[label]}]", "raw"))

    def _marked(
        self, inner: tuple[Inline, ...], out: list[_Piece], width: int, in_link: bool
    ) -> None:
        number, self._count = self._count, self._count + 1
        mark = (self.marks[number] if number < len(self.marks) else "*") * width
        out.append(_Piece(mark, "open"))
        self._inlines(inner, out, in_link=in_link)
        out.append(_Piece(mark, "close"))

    def _link(self, link: Link, out: list[_Piece]) -> None:
        if (address := _as_autolink(link)) is not None:
            out.append(_Piece(f"<{address}>", "raw"))
            return
        out.append(_Piece("[", "raw"))
        self._inlines(link.children, out, in_link=True)
        out.append(_Piece(f"]({_target(link.url, link.title)})", "raw"))

    def _image(self, image: Image) -> str:
        if self.style.image is not None:
            return self.style.image(image)
        if _has_address(image.alt):
            self.is_risky = True
        return f"![{self._text(image.alt, True)}]({_target(image.url, image.title)})"

    def _text(self, text: str, in_link: bool) -> str:
        if self.eager:
            text = _PUNCTUATION.sub(r"\\\g<0>", text)
            return text.replace("\n", "&#10;").replace("\r", "&#13;")
        if not _SPECIAL.search(text):
            return text
        return _SPECIAL.sub(lambda found: self._escaped(found, in_link), text)

    def _escaped(self, found: re.Match[str], in_link: bool) -> str:
        run, text = found[0], found.string
        before, after = text[: found.start()][-1:], text[found.end() : found.end() + 1]
        match run[0]:
            case "\\":
                keep = bool(after) and after not in "\n\r" and not _PUNCTUATION.match(after)
            case "`":
                keep = "`" in self._lonely
            case "_":
                keep = "_" in self._lonely or (before.isalnum() and after.isalnum())
            case "*" | "~":
                keep = run[0] in self._lonely or (before.isspace() and after.isspace())
            case "[":
                keep = not in_link and not _NOTE.match(text, found.start())
            case "]":
                keep = not in_link and after != "("
            case "<":
                keep = not re.match(r"[A-Za-z/!?]", after)
            case "&":
                keep = not ENTITY.match(text, found.start())
            case _:
                return f"&#{ord(run)};"
        return run if keep else "".join(f"\\{character}" for character in run)


def _lonely_characters(children: tuple[Inline, ...]) -> frozenset[str]:
    """Return the marks that stand once at most, with nothing they could pair up with."""
    texts: list[str] = []
    taken = ""
    waiting = [*children]
    while waiting:
        match waiting.pop():
            case Text(text):
                texts.append(text)
            case Emphasis(inner) | Strong(inner):
                taken += "*_"
                waiting += inner
            case Strikethrough(inner):
                taken += "~"
                waiting += inner
            case LineBreak():
                pass
            case Link() as link if not link.title:
                waiting += link.children
            case _:
                taken += "`"
    found: dict[str, int] = {}
    for text in texts:
        for run in _SPECIAL.findall(text):
            found[run[0]] = found.get(run[0], 0) + 1
    return frozenset(mark for mark in "`*_~" if mark not in taken and found.get(mark, 0) <= 1)


def _as_autolink(link: Link) -> str | None:
    """Return what to write between angle brackets, if `link` can be written so."""
    match link:
        case Link(url, (Text(text),), "") if normalizeLink(url) == url:
            if url == f"mailto:{text}" and _EMAIL.fullmatch(text):
                return text
            if normalizeLinkText(url) == text and _AUTOLINK.fullmatch(url):
                return url
    return None


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    runs = {len(run) for run in re.findall("`+", text)}
    width = next(n for n in range(1, longest + 2) if n not in runs)
    fence = "`" * width
    touches = text.startswith("`") or text.endswith("`")
    stripped = text.startswith(" ") and text.endswith(" ") and text.strip(" ")
    pad = " " if touches or stripped else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _target(url: str, title: str) -> str:
    """Return the address and title of a link or image as they stand between its parentheses."""
    address = ENTITY.sub(r"\\\g<0>", re.sub(r"\\(?=[!-/:-@\[-`{-~])", r"\\\\", url))
    if re.search(r"[\s\x00-\x20\x7f]", url) or url.startswith("<") or not _is_balanced(url):
        address = "<" + re.sub("[<>]", r"\\\g<0>", address) + ">"
    elif not url and title:
        address = "<>"
    if not title:
        return address
    words = re.sub(r'\\(?=[!-/:-@\[-`{-~])|\\$|"', r"\\\g<0>", title)
    words = ENTITY.sub(r"\\\g<0>", words).replace("\n", "&#10;").replace("\r", "&#13;")
    return f'{address} "{words}"'


def _is_balanced(url: str) -> bool:
    depth = 0
    for character in url:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def _edged(pieces: list[_Piece], index: int) -> _Piece:
    """Return a piece as its neighbours need it: blanks at the edges of lines and marks would be
    taken for layout, and an exclamation mark before a link would make an image of it."""
    piece = pieces[index]
    if piece.kind != "text" or not piece.text:
        return piece
    text = piece.text
    before = pieces[index - 1] if index else None
    after = pieces[index + 1] if index + 1 < len(pieces) else None
    if text[0].isspace() and (before is None or before.kind in ("break", "open")):
        text = re.sub(r"^\s+", _as_entities, text)
    if text[-1].isspace() and (after is None or after.kind in ("break", "close")):
        # a backslash that stood before a blank is none before an entity
        text = re.sub(r"(?<!\\)((?:\\\\)*)\\(?=\s+$)", r"\1\\\\", text)
        text = re.sub(r"\s+$", _as_entities, text)
    if before is not None and before.text.startswith("[^") and text.startswith(":"):
        # at the start of a line it would define the footnote
        text = f"\\{text}"
    if after is not None and after.text[:1] == "[" and (found := _LAST.search(text)):
        text = text if len(found[1]) % 2 else text[:-1] + r"\!"
    return piece._replace(text=text)


def _as_entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(c)};" if isValidEntityCode(ord(c)) else c for c in found[0])


def _is_plain_mark(pieces: list[_Piece], index: int) -> bool:
    """Tell whether a mark can only be what it is meant as (CommonMark 0.31.2, section 6.2)."""
    piece = pieces[index]
    if piece.kind not in ("open", "close"):
        return True
    before = next((p.text[-1] for p in reversed(pieces[:index]) if p.text), " ")
    after = next((p.text[0] for p in pieces[index + 1 :] if p.text), " ")
    if piece.text[0] in (before, after):
        return False
    left = not _is_blank(after) and (
        not _is_punctuation(after) or _is_blank(before) or _is_punctuation(before)
    )
    right = not _is_blank(before) and (
        not _is_punctuation(before) or _is_blank(after) or _is_punctuation(after)
    )
    return left and not right if piece.kind == "open" else right and not left


def _is_blank(character: str) -> bool:
    return isWhiteSpace(ord(character))


def _is_punctuation(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def _lines(pieces: Sequence[_Piece], guard: Callable[[str], str] | None) -> list[str]:
    """Return the pieces as lines; line ends inside raw HTML do not begin a new one."""
    lines: list[str] = []
    line = stretch = ""
    for piece in (*pieces, _Piece("", "break")):
        if piece.kind in ("code", "break"):
            line += guard(stretch) if guard and stretch else stretch
            stretch = ""
        if piece.kind == "break":
            ending = piece.text.rstrip("\n")
            # two spaces alone would be a blank line
            lines.append(line + ending if line else "\\"[: len(ending)])
            line = ""
        elif piece.kind == "code":
            line += piece.text
        else:
            stretch += piece.text
    return lines
