"""A source and its rewrite side by side: ledgers, words, and which sentences belong together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from copydesk.core.ledger import Ledger, ProtectedToken, added, extract

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_ENDINGS = (
    ("ing", ""), ("ied", "i"), ("edly", ""), ("ed", ""), ("ies", "i"), ("es", ""), ("s", ""),
    ("ly", ""), ("y", "i"),
)  # fmt: skip

# Words of English, apostrophes left out, that say nothing about which sentences belong together.
_FUNCTION_WORDS = (
    "that this these those with from have has had been were will would should could does what when "
    "where which while they them their there then than your yours about into also just very some "
    "dont doesnt didnt cant cannot couldnt wont wouldnt shouldnt isnt arent wasnt werent hasnt "
    "havent hadnt youre theyre youve theyve thats whats theres"
)
#: A match needs this share of the shorter sentence's content words.
_ENOUGH = 0.2
_MANY = 40
_NONE = (0.0, float("-inf"), -1)

_FUNCTION = frozenset(_FUNCTION_WORDS.split())


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return a word without a common English ending; crude, alike on both sides."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: `[start, end)` in code points of its text, and its words, casefolded.

    `stems` are those of the words that carry content, or of all if none does.
    """

    text: str
    start: int
    end: int
    words: tuple[str, ...]
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Sentences of the source and those of the text that say the same; either may be empty."""

    source: tuple[Sentence, ...]
    text: tuple[Sentence, ...]


class Comparison:
    """What every check of one rewrite shares, worked out once.

    Args:
        source: the author's text.
        text: the rewrite.
        language: BCP 47 tag of both, "" if unknown.
        omitted: what the rewrite says it left out, in its own words.
        support: whatever else may support facts of the rewrite (a document, earlier messages).
    """

    def __init__(
        self,
        source: str,
        text: str,
        *,
        language: str = "",
        omitted: Sequence[str] = (),
        support: str = "",
    ) -> None:
        self.language = language.partition("-")[0].lower()
        self.source: Ledger = extract(source, language=language)
        self.text: Ledger = extract(text, language=language)
        self.support: Ledger = extract(support, language=language)
        self.omitted = tuple(omitted)
        self._excuses = " \n ".join(omitted).casefold()

    def is_omitted(self, token: ProtectedToken) -> bool:
        """Whether the rewrite says that it left this token out."""
        said = (token.text.casefold(), token.norm.casefold())
        return bool(self._excuses) and any(words in self._excuses for words in said)

    @cached_property
    def unsupported(self) -> tuple[ProtectedToken, ...]:
        """Tokens of the text that neither the source nor the support has, in order of place."""
        foreign = added(self.source, self.text)
        if not self.support.text:
            return tuple(foreign)
        places = {token.start for token in added(self.support, self.text)}
        return tuple(token for token in foreign if token.start in places)

    @cached_property
    def pairings(self) -> tuple[Pairing, ...]:
        """Sentences that belong together: each with its best match, and matches of matches.

        A pair needs a fifth of the shorter sentence's content words. What finds no match takes the
        place that is free between its neighbours' matches, or stands alone. Merged and split
        sentences end up in one pairing.
        """
        ours, theirs = split(self.source), split(self.text)
        links = _best_matches(ours, theirs)
        matched, partner = {i for i, _ in links}, {j: i for i, j in sorted(links)}
        for j in range(len(theirs)):
            place = partner.get(j - 1, -1) + 1
            if j not in partner and place < len(ours) and place not in matched:
                links.add((place, j))
                matched.add(place)
                partner[j] = place
        return _components(ours, theirs, links)


def split(ledger: Ledger) -> list[Sentence]:
    """Return the sentences of a text with their words."""
    found = []
    for start, end in ledger.sentences:
        piece = ledger.text[start:end]
        words, stems = _words_and_stems(piece)
        found.append(Sentence(piece, start, end, words, stems))
    return found


# A rewrite has many sentences of its source, and several checks ask for them.
@lru_cache(maxsize=512)
def _words_and_stems(sentence: str) -> tuple[tuple[str, ...], frozenset[str]]:
    words = tuple(map(_bare, _WORD.findall(sentence)))
    content = [w for w in words if (len(w) > 3 or w.isdigit()) and w not in _FUNCTION]
    return words, frozenset(map(stem, content or words))


def _bare(word: str) -> str:
    """Return a word casefolded, without possessive ending and apostrophes ("can't" is "cant")."""
    return word.casefold().replace("’", "'").removesuffix("'s").replace("'", "")


def _best_matches(ours: Sequence[Sentence], theirs: Sequence[Sentence]) -> set[tuple[int, int]]:
    """Return, for every sentence of either side, its best match if it is good enough.

    Only sentences with a word in common are compared, and a word that many sentences have counts
    for the nearest of them alone, so that a long text does not cost the square of its length. Of
    equally good matches the one that stands nearest wins.
    """
    holding: dict[str, list[int]] = {}
    for j, sentence in enumerate(theirs):
        for word in sentence.stems or ("",):
            holding.setdefault(word, []).append(j)
    slope = len(theirs) / max(1, len(ours))
    mine: dict[int, tuple[float, float, int]] = {}
    other: dict[int, tuple[float, float, int]] = {}
    for i, sentence in enumerate(ours):
        shared = Counter(
            j
            for word in sentence.stems or ("",)
            for j in _nearest(holding.get(word, []), round(i * slope))
        )
        for j, count in shared.items():
            score = count / max(1, min(len(sentence.stems), len(theirs[j].stems)))
            if score < _ENOUGH:
                continue
            distance = -abs(j - i * slope)
            mine[i] = max(mine.get(i, _NONE), (score, distance, j))
            other[j] = max(other.get(j, _NONE), (score, distance, i))
    links = {(i, j) for i, (_, _, j) in mine.items()}
    return links | {(i, j) for j, (_, _, i) in other.items()}


def _nearest(places: list[int], place: int) -> list[int]:
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
