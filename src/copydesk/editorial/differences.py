"""What turns one text into another, in changes a person can decide on one by one.

Sentences are aligned first, in order, one with one, or two with one; inside a pair that is mostly
the same the changed words stand alone, otherwise the sentence is one change. Pure and bounded: the
work grows with the length of the texts, not with its square.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from copydesk.core.ledger import extract, protected_spans
from copydesk.core.sentences import sentences

#: Addresses, numbers, words, single characters of scripts without spaces, white space, marks.
_TOKEN: Final = re.compile(
    r"\s+|https?://[^\s<>]+|\d+(?:[.,:/-]\d+)*|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w(?:[\w]|['’]\w)*|[^\w\s]"
)
#: A pair of sentences is compared word by word up to so many tokens, a longer one is one change.
_MOST_TOKENS: Final = 2000
#: Sentences are compared with those so far ahead of or behind their place.
_BAND: Final = 60
#: Pairs that share less than this are not the same sentence.
_ALIKE: Final = 0.3
#: A pair that keeps less than this of its words is one change.
_MOSTLY_SAME: Final = 0.5
#: Fewer words than this between two changes do not part them.
_BRIDGE: Final = 1
#: The word beside an insertion is looked for so far back.
_NEAR: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """Replace `[start, end)` of the first text (code points) by `after`.

    `[at, at + len(after))` is where `after` stands in the second text. `old` and `new` are the
    sentences it belongs to, the former from `low` on; `regrouped` says that sentences were merged,
    split or moved.
    """

    start: int
    end: int
    after: str
    at: int
    old: str
    new: str
    low: int
    regrouped: bool = False

    @property
    def alone(self) -> str:
        """Return the old sentences with nothing but this change in them."""
        head, tail = self.start - self.low, self.end - self.low
        return f"{self.old[:head]}{self.after}{self.old[tail:]}"


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    text: str
    words: Counter[str]


@dataclass(frozen=True, slots=True)
class _Group:
    """Units `[i, k)` of the first text become units `[j, m)` of the second."""

    i: int
    k: int
    j: int
    m: int


def differences(
    before: str, after: str, *, language: str = "", fine: bool = False
) -> tuple[Difference, ...]:
    """Return the changes that turn `before` into `after`, in order and disjoint.

    `language` (BCP 47, "" if unknown) helps to find the ends of sentences. With `fine`, a sentence
    of which little stayed is several changes all the same.
    """
    if before == after:
        return ()
    old, new = _units(before, language), _units(after, language)
    found: list[Difference] = []
    for group in _aligned(old, new):
        found += _within(old, new, group, fine=fine)
    return tuple(_apart(before, after, found))


def _units(text: str, language: str) -> list[_Unit]:
    """Return sentences with the space behind them; together they are the text."""
    ledger = extract(text, language=language)
    starts = [start for start, _ in sentences(text, protected_spans(ledger))]
    if not starts:
        return [_unit(text, 0, len(text))] if text else []
    edges = [0, *starts[1:], len(text)]
    return [_unit(text, a, b) for a, b in pairwise(edges)]


def _unit(text: str, start: int, end: int) -> _Unit:
    piece = text[start:end]
    words = Counter(t.casefold() for t in _TOKEN.findall(piece) if t[0].isalnum())
    return _Unit(start, end, piece, words)


# -- which sentences belong together --------------------------------------------------------------


def _aligned(old: Sequence[_Unit], new: Sequence[_Unit]) -> Iterator[_Group]:
    """Yield groups in order that cover both sides; sentences that stayed the same part the rest."""
    matcher = SequenceMatcher(
        None, [u.text.strip() for u in old], [u.text.strip() for u in new], autojunk=False
    )
    i = j = 0
    for block in matcher.get_matching_blocks():
        yield from _paired(old, new, _Group(i, block.a, j, block.b))
        for step in range(block.size):
            yield _Group(block.a + step, block.a + step + 1, block.b + step, block.b + step + 1)
        i, j = block.a + block.size, block.b + block.size


_MOVES: Final = ((1, 1), (1, 0), (0, 1), (2, 1), (1, 2))


def _paired(old: Sequence[_Unit], new: Sequence[_Unit], area: _Group) -> Iterator[_Group]:
    """Yield the best way through an area in which no sentence stayed the same."""
    n, m = area.k - area.i, area.m - area.j
    if not n or not m:
        if n or m:
            yield area
        return
    slope = m / n
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(n + 1):
        middle = round(i * slope)
        reach = max(_BAND, round(slope) + 2)
        for j in range(max(0, middle - reach), min(m, middle + reach) + 1):
            here = best.get((i, j))
            if here is None:
                continue
            for di, dj in _MOVES:
                if i + di > n or j + dj > m:
                    continue
                gain = _gain(old[area.i + i : area.i + i + di], new[area.j + j : area.j + j + dj])
                there = best.get((i + di, j + dj))
                if there is None or here[0] + gain > there[0]:
                    best[i + di, j + dj] = (here[0] + gain, (di, dj))
    yield from _way_back(best, area, n, m)


def _way_back(
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]], area: _Group, n: int, m: int
) -> Iterator[_Group]:
    if (n, m) not in best:
        yield area  # beyond the band: one change for all of it
        return
    groups: list[_Group] = []
    i, j = n, m
    while (i, j) != (0, 0):
        di, dj = best[i, j][1]
        groups.append(_Group(area.i + i - di, area.i + i, area.j + j - dj, area.j + j))
        i, j = i - di, j - dj
    yield from _replaced(list(reversed(groups)))


def _replaced(groups: Sequence[_Group]) -> Iterator[_Group]:
    """Yield groups, a sentence that went and one that came in its place as one."""
    at = 0
    while at < len(groups):
        run = at
        while run < len(groups) and (groups[run].i == groups[run].k) != (
            groups[run].j == groups[run].m
        ):
            run += 1
        if run == at:
            yield groups[at]
            at += 1
            continue
        first, last = groups[at], groups[run - 1]
        gone, came = last.k - first.i, last.m - first.j
        for step in range(max(gone, came)):
            i, k = first.i + min(step, gone), first.i + min(step + 1, gone)
            yield _Group(i, k, first.j + min(step, came), first.j + min(step + 1, came))
        at = run


def _gain(old: Sequence[_Unit], new: Sequence[_Unit]) -> float:
    if not old or not new:
        return 0.0
    mine, other = _words(old), _words(new)
    total = mine.total() + other.total()
    if not total:
        return 0.1
    alike = 2 * (mine & other).total() / total
    # merging and splitting has to be worth it
    return (alike - _ALIKE) * total / 2 - (0.5 if len(old) + len(new) > 2 else 0)


def _words(units: Sequence[_Unit]) -> Counter[str]:
    if len(units) == 1:
        return units[0].words
    return units[0].words + units[1].words


# -- what changed inside --------------------------------------------------------------------------


def _within(
    old: Sequence[_Unit], new: Sequence[_Unit], group: _Group, *, fine: bool
) -> Iterator[Difference]:
    ours, theirs = old[group.i : group.k], new[group.j : group.m]
    mine, other = "".join(u.text for u in ours), "".join(u.text for u in theirs)
    if mine == other:
        return
    start = ours[0].start if ours else _edge(old, group.i)
    at = theirs[0].start if theirs else _edge(new, group.j)
    regrouped = len(ours) != len(theirs) and bool(ours and theirs)
    for a, b, c, d in _hunks(mine, other, fine=fine):
        yield Difference(start + a, start + b, other[c:d], at + c, mine, other, start, regrouped)


def _edge(units: Sequence[_Unit], index: int) -> int:
    if index < len(units):
        return units[index].start
    return units[-1].end if units else 0


def _hunks(mine: str, other: str, *, fine: bool) -> Iterator[tuple[int, int, int, int]]:
    """Yield the places that differ, as code points of both texts."""
    old, new = _TOKEN.findall(mine), _TOKEN.findall(other)
    if not mine or not other or len(old) + len(new) > _MOST_TOKENS:
        yield _trimmed(mine, other)
        return
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    words = sum(t[0].isalnum() for t in old) + sum(t[0].isalnum() for t in new)
    kept = sum(_is_word(t) for tag, i, k, _, _ in codes if tag == "equal" for t in old[i:k])
    if words and not fine and 2 * kept / words < _MOSTLY_SAME:
        yield _trimmed(mine, other)
        return
    joined: list[list[int]] = []
    bridge = _BRIDGE
    for tag, i, k, j, m in codes:
        if tag == "equal":
            bridge += sum(_is_word(t) for t in old[i:k])
            continue
        by_words = any(map(_is_word, (*old[i:k], *new[j:m])))
        # marks and spaces are decided by themselves, words go with the words beside them
        near = not fine and joined and bridge < _BRIDGE and by_words and joined[-1][4]
        if near or (joined and joined[-1][1] == i):
            joined[-1][1], joined[-1][3] = k, m
        else:
            joined.append([i, k, j, m, int(by_words)])
        bridge = 0
    ours, theirs = _offsets(old), _offsets(new)
    for i, k, j, m, _ in joined:
        yield ours[i], ours[k], theirs[j], theirs[m]


def _is_word(token: str) -> bool:
    return token[0].isalnum()


def _offsets(tokens: Sequence[str]) -> list[int]:
    offsets = [0]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    return offsets


def _trimmed(mine: str, other: str) -> tuple[int, int, int, int]:
    """Return the whole of both but for the space they share at either end."""
    start = 0
    while (
        start < min(len(mine), len(other))
        and mine[start] == other[start]
        and (mine[start].isspace())
    ):
        start += 1
    end = 0
    while (
        end < min(len(mine), len(other)) - start
        and mine[-1 - end] == other[-1 - end]
        and mine[-1 - end].isspace()
    ):
        end += 1
    return start, len(mine) - end, start, len(other) - end


def _apart(before: str, after: str, found: Sequence[Difference]) -> Iterator[Difference]:
    """Yield differences that each have a place of their own, joining those that would share one.

    What is only inserted takes in the word beside it: two insertions into one place, or one at the
    edge of something else, could not be told apart later.
    """
    pending: Difference | None = None
    for item in (_with_a_place(before, one) for one in found):
        if pending is None:
            pending = item
        elif item.start < pending.end or item.start == item.end:
            pending = _one(before, after, pending, item)
        else:
            yield pending
            pending = item
    if pending is not None:
        yield pending


def _with_a_place(before: str, item: Difference) -> Difference:
    if item.start < item.end:
        return item
    behind = list(_TOKEN.finditer(before, max(0, item.start - _NEAR), item.start))
    if behind:
        start = behind[-1].start()
        at = item.at - (item.start - start)
        text = f"{before[start : item.start]}{item.after}"
        low = min(item.low, start)
        old = before[low : item.low + len(item.old)]
        return replace(item, start=start, at=at, after=text, low=low, old=old)
    ahead = _TOKEN.match(before, item.end)
    if ahead is None:
        return item
    old = before[item.low : max(item.low + len(item.old), ahead.end())]
    return replace(item, end=ahead.end(), after=f"{item.after}{ahead[0]}", old=old)


def _one(before: str, after: str, first: Difference, second: Difference) -> Difference:
    """Return two differences that meet as one."""
    end, to = second.end, second.at + len(second.after)
    if first.end > end:
        end, to = first.end, to + first.end - end
    low = min(first.low, second.low)
    high = max(end, first.low + len(first.old), second.low + len(second.old))
    new = first.new if first.new == second.new else first.new + second.new
    return Difference(
        first.start,
        end,
        after[first.at : to],
        first.at,
        before[low:high],
        new,
        low,
        first.regrouped or second.regrouped,
    )
