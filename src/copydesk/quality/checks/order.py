"""Order: what belongs together stays together.

Finds things that traded places: every word survived, but "from monthly to yearly" became "from
yearly to monthly". Only what changed its order is looked at, and only where each now stands beside
the other's old neighbours does it count; a sentence that was merely turned round does not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import Ledger, ProtectedToken, TokenClass
from copydesk.quality.comparison import Comparison, Pairing
from copydesk.quality.wording import Sentence, Word, Wording

NAME = "order"
VERSION = 1

#: So many things of a pairing are compared with each other at most.
_MOST: Final = 60
_SILENT: Final = frozenset(
    (
        "a",
        "an",
        "the",
        "der",
        "die",
        "das",
        "le",
        "la",
        "les",
        "el",
        "los",
        "las",
        "un",
        "una",
        "une",
    )
)
_NUMBERS: Final = frozenset(
    {TokenClass.NUMBER, TokenClass.UNIT, TokenClass.MONEY, TokenClass.PERCENT}
)
_VALUES: Final = frozenset(TokenClass) - {TokenClass.NAME, TokenClass.QUOTE}


@dataclass(slots=True)
class _Thing:
    """What can trade places: where it stands, of what kind it is ("" for a word like any other),
    and what stands right before and after it."""

    word: Word
    place: int
    kind: str
    neighbours: set[str]


def check(comparison: Comparison) -> CheckResult:
    """Look for things that traded places.

    Returns:
        `flagged` with one piece of evidence per trade, `passed` if there is none.
    """
    evidence = () if comparison.is_unchanged else tuple(_traded(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _traded(comparison: Comparison) -> Iterator[Evidence]:
    ours, theirs = comparison.ours.sentences, comparison.theirs.sentences
    traded = _swapped(comparison, ours, theirs, of_a_kind=True)
    if traded:
        yield comparison.at(traded[0], f"traded places with {traded[1].bare!r}", "order.of_a_kind")
    for pairing in comparison.pairings:
        if not (pairing.source and pairing.text) or comparison.is_alike(pairing):
            continue
        swapped = _swapped(comparison, pairing.source, pairing.text, of_a_kind=False)
        if swapped:
            message = f"traded places with {swapped[1].bare!r}"
            yield comparison.at(swapped[0], message, "order.neighbours")
        elif not traded:
            yield from _reordered(comparison, pairing)


def _swapped(
    comparison: Comparison,
    source: Sequence[Sentence],
    text: Sequence[Sentence],
    *,
    of_a_kind: bool,
) -> tuple[Word, Word] | None:
    """Return the first two things that traded places; only those of one kind, or only others."""
    mine = _things(comparison.source, comparison.ours, source)
    theirs = _things(comparison.text, comparison.theirs, text)
    shared = [key for key in mine if key in theirs and bool(mine[key].kind) is of_a_kind][:_MOST]
    for at, one in enumerate(shared):
        for other in shared[at + 1 :]:
            if mine[one].kind != mine[other].kind or _touch(mine[one], mine[other]):
                continue
            if theirs[one].place < theirs[other].place and not of_a_kind:
                continue
            if _touch(theirs[one], theirs[other]):
                continue
            kept = mine[one].neighbours & theirs[one].neighbours
            kept |= mine[other].neighbours & theirs[other].neighbours
            crossed = (
                mine[one].neighbours & theirs[other].neighbours,
                mine[other].neighbours & theirs[one].neighbours,
            )
            if not kept and (all(crossed) or (of_a_kind and any(crossed))):
                return theirs[one].word, theirs[other].word
    return None


def _touch(one: _Thing, other: _Thing) -> bool:
    return abs(one.place - other.place) <= 1


def _things(ledger: Ledger, wording: Wording, sentences: Sequence[Sentence]) -> dict[str, _Thing]:
    """Return what can trade places, by what it is: a kind's member, a token's norm, a stem."""
    tokens = [token for token in ledger.tokens if token.cls in _VALUES]
    starts = [token.start for token in tokens]
    found: dict[str, _Thing] = {}
    begin = 0
    for sentence in sentences:
        row: list[tuple[str, str, Word]] = []
        for word in wording.within(sentence):
            at = bisect_right(starts, word.start) - 1
            token = tokens[at] if at >= 0 and word.start < tokens[at].end else None
            kind, key = _key(ledger, wording, word, token)
            if key and not (row and kind and row[-1][1] == key):
                row.append((kind, key, word))
        for place, (kind, key, word) in enumerate(row):
            neighbours = {
                *(f"after {wording.idea(w.stem)}" for _, _, w in row[max(0, place - 1) : place]),
                *(f"before {wording.idea(w.stem)}" for _, _, w in row[place + 1 : place + 2]),
            }
            if key in found:
                found[key].neighbours |= neighbours
            elif kind or not wording.is_light(word):
                found[key] = _Thing(word, begin + place, kind, neighbours)
        begin += len(row) + 1
    return found


def _key(
    ledger: Ledger, wording: Wording, word: Word, token: ProtectedToken | None
) -> tuple[str, str]:
    """Return of what kind a word is, and what it is; nothing for an article."""
    members = wording.members_of_stem(word.stem)
    if members:
        row, member = min(members)
        return f"kind {row}", f"kind {row} {member}"
    if token is not None:
        if token.cls in _NUMBERS and not word.bare[:1].isdigit() and len(token.text.split()) > 1:
            return "", word.stem  # the unit of a number is its neighbour
        value = token.norm.partition(" ")[0] if token.cls in _NUMBERS else token.norm
        kind = "value" if token.cls in _NUMBERS else str(token.cls)
        return kind, f"{kind} {value}"
    written = ledger.text[word.start : word.end]
    if len(written) == 1 and written.isupper() and written != "I":
        return "letter", f"letter {written}"
    return ("", "") if word.bare in _SILENT else ("", word.stem)


def _reordered(comparison: Comparison, pairing: Pairing) -> Iterator[Evidence]:
    """Names or values that all survived within one sentence, but not in their order."""
    if len(pairing.source) != 1 or len(pairing.text) != 1:
        return
    ours, theirs = pairing.source[0], pairing.text[0]
    tokens = (*comparison.source.of(TokenClass.NAME), *comparison.text.of(TokenClass.NAME))
    names = {word for token in tokens for word in token.norm.split()}
    for noun, mine, other in (
        ("names", _of(ours, names), _of(theirs, names)),
        ("values", _values(comparison.source, ours), _values(comparison.text, theirs)),
    ):
        if mine != other and sorted(mine) == sorted(other):
            message = f"the order of {noun} changed: {', '.join(mine)}"
            yield comparison.spanning([theirs], "text", message, f"order.{noun}")


def _of(sentence: Sentence, names: set[str]) -> list[str]:
    return list(dict.fromkeys(word for word in sentence.words if word in names))


def _values(ledger: Ledger, sentence: Sentence) -> list[str]:
    classes = (TokenClass.NUMBER, TokenClass.MONEY, TokenClass.PERCENT, TokenClass.UNIT)
    inside = (t for t in ledger.of(*classes) if sentence.start <= t.start < sentence.end)
    return list(dict.fromkeys(token.norm for token in inside))
