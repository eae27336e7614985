"""Rich text: plain characters with links, mentions and hashtags marked by where they stand."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, Final

import regex

from copydesk.core.findings import Loss
from copydesk.transformation.document import is_remote
from copydesk.transformation.nodes import Code, CodeBlock, Document, Link, Text, plain
from copydesk.transformation.text import to_text


class SpanKind(StrEnum):
    """What a stretch of text is."""

    LINK = "link"
    MENTION = "mention"
    TAG = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of text, `start` to `end` in code points. `target` is the address of a link, the
    name of a mention or hashtag without its sign."""

    start: int
    end: int
    kind: SpanKind
    target: str


@dataclass(frozen=True, slots=True)
class RichText:
    """Characters and the spans on them, in order, none over another."""

    text: str
    spans: tuple[Span, ...] = ()


#: Scripts written without spaces between words: a sign may follow their letters directly.
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER: Final = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]"
#: What no address contains unencoded: spaces, quotes, angle brackets, and the marks that end or set
#: off words where no space does.
_STOP: Final = r"\s<>\"`“”„«»、。「-】〔〕！（），；？"
_LABEL: Final = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?"
_TOP: Final = (
    rf"(?:xn--[A-Za-z0-9-]+|[A-Za-z]{{2,63}}(?!{_LETTER})|[\p{{L}}--[A-Za-z]][\p{{L}}\p{{M}}]+)"
)
_HOST: Final = rf"(?:{_LABEL}\.)+{_TOP}|localhost|\d{{1,3}}(?:\.\d{{1,3}}){{3}}|\[[0-9A-Fa-f:.]+\]"
_REST: Final = rf"(?:[/?#][^{_STOP}]*)?"

_TOKEN: Final = regex.compile(
    rf"(?<!{_LETTER}|[@/&=.+#$%-])(?:"
    rf"(?P<link>[Hh][Tt][Tt][Pp][Ss]?://(?:[^\s/?#@<>\"]+@)?(?:{_HOST})(?::\d{{1,5}})?{_REST}"
    rf"|[Ww][Ww][Ww]\.(?:{_LABEL}\.)+{_TOP}{_REST})"
    r"|@(?P<mention>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
    rf"(?:@(?:[\p{{L}}\p{{N}}-]+\.)+[\p{{L}}\p{{N}}]{{2,}})?)(?!@|{_LETTER})"
    r"|[#＃](?P<tag>[\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_\u200c\u30fb\u00b7]*)"
    r")",
    regex.V1,
)
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_TRAILING: Final = ".,;:!?'*_~…’‘|"


def find_spans(text: str) -> tuple[Span, ...]:
    """Return the addresses, mentions (`@name`, `@name.example.org`, `@name@host`) and hashtags that
    stand in plain `text`.

    Addresses begin with http://, https:// or www.; punctuation behind them and brackets that they
    do not open are not theirs. Hashtags are of any script and have at least one letter.
    """
    if not any(sign in text for sign in ("://", "@", "#", "＃")) and "www." not in text.lower():
        return ()
    found: list[Span] = []
    for match in _TOKEN.finditer(text):
        start = match.start()
        if (link := match["link"]) is not None:
            link = _without_punctuation(link)
            target = link if "://" in link else f"https://{link}"
            span = Span(start=start, end=start + len(link), kind=SpanKind.LINK, target=target)
        elif (name := match["mention"]) is not None:
            span = Span(start=start, end=match.end(), kind=SpanKind.MENTION, target=name)
        else:
            tag = match["tag"]
            span = Span(start=start, end=match.end(), kind=SpanKind.TAG, target=tag)
        found.append(span)
    return tuple(found)


def _without_punctuation(url: str) -> str:
    while url:
        last = url[-1]
        opener = _CLOSERS.get(last)
        is_unopened = opener is not None and url.count(last) > url.count(opener)
        if last not in _TRAILING and not is_unopened:
            break
        url = url[:-1]
    return url


