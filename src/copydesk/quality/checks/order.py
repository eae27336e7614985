"""Order: what belongs together stays together.

Finds things that traded places: every word survived, but "from monthly to yearly" became "from
yearly to monthly". Only what changed its order is looked at, and only where each now stands beside
the other's old neighbours does it count; a sentence that was merely turned round does not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import Ledger, ProtectedToken, TokenClass
from copydesk.quality.comparison import Comparison
from copydesk.quality.pairings import Pairing
from copydesk.quality.wording import Sentence, Word, Wording

NAME = "order"
VERSION = 2

#: So many things of a pairing are compared with each other at most.
_MOST: Final = 60
_SHORTEST: Final = 3
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


class _Thing(NamedTuple):
    """What can trade places: of what kind it is ("" for a word like any other), and what it is."""

    kind: str
    key: str
    word: Word


class _Side:
    """One of the two texts, and where its values and addresses stand."""

    def __init__(self, ledger: Ledger, wording: Wording) -> None:
        self._ledger, self._wording = ledger, wording
        self._tokens = [token for token in ledger.tokens if token.cls in _VALUES]
        self._starts = [token.start for token in self._tokens]

    def rows(self, sentences: Sequence[Sentence]) -> list[list[_Thing]]:
        """Return the things of each sentence, in order."""
        rows = []
        for sentence in sentences:
            row: list[_Thing] = []
            for word in self._wording.within(sentence.number):
                at = bisect_right(self._starts, word.start) - 1
                token = self._tokens[at] if at >= 0 and word.start < self._tokens[at].end else None
                thing = _thing(self._ledger, self._wording, word, token)
                if thing and not (row and thing.kind and row[-1].key == thing.key):
                    row.append(thing)
            rows.append(row)
        return rows


_Rows = Sequence[Sequence[_Thing]]
_Places = dict[str, list[tuple[int, int]]]


def check(comparison: Comparison) -> CheckResult:
    """Look for things that traded places.

    Returns:
        `flagged` with one piece of evidence per trade, `passed` if there is none.
    """
    evidence = () if comparison.is_unchanged else tuple(_traded(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _traded(comparison: Comparison) -> Iterator[Evidence]:
    changed_pairings = [p for p in comparison.pairings if not comparison.is_alike(p)]
    if not changed_pairings:
        return
    source = _Side(comparison.source, comparison.ours)
    text = _Side(comparison.text, comparison.theirs)
    changed = [(p, source.rows(p.source), text.rows(p.text)) for p in changed_pairings]
    ours = [row for _, rows, _ in changed for row in rows]
    theirs = [row for _, _, rows in changed for row in rows]
    traded = _swapped(comparison, ours, theirs, of_a_kind=True)
    if traded:
        yield comparison.at(traded[0], f"traded places with {traded[1].bare!r}", "order.of_a_kind")
    tokens = (*comparison.source.of(TokenClass.NAME), *comparison.text.of(TokenClass.NAME))
    names = {word for token in tokens for word in token.norm.split()}
    for pairing, mine, other in changed:
        if not (pairing.source and pairing.text):
            continue
        swapped = _swapped(comparison, mine, other, of_a_kind=False)
        if swapped:
            message = f"traded places with {swapped[1].bare!r}"
            yield comparison.at(swapped[0], message, "order.neighbours")
        elif not traded:
            yield from _reordered(comparison, pairing, names)


def _swapped(
    comparison: Comparison, source: _Rows, text: _Rows, *, of_a_kind: bool
) -> tuple[Word, Word] | None:
    """Return the first two things that traded places; only those of one kind, or only others."""
    mine, theirs = _places(source, of_a_kind), _places(text, of_a_kind)
    idea = comparison.theirs.idea
    common = [key for key in mine if key in theirs]
    places_in_text = [theirs[key][0] for key in common]
    if not of_a_kind and places_in_text == sorted(places_in_text):
        return None  # what stood behind another thing still does
    moved: list[tuple[str, frozenset[str], frozenset[str]]] = []
    for key in common:
        if len(moved) >= _MOST:
            break
        before = _neighbours(source, mine[key], idea)
        after = _neighbours(text, theirs[key], idea)
        if before.isdisjoint(after):
            moved.append((key, before, after))
    for at, (one, before, after) in enumerate(moved):
        for other, others_before, others_after in moved[at + 1 :]:
            places = mine[one][0], mine[other][0], theirs[one][0], theirs[other][0]
            if _touch(*places[:2]) or _touch(*places[2:]):
                continue
            if not of_a_kind and places[2] < places[3]:
                continue
            first, second = _at(source, places[0]), _at(source, places[1])
            crossed = not before.isdisjoint(others_after), not others_before.isdisjoint(after)
            if first.kind == second.kind and (all(crossed) or (of_a_kind and any(crossed))):
                return _at(text, places[2]).word, _at(text, places[3]).word
    return None


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] == other[0] and abs(one[1] - other[1]) <= 1


def _at(rows: _Rows, place: tuple[int, int]) -> _Thing:
    return rows[place[0]][place[1]]


def _places(rows: _Rows, of_a_kind: bool) -> _Places:
    """Return where each thing that can trade places stands, as (row, place)."""
    found: _Places = {}
    for number, row in enumerate(rows):
        for place, thing in enumerate(row):
            if thing.kind if of_a_kind else not thing.kind and len(thing.word.bare) >= _SHORTEST:
                found.setdefault(thing.key, []).append((number, place))
    return found


def _neighbours(
    rows: _Rows, places: Sequence[tuple[int, int]], idea: Callable[[str], str]
) -> frozenset[str]:
    """Return what stands right before and after a thing, wherever it stands."""
    found = set()
    for number, place in places:
        row = rows[number]
        if place:
            found.add(f"after {idea(row[place - 1].word.stem)}")
        if place + 1 < len(row):
            found.add(f"before {idea(row[place + 1].word.stem)}")
    return frozenset(found)


def _thing(
    ledger: Ledger, wording: Wording, word: Word, token: ProtectedToken | None
) -> _Thing | None:
    """Return what a word is as a thing; None for an article."""
    if word.bare in _SILENT and not ledger.text[word.start].isupper():
        return None
    members = wording.members_of_stem(word.stem)
    if members:
        row, member = min(members)
        return _Thing(f"kind {row}", f"kind {row} {member}", word)
    if token is not None:
        numeric = token.cls in _NUMBERS
        if numeric and not word.bare[:1].isdigit() and " " in token.text:
            return _Thing("", word.stem, word)  # the unit of a number is its neighbour
        kind = "value" if numeric else token.cls.value
        return _Thing(
            kind, f"{kind} {token.norm.partition(' ')[0] if numeric else token.norm}", word
        )
    if word.end - word.start == 1 and ledger.text[word.start].isupper() and word.bare != "i":
        return _Thing("letter", f"letter {word.bare}", word)
    return _Thing("", word.stem, word)


def _reordered(
    comparison: Comparison, pairing: Pairing, names: Collection[str]
) -> Iterator[Evidence]:
    """Names or values that all survived within one sentence, but not in their order."""
    if len(pairing.source) != 1 or len(pairing.text) != 1:
        return
    ours, theirs = pairing.source[0], pairing.text[0]
    for noun, mine, other in (
        ("names", _of(ours, names), _of(theirs, names)),
        ("values", _values(comparison.source, ours), _values(comparison.text, theirs)),
    ):
        if mine != other and sorted(mine) == sorted(other):
            message = f"the order of {noun} changed: {', '.join(mine)}"
            yield comparison.spanning([theirs], "text", message, f"order.{noun}")


def _of(sentence: Sentence, names: Collection[str]) -> list[str]:
    return list(dict.fromkeys(word for word in sentence.words if word in names))


def _values(ledger: Ledger, sentence: Sentence) -> list[str]:
    classes = (TokenClass.NUMBER, TokenClass.MONEY, TokenClass.PERCENT, TokenClass.UNIT)
    inside = (t for t in ledger.of(*classes) if sentence.start <= t.start < sentence.end)
    return list(dict.fromkeys(token.norm for token in inside))
