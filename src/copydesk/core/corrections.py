"""What an author took back while writing: "at 19:12, no wait, 10:28", "~~50~~ 60", "scratch that".

Such words no longer count: a text that leaves them out is right, and one that keeps them instead
of what replaced them is wrong. Found by rules alone. What is taken back is of the same kind as what
takes its place, or begins with the same word, so an apology ("sorry for the delay") takes nothing
back; and a clause that comes again with another value ("hold 20 - hold 30") is two clauses.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.ledger import Ledger, ProtectedToken, TokenClass
from copydesk.core.turns import WORD, Turn, denying, find_turns, light

Span = tuple[int, int]

#: How far from a turn stand what it takes back and what it brings, in characters.
_BACK: Final = 80
_AHEAD: Final = 40
_BESIDE: Final = 30
#: So many words are looked at before a turn, and so many after it at most.
_WORDS: Final = 8
_LONGEST: Final = 200
#: So many values are looked at above a line that corrects one, and so many below.
_NEAREST: Final = 100
_VALUES: Final = frozenset(
    {TokenClass.NUMBER, TokenClass.MONEY, TokenClass.PERCENT, TokenClass.UNIT, TokenClass.ID}
)
_STOP: Final = re.compile(r"[.!?…](?=\s)|\n\s*\n")
_LINE_END: Final = re.compile(r"[.!?…](?=\s)|\n")
_CLAUSE: Final = re.compile(r"[,;:.!?…)](?=\s|\Z)|[\n(–—]|\s-\s")
_STRUCK: Final = re.compile(r"~~(?=\S)[^~\n]{1,500}(?<=\S)~~")


@dataclass(frozen=True, slots=True)
class Correction:
    """What was taken back, the turn that says so, and what stands instead ((0, 0) for nothing).

    Spans are code points.
    """

    taken_back: tuple[Span, ...]
    turn: Span
    instead: Span = (0, 0)


def corrections(ledger: Ledger) -> tuple[Correction, ...]:
    """Return what the author of a text took back, in order of place.

    Args:
        ledger: of the text, in any language; the turns are those of `turns.toml`.
    """
    return tuple(sorted(_found(ledger), key=lambda correction: correction.turn))


def meant(ledger: Ledger) -> Ledger:
    """Return the ledger of a text without what its author took back in it."""
    return as_meant(ledger, corrections(ledger))


def as_meant(ledger: Ledger, found: Sequence[Correction]) -> Ledger:
    """Return the ledger of a text without what its author took back; every place stays the same."""
    if not found:
        return ledger
    gone: list[Span] = []
    for start, end in sorted(span for one in found for span in (*one.taken_back, one.turn)):
        if gone and start <= gone[-1][1]:
            gone[-1] = gone[-1][0], max(end, gone[-1][1])
        else:
            gone.append((start, end))
    letters = list(ledger.text)
    for start, end in gone:
        letters[start:end] = ["\n" if letter == "\n" else " " for letter in letters[start:end]]
    ends = [end for _, end in gone]
    kept = []
    for token in ledger.tokens:
        at = bisect_right(ends, token.start)
        if at == len(gone) or gone[at][0] >= token.end:
            kept.append(token)
    return Ledger("".join(letters), tuple(kept), ledger.language)


def _found(ledger: Ledger) -> Iterator[Correction]:
    text = ledger.text
    if "~~" in text:
        code = [(token.start, token.end) for token in ledger.of(TokenClass.CODE)]
        for match in _STRUCK.finditer(text):
            at = bisect_right(code, match.span()) - 1
            if at < 0 or code[at][1] <= match.start():
                yield Correction((match.span(),), match.span())
    turns = find_turns(text)
    if not turns:
        return
    search = _Search(ledger)
    for turn in turns:
        found = None
        if turn.kind == "label":
            found = search.labelled(turn)
        else:
            found = search.value(turn)
            if found is None and turn.kind == "plain":
                found = search.words(turn)
            elif found is None and turn.kind == "whole":
                found = search.clause(turn)
        if found is not None:
            yield found


class _Search:
    """A text in which there are turns, and what stands around them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._text = ledger.text
        self._tokens = [t for t in ledger.tokens if t.cls is not TokenClass.QUOTE]
        self._starts = [token.start for token in self._tokens]
        self._begins = [start for start, _ in ledger.sentences]

    def value(self, turn: Turn) -> Correction | None:
        """Return the value before a turn that the one behind it replaces, with what goes along."""
        at = bisect_left(self._starts, turn.end)
        before = self._before(turn)
        after = self._tokens[at : at + 4]
        if not after or not before or not self._is_light(turn, after[0].start):
            return None
        new, gone = after[0], list[ProtectedToken]()
        if len(after) > 1 and _says_same(before[0], new) and self._are_beside(new, after[1]):
            gone, new, after = [new], after[1], after[1:]  # "sorry, not 20 but 30"
        old = next((t for t in before if t.cls is new.cls and not _says_same(t, new)), None)
        old = old or (before[0] if {before[0].cls, new.cls} <= _VALUES else None)
        if old is None or _says_same(old, new):
            return None
        behind = after[1:]
        if behind and self._is_denied(new, behind[0]):
            gone.append(behind[0])  # "30, not 20"
            old = next((t for t in before if _says_same(t, behind[0])), old)
        spans = [(token.start, token.end) for token in (old, *gone)]
        copied = self._copied(turn)
        if copied and copied[0] <= old.start:
            spans.append((copied[0], turn.start))
        spans += self._aligned(old, turn, new, behind if not gone else ())
        return Correction(tuple(sorted(spans)), turn[1:], (new.start, new.end))

    def words(self, turn: Turn) -> Correction | None:
        """Return the words before a turn that begin as those behind it ("the red, … the blue")."""
        ahead = self._repair(turn)
        copied = self._copied(turn)
        if copied is None and 0 < len(ahead) <= 2:
            back = self._words_before(turn)[-len(ahead) :]
            copied = (back[0][1], turn.start) if len(back) == len(ahead) else None
        if copied is None:
            return None
        return Correction((copied,), turn[1:], (ahead[0][1], ahead[-1][2]))

    def clause(self, turn: Turn) -> Correction | None:
        """Return the clause before a turn, or the sentence before one that begins with it."""
        spans = self._ledger.sentences
        here = self._sentence(turn.start)
        start, end = spans[here]
        if WORD.search(self._text, start, turn.start):
            cuts = [m.end() for m in _CLAUSE.finditer(self._text, start, turn.start)]
            cuts = [cut for cut in cuts if WORD.search(self._text, cut, turn.start)]
            span = cuts[-1] if cuts else start, turn.start
        elif here and spans[here - 1][1] - spans[here - 1][0] <= _LONGEST:
            span = spans[here - 1]
        else:
            return None
        instead = turn.end, end
        if not WORD.search(self._text, *instead) and here + 1 < len(spans):
            instead = spans[here + 1]
        return Correction((span,), turn[1:], instead)

    def labelled(self, turn: Turn) -> Correction | None:
        """Return the values that a line such as "Correction: the fee is 30" replaces, above it or,
        where it was put on top, below."""
        furthest = min(len(self._text), turn.end + _LONGEST)
        stop = _LINE_END.search(self._text, turn.end, furthest)
        end = stop.start() if stop else furthest
        about = set(_content(self._text[turn.end : end]))
        first, last = bisect_left(self._starts, turn.start), bisect_left(self._starts, end)
        above = self._tokens[max(0, first - _NEAREST) : first]
        told = self._tokens[bisect_left(self._starts, turn.end) : last]
        others = [*reversed(above), *self._tokens[last : last + _NEAREST]]
        spans: list[Span] = []
        for place, new in enumerate(told):
            follower = told[place + 1] if place + 1 < len(told) else None
            if follower is not None and self._is_denied(new, follower):
                same = [t for t in others if _says_same(t, follower)]
                spans += [(t.start, t.end) for t in (*same, follower) if same]
            elif not any(_says_same(t, new) for t in others):
                spans += self._replaced(new, others, about)
        if not spans:
            return None
        instead = told[0].start, told[-1].end
        return Correction(tuple(sorted(set(spans))), turn[1:], instead)

    def _replaced(
        self, new: ProtectedToken, others: Sequence[ProtectedToken], about: set[str]
    ) -> list[Span]:
        """Return the first of other values of the kind of `new` that is told with the same words,
        or the only one where the line tells nothing but the value."""
        same = [t for t in others if t.cls is new.cls]
        for token in same:
            sentence = self._ledger.sentences[self._sentence(token.start)]
            if not about.isdisjoint(_content(self._text[slice(*sentence)])):
                return [(token.start, token.end)]
        return [(t.start, t.end) for t in same] if len(same) == 1 and not about else []

    def _sentence(self, place: int) -> int:
        """Return the number of the sentence that holds a place."""
        return max(0, bisect_right(self._begins, place) - 1)

    def _before(self, turn: Turn) -> list[ProtectedToken]:
        """Return the tokens that stand before a turn and near it, the nearest first."""
        last = bisect_left(self._starts, turn.start)
        far = _BACK if turn.kind in ("plain", "whole") else _AHEAD
        found: list[ProtectedToken] = []
        for token in reversed(self._tokens[:last]):
            between = self._text[token.end : turn.start]
            if len(between) > far or len(_STOP.findall(between)) > 1:
                break
            found.append(token)
        return found

    def _is_light(self, turn: Turn, until: int) -> bool:
        """Whether between a turn and a place there are only such words as lead to a value."""
        between = self._text[turn.end : until]
        if len(between) > _AHEAD or _STOP.search(between):
            return False
        words = [match[0].casefold() for match in WORD.finditer(between)]
        known = {word[0] for word in self._words_before(turn)} | light()
        return len(words) <= _WORDS and all(w.replace("’", "'") in known for w in words)

    def _are_beside(self, one: ProtectedToken, other: ProtectedToken) -> bool:
        return one.cls is other.cls and other.start - one.end <= _BESIDE

    def _is_denied(self, new: ProtectedToken, other: ProtectedToken) -> bool:
        """Whether `other` is named right behind `new` as what does not hold."""
        if not self._are_beside(new, other):
            return False
        words = self._text[new.end : other.start].casefold().strip(" ,;(–—-")
        return words in denying() or words.removesuffix(" the") in denying()

    def _aligned(
        self,
        old: ProtectedToken,
        turn: Turn,
        new: ProtectedToken,
        behind: Sequence[ProtectedToken],
    ) -> Iterator[Span]:
        """Yield what stands after `old` and is replaced in turn by what stands behind."""
        first, last = (bisect_left(self._starts, place) for place in (old.end, turn.start))
        left = self._tokens[first:last]
        for token in behind:
            if not left or _CLAUSE.search(self._text, new.end, token.start):
                return
            if left[0].cls is token.cls and not _says_same(left[0], token):
                yield left[0].start, left[0].end
            left = left[1:]

    def _copied(self, turn: Turn) -> Span | None:
        """Return the stretch before a turn that begins with the first word behind it."""
        ahead, back = self._repair(turn), self._words_before(turn)
        if not ahead or ahead[0][0][0].isdigit():
            return None
        begins = [n for n, (word, *_) in enumerate(back) if word == ahead[0][0]]
        if not begins:
            return None
        best = min(begins, key=lambda n: (abs(len(back) - n - len(ahead)), -n))
        alike = abs(len(back) - best - len(ahead)) <= 1
        return (back[best][1], turn.start) if alike else None

    def _repair(self, turn: Turn) -> list[tuple[str, int, int]]:
        """Return the words behind a turn up to the end of their clause."""
        begin = WORD.search(self._text, turn.end, turn.end + _AHEAD)
        if begin is None or _STOP.search(self._text, turn.end, begin.start()):
            return []
        furthest = min(len(self._text), begin.start() + _LONGEST)
        stop = _CLAUSE.search(self._text, begin.start(), furthest)
        return self._words_in(begin.start(), stop.start() if stop else furthest)[:_WORDS]

    def _words_before(self, turn: Turn) -> list[tuple[str, int, int]]:
        """Return the last words before a turn, of its sentence or of the one before."""
        words = self._words_in(max(0, turn.start - _LONGEST), turn.start)[-_WORDS:]
        stops = [
            m.end() for m in _STOP.finditer(self._text, max(0, turn.start - _LONGEST), turn.start)
        ]
        tight = [stop for stop in stops if WORD.search(self._text, stop, turn.start)]
        return [word for word in words if not tight or word[1] >= tight[-1]]

    def _words_in(self, start: int, end: int) -> list[tuple[str, int, int]]:
        return [(m[0].casefold(), *m.span()) for m in WORD.finditer(self._text, start, end)]


def _says_same(one: ProtectedToken, other: ProtectedToken) -> bool:
    return one.cls is other.cls and one.norm == other.norm


def _content(text: str) -> Iterator[str]:
    """Yield the words of a text that may tell what a value is the value of."""
    for match in WORD.finditer(text):
        word = match[0].casefold()
        if len(word) > 3 and not word[0].isdigit() and word not in light():
            yield word
