"""Turns: the words by which an author takes something back ("no wait", "Korrektur:", "digo").

Lists of phrases in the languages of `turns.toml`, and where in a text each of them is a turn: some
need a pause before them, some the begin of a line.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from copydesk.core.phrases import Phrases

WORD: Final = re.compile(r"\w+(?:['’]\w+)*")

_KINDS: Final = ("plain", "spoken", "doubtful", "whole", "label")
#: So far back a pause or the begin of a line is looked for, in characters.
_BESIDE: Final = 30
_PAUSE: Final = re.compile(r"(?:^|[,;:.!?…(\n–—]|\s-)[\s*_]*\Z")
_BEGIN: Final = re.compile(r"(?:^|\n|[.!?…]\s)[\s*_>(\[]*\Z")
_COLON: Final = re.compile(r"[*_]*\s?[:：]")
_MARK: Final = re.compile(r"\s?[,;:.!–—-]")
#: Between turns that are one: "no, wait, sorry".
_LINK: Final = re.compile(r"[\s,.…!–—-]{0,4}\Z")


class Turn(NamedTuple):
    """A turn of a text: the list it is in, and `[start, end)` in code points."""

    kind: str
    start: int
    end: int


def find_turns(text: str) -> list[Turn]:
    """Return the turns of a text, those that follow each other as one."""
    matches = sorted(_phrases().find(text), key=lambda m: (m[1].start(), -m[1].end(), -m[0]))
    turns: list[Turn] = []
    for number, match in matches:
        kind, start, end = _KINDS[number], *match.span()
        if kind == "label":
            colon = _COLON.match(text, end)
            if colon is None or not _BEGIN.search(text, max(0, start - _BESIDE), start):
                continue
            end = colon.end()
        last = turns[-1] if turns else None
        if last is not None and start < last.end:
            continue
        linked = last is not None and _LINK.match(text[last.end : start]) is not None
        pause = _PAUSE.search(text, max(0, start - _BESIDE), start)
        if kind == "doubtful" and not linked:
            denies = match[0].casefold() in _lists()["denied"]
            if pause is None or (denies and not _MARK.match(text, end)):
                continue  # "20, no 30" says that it is not 30
        if linked and last is not None:
            strongest = min(last.kind, kind, key=("label", "whole", *_KINDS).index)
            turns[-1] = Turn(strongest, last.start, end)
        else:
            turns.append(Turn(kind, start, end))
    return turns


def light() -> frozenset[str]:
    """Return the words that may stand between a turn and the value it brings."""
    return _lists()["light"]


def denying() -> frozenset[str]:
    """Return the phrases that name a value which does not hold."""
    return _lists()["denied"]


@cache
def _lists() -> dict[str, frozenset[str]]:
    path = resources.files("copydesk.core").joinpath("turns.toml")
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    light = frozenset(read.pop("light").split())
    return {"light": light} | {
        name: frozenset(" ".join(phrase.split()) for phrase in row.split("|"))
        for name, row in read.items()
    }


@cache
def _phrases() -> Phrases:
    rows = [_lists()[kind] for kind in _KINDS]
    return Phrases([row | {phrase.replace(" ", ", ", 1) for phrase in row} for row in rows])
