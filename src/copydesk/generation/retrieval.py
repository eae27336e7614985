"""Which passages of our own texts help with a message: found by words and by meaning, and merged.

Words count by how rare they are among what was found, so that both databases rank alike; the two
rankings are merged by reciprocal rank, which needs no common scale.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from operator import mul
from typing import Final

import regex

from copydesk.core.passages import Passage
from copydesk.core.similarity import Vector
from copydesk.core.terms import terms
from copydesk.generation.keywords import stop_words
from copydesk.generation.material import Reference

#: How much of a message is looked for: its first characters, and so many of its terms.
_LONGEST_QUERY: Final = 4_000
_MOST_TERMS: Final = 40
# articles and the like; elsewhere than in these scripts short terms can say a lot
_SMALL: Final = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Greek}]{1,3}")
#: Common constants of BM25 and of reciprocal rank fusion.
_SATURATION: Final = 1.2
_RANK: Final = 60
#: A passage that is less near than this in meaning is not near.
_NEAR: Final = 0.3


def query_terms(text: str) -> list[str]:
    """Return the terms by which passages about `text` are looked for, those it repeats first."""
    common = _common()
    found = (t for t in terms(text[:_LONGEST_QUERY]) if not _SMALL.fullmatch(t))
    counted = Counter(term for term in found if term not in common)
    return [term for term, _ in counted.most_common(_MOST_TERMS)]


def ranked_by_words(query: Sequence[str], found: Sequence[Passage]) -> list[Passage]:
    """Return those of `found` that share terms with `query`, the best first."""
    wanted = set(query)
    counts = [Counter(t for t in terms(f"{p.title}\n{p.text}") if t in wanted) for p in found]
    holding = Counter(term for count in counts for term in count)
    rarity = {term: math.log(1 + len(found) / number) for term, number in holding.items()}
    scores = [
        sum(rarity[term] * n * (1 + _SATURATION) / (n + _SATURATION) for term, n in count.items())
        for count in counts
    ]
    order = sorted(range(len(found)), key=lambda n: (-scores[n], n))
    return [found[n] for n in order if scores[n] > 0]


def ranked_by_meaning(vector: Vector, found: Sequence[Passage], most: int) -> list[Passage]:
    """Return the `most` of `found` that are nearest to `vector` (of length 1), the nearest first.

    Computation only; for thousands of passages it takes a while.
    """
    scored = [(sum(map(mul, vector, passage.vector)), n) for n, passage in enumerate(found)]
    near = sorted((-score, n) for score, n in scored if score >= _NEAR)
    return [found[n] for _, n in near[:most]]


def merged(rankings: Iterable[Sequence[Passage]], most: int) -> list[Passage]:
    """Return the best `most` of all `rankings` by reciprocal rank."""
    scores: dict[str, float] = {}
    known: dict[str, Passage] = {}
    for ranking in rankings:
        for rank, passage in enumerate(ranking):
            known.setdefault(passage.id, passage)
            scores[passage.id] = scores.get(passage.id, 0.0) + 1 / (_RANK + rank)
    best = sorted(known, key=lambda id: -scores[id])
    return [known[id] for id in best[:most]]


def reference(passage: Passage) -> Reference:
    """Return a passage as material."""
    return Reference(id=passage.id, kind=passage.kind.value, text=passage.text, title=passage.title)


@cache
def _common() -> frozenset[str]:
    return frozenset(term for word in stop_words() for term in terms(word))
