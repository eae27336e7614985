"""Links, mentions and hashtags in plain text, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import regex


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
    stand in plain `text`, in order, none over another.

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
