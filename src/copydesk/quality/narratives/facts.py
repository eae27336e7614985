"""Facts that a story tells, and whether a text still tells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from copydesk.core.ledger import extract, protected_spans
from copydesk.core.sentences import sentences


class FactKind(StrEnum):
    """What a fact is; a denial or a question is about the first other fact of its beat."""

    NAME = "name"
    PLACE = "place"
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    COUNT = "count"
    ORDER = "order"
    VERSION = "version"
    CODE = "code"
    URL = "url"
    EMAIL = "email"
    DENIAL = "denial"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that must survive. `text` is how it was written; for a denial or a question it is
    the fact that it is about. `beat` is the number of the beat that tells it, from 0."""

    kind: FactKind
    text: str
    beat: int


class Reading:
    """A text read once, to look for many facts. `language` is a BCP 47 tag, `negations` the words
    (or parts of words, where they carry an apostrophe) that deny in it. `denied` is what denials
    are about: of a sentence with two of them one negation is not enough."""

    def __init__(
        self, text: str, *, language: str, negations: Sequence[str], denied: Sequence[str] = ()
    ) -> None:
        self._language = language
        self._negation = _pattern(tuple(negations))
        self._text = _plain(text)
        ledger = extract(text, language=language)
        self._norms = frozenset(token.norm for token in ledger.tokens)
        self._sentences = [
            text[start:end] for start, end in sentences(text, protected_spans(ledger))
        ]
        found = [self._around(about) for about in dict.fromkeys(denied)]
        # what stands in several sentences may be denied in another one
        self._denials = Counter(around[0] for around in found if len(around) == 1)

    def has(self, fact: Fact) -> bool:
        """Return whether the text tells `fact`."""
        match fact.kind:
            case FactKind.DENIAL:
                return any(map(self._is_denied, self._around(fact.text)))
            case FactKind.QUESTION:
                return any("?" in sentence for sentence in self._around(fact.text))
            case _:
                return _plain(fact.text) in self._text or self._says_alike(fact.text)

    def _is_denied(self, sentence: str) -> bool:
        return len(self._negation.findall(sentence)) >= max(1, self._denials[sentence])

    def _around(self, anchor: str) -> list[str]:
        words = _plain(anchor)
        return [sentence for sentence in self._sentences if words in _plain(sentence)]

    def _says_alike(self, text: str) -> bool:
        norms = _norms(text, self._language)
        return bool(norms) and norms <= self._norms


@lru_cache(maxsize=4096)
def _norms(text: str, language: str) -> frozenset[str]:
    return frozenset(token.norm for token in extract(text, language=language).tokens)


@lru_cache(maxsize=64)
def _pattern(negations: tuple[str, ...]) -> re.Pattern[str]:
    whole = [re.escape(word) for word in negations if not re.search("['’]", word)]
    parts = [re.escape(word) for word in negations if re.search("['’]", word)]
    words = rf"(?<!\w)(?:{'|'.join(whole)})(?!\w)"
    return re.compile("|".join([words, *parts]), re.IGNORECASE)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
