"""Marks stretches of a text that read like instructions to a machine, however disguised.

A mark routes the text to a person and shows where; it never changes or refuses a text. Patterns are
data (`injection.toml`); `disguises` undoes what hides them, `foreign_tasks` finds work that has
nothing to do with the rest of the message, however it is worded.

Measured (2026-11): every attack of a public set that the patterns were written with, all of 23
worded afresh by us and kept apart, none of 50 clean mails, 8 of 10,488 chat lines. Attackers
word theirs in other ways still, so a mark is a hint. What holds is that the text is fenced on its
way in and its output compared with the source.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from copydesk.core.checks import Evidence
from copydesk.core.patterns import Patterns
from copydesk.core.sentences import sentences
from copydesk.core.words import fold, told, told_by
from copydesk.quality.disguises import encoded, ways_to_hide
from copydesk.quality.foreign_tasks import foreign_tasks

_HIDDEN = re.compile(
    r"[\u00ad\u200b\u200c\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)

#: Marks of texts up to so many code points are remembered, so that memory stays bounded.
_SHORT = 20_000


class _Instructions(NamedTuple):
    """The patterns of `injection.toml`: `anywhere` in a sentence, or a task where one may begin.

    A strong one marks a disguise too.
    """

    anywhere: Patterns
    tasks: Patterns
    strong: Patterns


@cache
def _patterns() -> _Instructions:
    path = resources.files("copydesk.quality").joinpath("injection.toml")
    data: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return _Instructions(
        Patterns(row for kind, rows in data.items() if kind != "task" for row in rows),
        # A task smuggled into the middle of somebody's sentence still starts with its own capital.
        Patterns(data["task"], before=r"(?:\A|(?<!\w)(?-i:(?=[A-Z])))"),
        Patterns(data["strong"]),
    )


def instructions(text: str) -> list[Evidence]:
    """Return the instruction-like spans of a text, in order, with places in code points.

    Linear in the text: sentences are looked at one by one, and every gap in a pattern has a bound.
    """
    return list(_remembered(text) if len(text) <= _SHORT else _marks(text))


def _marks(text: str) -> tuple[Evidence, ...]:
    found = list(_hidden(text))
    found += (_mark("an encoded block of text", text, *place) for place in encoded(text))
    spans = sentences(text)
    foreign = dict(foreign_tasks(text, spans))
    pieces = [_plain(text[start:end]) for start, end in spans]
    whole = text if text.isascii() else "\n".join(pieces)
    patterns, tells = _patterns(), told_by(whole)
    rows = [*patterns.anywhere.possible(tells), *patterns.tasks.possible(tells)]
    ways = ways_to_hide(whole)
    disguised: list[tuple[tuple[int, int], str]] = []
    for (start, end), piece in zip(spans, pieces, strict=True):
        folded = fold(piece) if rows else ""
        if any(row.search(piece, folded) for row in rows):
            found.append(_mark("reads like an instruction to a machine", text, start, end))
        else:
            disguised += [((start, end), meant) for way in ways for meant in way(piece)]
    found += (_mark("a disguised instruction", text, *place) for place in _strong(disguised))
    found += (
        _mark("a task that has nothing to do with the rest", text, start, end)
        for start, end in foreign.items()
        if not any(mark.start <= start < mark.end for mark in found)
    )
    return tuple(sorted(found, key=lambda evidence: evidence.start))


def _strong(readings: Sequence[tuple[tuple[int, int], str]]) -> list[tuple[int, int]]:
    """Return the places of which one reading is a strong sign, each once and in order."""
    if not readings:
        return []
    rows = _patterns().strong.possible(told("\n".join(meant for _, meant in readings)))
    strong = (at for at, meant in readings if any(row.pattern.search(meant) for row in rows))
    return list(dict.fromkeys(strong))


def _plain(piece: str) -> str:
    """Return a sentence without the marks before it, look-alikes and what people do not see."""
    if not piece.isascii():
        piece = _HIDDEN.sub("", unicodedata.normalize("NFKC", piece))
    return piece.lstrip("\"'“”‘’([*_->:| ")


# Several checks ask about the same source.
_remembered = lru_cache(maxsize=16)(_marks)


def _mark(message: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(message=message, span=text[start:end], where="source", start=start, end=end)


def _hidden(text: str) -> Iterator[Evidence]:
    """Yield one mark for a text with characters that people do not see."""
    places = [] if text.isascii() else [match.start() for match in _HIDDEN.finditer(text)]
    joiners = sum(text[at] in "\u00ad\u200c" for at in places)
    # A soft hyphen or a non-joiner is ordinary typography; a tag or a direction override is not.
    if len(places) > joiners:
        yield _mark("characters that people do not see", text, places[0], places[-1] + 1)
