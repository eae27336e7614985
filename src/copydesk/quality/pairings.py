"""Which sentences of a source and its rewrite belong together.

Each with its best match, and matches of matches: an editor merges sentences and splits them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.quality.wording import Sentence

#: A match needs this share of the shorter sentence's content words.
_ENOUGH: Final = 0.2
_MANY: Final = 40
_NONE: Final = (0.0, float("-inf"), -1)
#: What a sentence without any word is found by.
_WORDLESS: Final = frozenset({""})


@dataclass(frozen=True, slots=True)
class Pairing:
    """Sentences of the source and those of the text that say the same; either may be empty."""

    source: tuple[Sentence, ...]
    text: tuple[Sentence, ...]


def paired(ours: Sequence[Sentence], theirs: Sequence[Sentence]) -> tuple[Pairing, ...]:
    """Return the pairings of the sentences of a source (`ours`) and a text (`theirs`).

    A pair needs a fifth of the shorter sentence's content words. What finds no match takes the
    place that is free between its neighbours' matches, or stands alone. Merged and split
    sentences end up in one pairing.
    """
    links = _best_matches(ours, theirs)
    matched, partner = {i for i, _ in links}, {j: i for i, j in sorted(links)}
    for j in range(len(theirs)):
        place = partner.get(j - 1, -1) + 1
        if j not in partner and place < len(ours) and place not in matched:
            links.add((place, j))
            matched.add(place)
            partner[j] = place
    return _components(ours, theirs, links)


def _best_matches(ours: Sequence[Sentence], theirs: Sequence[Sentence]) -> set[tuple[int, int]]:
    """Return, for every sentence of either side, its best match if it is good enough.

    Only sentences with a word in common are compared, and a word that many sentences have counts
    for the nearest of them alone, so that a long text does not cost the square of its length. Of
    equally good matches the one that stands nearest wins.
    """
    holding: dict[str, list[int]] = {}
    for j, sentence in enumerate(theirs):
        for word in sentence.stems or _WORDLESS:
            holding.setdefault(word, []).append(j)
    everywhere = len(theirs) > _MANY and any(len(places) > _MANY for places in holding.values())
    slope = len(theirs) / max(1, len(ours))
    sizes = [len(sentence.stems) for sentence in theirs]
    best = [_NONE] * len(theirs)
    links: set[tuple[int, int]] = set()
    for i, sentence in enumerate(ours):
        common: dict[int, int] = {}
        for word in sentence.stems or _WORDLESS:
            places = holding.get(word, ())
            for j in _nearest(places, round(i * slope)) if everywhere else places:
                common[j] = common.get(j, 0) + 1
        size, mine = len(sentence.stems), _NONE
        for j, count in common.items():
            score = count / (min(size, sizes[j]) or 1)
            # most pairs are worse than what either has already
            if score < _ENOUGH or (score < mine[0] and score < best[j][0]):
                continue
            distance = -abs(j - i * slope)
            mine = max(mine, (score, distance, j))
            best[j] = max(best[j], (score, distance, i))
        if mine is not _NONE:
            links.add((i, mine[2]))
    return links | {(i, j) for j, (_, _, i) in enumerate(best) if i >= 0}


def _nearest(places: Sequence[int], place: int) -> Sequence[int]:
    """Return the `_MANY` of some sorted places around one place, or all if they are no more."""
    if len(places) <= _MANY:
        return places
    first = min(max(0, bisect_left(places, place) - _MANY // 2), len(places) - _MANY)
    return places[first : first + _MANY]


def _components(
    ours: Sequence[Sentence], theirs: Sequence[Sentence], links: set[tuple[int, int]]
) -> tuple[Pairing, ...]:
    group = list(range(len(ours) + len(theirs)))

    def root(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    for i, j in links:
        group[root(i)] = root(len(ours) + j)
    members: dict[int, tuple[list[Sentence], list[Sentence]]] = {}
    for node in range(len(group)):
        mine, other = members.setdefault(root(node), ([], []))
        if node < len(ours):
            mine.append(ours[node])
        else:
            other.append(theirs[node - len(ours)])
    return tuple(Pairing(tuple(a), tuple(b)) for a, b in members.values())
