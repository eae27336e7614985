"""Marks stretches of a text that read like instructions to a machine, however disguised.

A mark routes the text to a person and shows where; it never changes or refuses a text. Patterns are
data (`injection.toml`); this module undoes disguises (hidden characters, look-alike digits, spaced
letters) before it looks, and finds encoded blocks.

Measured: every attack of a public set that the patterns were written with, none of its 50 clean
mails, 6 of 10,430 chat lines; but only 3 of 20 attacks worded afresh. So a mark is a hint. What
holds is that the text is fenced on its way in and its output compared with the source.
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

from copydesk.core.checks import Evidence
from copydesk.core.sentences import sentences

_HIDDEN = re.compile(
    r"[\u00ad\u200b\u200c\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_LEET = str.maketrans("013457@$", "oieastas")
_LOOKALIKE = frozenset("013457@$")
_MIXED = re.compile(r"(?<![\w@$])[\d@$]*+[A-Za-z][\w@$]*")
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_]){4,80}\w(?!\w)")
_ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{40,}={0,2}(?![\w+/=])")

#: Marks of texts up to so many code points are remembered, so that memory stays bounded.
_SHORT = 20_000


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    path = resources.files("copydesk.quality").joinpath("injection.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    flags = re.IGNORECASE | re.MULTILINE
    # A task smuggled into the middle of somebody's sentence still starts with its own capital.
    opening = {"task": r"(?:\A|(?<!\w)(?-i:(?=[A-Z])))"}
    return {
        kind: re.compile(f"{opening.get(kind, '')}(?:{_either(rows)})", flags)
        for kind, rows in data.items()
    }


def _either(rows: list[str]) -> str:
    """Join patterns; where most begin with a word, that is tried once for all of them."""
    words = [row.removeprefix(r"\b") for row in rows if row.startswith(r"\b")]
    others = [row for row in rows if not row.startswith(r"\b")]
    return "|".join([*others, *([rf"\b(?=\w)(?:{'|'.join(words)})"] if words else [])])


def instructions(text: str) -> list[Evidence]:
    """Return the instruction-like spans of a text, in order, with places in code points.

    Linear in the text: sentences are looked at one by one, and every gap in a pattern has a bound.
    """
    return list(_remembered(text) if len(text) <= _SHORT else _marks(text))


def _marks(text: str) -> tuple[Evidence, ...]:
    found = [*_hidden(text), *_encoded(text)]
    patterns = _patterns()
    for start, end in sentences(text):
        piece = text[start:end]
        if not piece.isascii():
            piece = _HIDDEN.sub("", unicodedata.normalize("NFKC", piece))
        plain = piece.lstrip("\"'“”‘’([*_->:| ")
        for pattern in patterns.values():
            if pattern.search(plain):
                found.append(_mark("reads like an instruction to a machine", text, start, end))
                break
        else:
            if _disguised(plain, patterns["strong"]):
                found.append(_mark("a disguised instruction", text, start, end))
    return tuple(sorted(found, key=lambda evidence: evidence.start))


# Several checks ask about the same source.
_remembered = lru_cache(maxsize=16)(_marks)


def _mark(message: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(message=message, span=text[start:end], where="source", start=start, end=end)


def _disguised(plain: str, strong: re.Pattern[str]) -> bool:
    if _LOOKALIKE.isdisjoint(plain) and _SPACED.search(plain) is None:
        return False
    spaced = _SPACED.sub(lambda m: re.sub(r"[ .\-_]", "", m[0]) + " ", plain)
    lookalike = _MIXED.sub(lambda m: m[0].translate(_LEET), spaced)
    return lookalike != plain and bool(strong.search(lookalike))


def _hidden(text: str) -> Iterator[Evidence]:
    """Yield one mark for a text with characters that people do not see."""
    places = [match.start() for match in _HIDDEN.finditer(text)]
    joiners = sum(text[at] in "\u00ad\u200c" for at in places)
    # A soft hyphen or a non-joiner is ordinary typography; a tag or a direction override is not.
    if len(places) > joiners:
        yield _mark("characters that people do not see", text, places[0], places[-1] + 1)


def _encoded(text: str) -> Iterator[Evidence]:
    """Yield encoded blocks that hold readable text."""
    for match in _ENCODED.finditer(text):
        block = match[0].rstrip("=")[:400]
        block = block[: len(block) // 4 * 4]
        try:
            decoded = base64.b64decode(block, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if sum(c.isalpha() or c.isspace() for c in decoded) > 0.8 * len(decoded):
            yield _mark("an encoded block of text", text, *match.span())
