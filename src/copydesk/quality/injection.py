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
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources

from copydesk.core.checks import Evidence
from copydesk.core.sentences import sentences
from copydesk.quality.disguises import encoded, undisguised
from copydesk.quality.foreign_tasks import foreign_tasks

_HIDDEN = re.compile(
    r"[\u00ad\u200b\u200c\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)

#: Marks of texts up to so many code points are remembered, so that memory stays bounded.
_SHORT = 20_000


class _Patterns:
    """The patterns of `injection.toml`: any of them marks a sentence, a strong one a disguise too.

    Matching without case is dear, so most are matched as they are, in small letters. That is the
    same but for the Turkish i; sentences with one are matched without case.
    """

    def __init__(self, data: Mapping[str, list[str]]) -> None:
        # A task smuggled into the middle of somebody's sentence still starts with its own capital.
        tasks = rf"(?:\A|(?<!\w)(?-i:(?=[A-Z])))(?:{_either(data['task'])})"
        rows = [row for kind, rows in data.items() if kind != "task" for row in rows]
        cased = "|".join([tasks, *(row for row in rows if "(?-i:" in row)])
        small = _either([row for row in rows if "(?-i:" not in row])
        self._cased = re.compile(cased, re.IGNORECASE | re.MULTILINE)
        self._small = re.compile(small, re.MULTILINE)
        self._any_case = re.compile(small, re.IGNORECASE | re.MULTILINE)
        self.strong = re.compile(_either(data["strong"]), re.IGNORECASE | re.MULTILINE)

    def match(self, sentence: str) -> bool:
        """Whether a sentence reads like an instruction."""
        turkish = not sentence.isascii() and ("ı" in sentence or "İ" in sentence)
        found = self._any_case.search(sentence) if turkish else self._small.search(sentence.lower())
        return found is not None or self._cased.search(sentence) is not None


@cache
def _patterns() -> _Patterns:
    path = resources.files("copydesk.quality").joinpath("injection.toml")
    return _Patterns(tomllib.loads(path.read_text(encoding="utf-8")))


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
    found = list(_hidden(text))
    found += (_mark("an encoded block of text", text, *place) for place in encoded(text))
    patterns = _patterns()
    spans = sentences(text)
    foreign = dict(foreign_tasks(text, spans))
    for start, end in spans:
        piece = text[start:end]
        if not piece.isascii():
            piece = _HIDDEN.sub("", unicodedata.normalize("NFKC", piece))
        plain = piece.lstrip("\"'“”‘’([*_->:| ")
        if patterns.match(plain):
            found.append(_mark("reads like an instruction to a machine", text, start, end))
        elif any(patterns.strong.search(meant) for meant in undisguised(plain)):
            found.append(_mark("a disguised instruction", text, start, end))
    found += (
        _mark("a task that has nothing to do with the rest", text, start, end)
        for start, end in foreign.items()
        if not any(mark.start <= start < mark.end for mark in found)
    )
    return tuple(sorted(found, key=lambda evidence: evidence.start))


# Several checks ask about the same source.
_remembered = lru_cache(maxsize=16)(_marks)


def _mark(message: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(message=message, span=text[start:end], where="source", start=start, end=end)


def _hidden(text: str) -> Iterator[Evidence]:
    """Yield one mark for a text with characters that people do not see."""
    places = [match.start() for match in _HIDDEN.finditer(text)]
    joiners = sum(text[at] in "\u00ad\u200c" for at in places)
    # A soft hyphen or a non-joiner is ordinary typography; a tag or a direction override is not.
    if len(places) > joiners:
        yield _mark("characters that people do not see", text, places[0], places[-1] + 1)