# Where links and code begin and end, while text is made of them: code points that Unicode keeps for
# no character and that no text may contain.
_OPEN: Final = "\ufdd0"
_SHUT: Final = "\ufdd1"
_NUMBER_END: Final = "\ufdd2"
_DIGIT: Final = 0xFDE0
_MARK: Final = regex.compile(r"\ufdd0([\ufde0-\ufde9]+)\ufdd2|\ufdd1")
_RESERVED: Final = regex.compile(r"[\ufdd0-\ufdef]")


def to_rich_text(document: Document) -> tuple[RichText, tuple[Loss, ...]]:
    """Return `document` as rich text: links keep their words and carry their address in a span.

    Mentions, hashtags and addresses that are only written are marked too, except in code. Links
    that lead to no web or mail address lose it, with a loss for each.
    """
    marker = _Marker()
    marked, losses = to_text(marker.marked(document), images="drop")
    pieces: list[str] = []
    spans: list[Span] = []
    taken: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []
    length = position = 0
    for mark in _MARK.finditer(marked):
        piece = marked[position : mark.start()]
        pieces.append(piece)
        length += len(piece)
        position = mark.end()
        if mark[1]:
            opened.append((length, int("".join(chr(ord(c) - _DIGIT + 48) for c in mark[1]))))
        elif opened:
            start, number = opened.pop()
            target = marker.targets[number]
            if start < length:
                taken.append((start, length))
                if target:
                    spans.append(Span(start=start, end=length, kind=SpanKind.LINK, target=target))
    pieces.append(marked[position:])
    text = "".join(pieces)
    taken.sort()
    spans += [
        span
        for span in find_spans(text)
        if not any(start < span.end and span.start < end for start, end in taken)
    ]
    ordered = tuple(sorted(spans, key=lambda span: span.start))
    return RichText(text, ordered), (*losses, *marker.losses)


class _Marker:
    """Puts marks around the links and the code of a tree."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.losses: list[Loss] = []

    def marked(self, node: Any) -> Any:
        """Return `node` (any part of a tree) with marks as text around links and code."""
        match node:
            case tuple():
                found: list[Any] = []
                for child in node:
                    if isinstance(child, Link):
                        inner = self.marked(child.children) or (Text(child.url),)
                        found += self.between(self.target(child), *inner)
                    elif isinstance(child, Code):
                        found += self.between("", Code(_RESERVED.sub("", child.text)))
                    else:
                        found.append(self.marked(child))
                return tuple(found)
            case Text(text):
                return Text(_RESERVED.sub("", text))
            case CodeBlock():
                first, code, last = self.between(
                    "", Text(_RESERVED.sub("", node.text).rstrip("\n"))
                )
                return replace(node, text=first.text + code.text + last.text)
            case _ if is_dataclass(node) and not isinstance(node, type):
                changed = {
                    name: self.marked(value)
                    for name in (field.name for field in fields(node) if field.init)
                    if isinstance(value := getattr(node, name), tuple)
                }
                return replace(node, **changed)
            case _:
                return node

    def between(self, target: str, *inner: Any) -> tuple[Any, ...]:
        number = "".join(chr(_DIGIT + int(digit)) for digit in str(len(self.targets)))
        self.targets.append(target)
        return (Text(_OPEN + number + _NUMBER_END), *inner, Text(_SHUT))

    def target(self, link: Link) -> str:
        if link.url.startswith(("http://", "https://", "mailto:")):
            return link.url
        self.losses.append(
            Loss(
                what=f"link to {link.url}",
                how=f"only its words are kept: {plain(link.children)!r}",
                why="it leads to no web address"
                if is_remote(link.url)
                else "it is not a whole address",
            )
        )
        return ""


def utf8_offset(text: str, position: int) -> int:
    """Return the offset in UTF-8 bytes of the code point `position` of `text`."""
    return len(text[:position].encode("utf-8"))


def utf16_offset(text: str, position: int) -> int:
    """Return the offset in UTF-16 code units of the code point `position` of `text`."""
    return len(text[:position].encode("utf-16-le")) // 2
