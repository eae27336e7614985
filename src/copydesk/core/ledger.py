"""The ledger: every protected token of a text, and what a rewrite of the text lost or invented.

The ledger turns "nothing is cut silently" into a check any stage can run: each token of the source
is in the output or in a list of omissions. Finding is done by rules alone (`core.finding`,
`core.names`).

Comparison is made for rewriting: a token said five times in the source is kept if the rewrite says
it once. `altered` is the strict comparison, with counts, for edits that must not touch a token.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from copydesk.core.clues import at_marks
from copydesk.core.finding import find_tokens
from copydesk.core.memory import Memory
from copydesk.core.names import find_names, name_words
from copydesk.core.protected import VERBATIM, ProtectedToken, TokenClass
from copydesk.core.sentences import sentences

__all__ = [
    "VERBATIM",
    "Ledger",
    "ProtectedToken",
    "TokenClass",
    "added",
    "altered",
    "extract",
    "missing",
    "protected_spans",
]

_QUOTE = re.compile(
    r"(?<![\w\"])\"(?=\S)((?:[^\"\n]|\n(?!\s*\n)){2,600})(?<=\S)\"(?![\w\"])"
    r"|“([^”“\n]{2,600})”|„([^“”„\n]{2,600})[“”]|«([^«»\n]{2,600})»|»([^«»\n]{2,600})«"
    r"|(?<![\w'’])['‘](?=\w)((?:[^'‘’\n]|(?<=\w)['’](?=\w)){3,300})(?<=\S)['’](?!\w)"
)
_QUOTE_MARK = re.compile(r"[\"“„«»'‘]")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Ledger:
    """The protected tokens of `text` in order of place.

    Tokens do not overlap, with one exception: a quote may hold other tokens whole.
    """

    text: str
    tokens: tuple[ProtectedToken, ...]
    language: str = ""

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """The spans of the sentences of `text`; none ends inside a token."""
        return tuple(sentences(self.text, protected_spans(self)))

    @cached_property
    def index(self) -> _Index:
        """What is asked of this text when another one is held against it."""
        return _Index(self)

    def of(self, *classes: TokenClass) -> tuple[ProtectedToken, ...]:
        """Return the tokens of these classes."""
        return tuple(token for token in self.tokens if token.cls in classes)


#: Clean-up, composing and every check ask for the ledgers of the same few texts of one message.
REMEMBERED: Final = Memory[Ledger](room=400_000)


def extract(text: str, *, language: str = "") -> Ledger:
    """Find every protected token of a text.

    Args:
        text: any text, plain or Markdown; never raises on its content, takes linear time.
        language: BCP 47 tag or "" if unknown; decides number marks, number words and whether
            capitals make names (in German they do not).
    """
    asked = text, language
    ledger = REMEMBERED.get(asked)
    if ledger is None:
        ledger = _extract(text, language)
        REMEMBERED.keep(asked, ledger)
    return ledger


def _extract(text: str, language: str) -> Ledger:
    short = language.partition("-")[0].lower()
    tokens = find_tokens(text, short)
    quotes = list(_quotes(text, tokens))
    spans = _merged([*tokens, *quotes])
    masked = [(t.start, t.end) for t in tokens]
    divided = tuple(sentences(text, spans))
    names = find_names(text, short, [start for start, _ in divided], masked)
    everything = sorted([*tokens, *quotes, *names], key=lambda t: (t.start, -t.end))
    ledger = Ledger(text, tuple(everything), language)
    # no sentence ends in a name, so these are its sentences already
    ledger.__dict__["sentences"] = divided
    return ledger


def _quotes(text: str, tokens: Sequence[ProtectedToken]) -> Iterator[ProtectedToken]:
    starts = [t.start for t in tokens]
    for match in at_marks(text, _QUOTE_MARK, _QUOTE):
        words = _WORDS.findall(match[0])
        if not words or (match[0][0] in "'‘" and len(words) < 2):
            continue
        start, end = match.span()
        first = bisect_left(starts, start)
        last = bisect_left(starts, end)
        cut_open = first > 0 and tokens[first - 1].end > start
        if cut_open or (last > first and tokens[last - 1].end > end):
            continue
        norm = " ".join(words).casefold()
        yield ProtectedToken(TokenClass.QUOTE, match[0], norm, start, end)


def _merged(tokens: Iterable[ProtectedToken]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in sorted((t.start, t.end) for t in tokens):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def protected_spans(
    text: str | Ledger, classes: Collection[TokenClass] = frozenset(TokenClass)
) -> list[tuple[int, int]]:
    """Return sorted, disjoint spans (code points) to mask before editing a text by rules.

    Args:
        text: a text of unknown language, or its ledger.
        classes: which classes to mask; all of them by default.
    """
    ledger = extract(text) if isinstance(text, str) else text
    return _merged(token for token in ledger.tokens if token.cls in classes)


_VALUES = (TokenClass.NUMBER, TokenClass.PERCENT, TokenClass.MONEY, TokenClass.UNIT)
_ORDINALS = {
    "1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "6": "sixth",
    "7": "seventh", "8": "eighth", "9": "ninth", "10": "tenth",
}  # fmt: skip


class _Index:
    """One side of a comparison, ready to be asked whether it says what a token says.

    What only a token needs that is not there as it is, is found when one asks for it."""

    def __init__(self, ledger: Ledger) -> None:
        self.exact = {(t.cls, t.norm) for t in ledger.tokens}
        self.text = ledger.text
        self._ledger = ledger

    @cached_property
    def values(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for token in self._ledger.of(*_VALUES):
            value, unit = _value_and_unit(token)
            found.setdefault(value, set()).add(unit)
        return found

    @cached_property
    def dates(self) -> list[str]:
        return [t.norm for t in self._ledger.of(TokenClass.DATE)]

    @cached_property
    def times(self) -> list[str]:
        return [t.norm for t in self._ledger.of(TokenClass.TIME)]

    @cached_property
    def words(self) -> list[str]:
        return [w.casefold() for w in _WORDS.findall(self.text)]

    @cached_property
    def vocabulary(self) -> set[str]:
        return set(self.words)

    @cached_property
    def stream(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def initials(self) -> str:
        return "".join(word[0] for word in self.words)

    def says(self, token: ProtectedToken) -> bool:
        """Whether this side says all of the token (a date with its year, a time with its zone)."""
        if (token.cls, token.norm) in self.exact:
            return True
        match token.cls:
            case TokenClass.NUMBER | TokenClass.PERCENT | TokenClass.MONEY | TokenClass.UNIT:
                return self._says_value(token)
            case TokenClass.DATE:
                return any(_covers(other, token.norm) for other in self.dates)
            case TokenClass.TIME:
                return any(_same_time(other, token.norm) for other in self.times)
            case TokenClass.QUOTE:
                return f" {token.norm} " in self.stream
            case TokenClass.NAME:
                return all(map(self._says_word, token.norm.split())) or self._abbreviates(token)
            case TokenClass.ID | TokenClass.VERSION:
                return token.norm in self.values or self._holds(token)
            case TokenClass.CODE | TokenClass.PATH | TokenClass.PLACEHOLDER:
                return self._holds(token)
            case TokenClass.URL | TokenClass.EMAIL | TokenClass.HANDLE | TokenClass.HASHTAG:
                return False

    def _says_value(self, token: ProtectedToken) -> bool:
        value, unit = _value_and_unit(token)
        units = self.values.get(value)
        if units is None:
            loose = (TokenClass.ID, value) in self.exact or (
                TokenClass.VERSION,
                value,
            ) in self.exact
            return loose or _ORDINALS.get(value, "") in self.vocabulary
        # The unit may stand elsewhere in one of the two ("3 business days"), but two different
        # units are two different facts.
        return not unit or "" in units or unit in units

    def _says_word(self, word: str) -> bool:
        if word in self.vocabulary:
            return True
        parts = _WORDS.findall(word)
        return len(parts) > 1 and f" {' '.join(parts)} " in self.stream

    def _abbreviates(self, token: ProtectedToken) -> bool:
        """Whether this side writes an acronym out, or shortens a name of many words to one."""
        short = token.text.removesuffix("s")
        if short.isupper() and len(short) > 2:
            return short.casefold() in self.initials
        initials = "".join(word[0] for word in token.norm.split())
        return len(initials) > 2 and not self.vocabulary.isdisjoint({initials, f"{initials}s"})

    def _holds(self, token: ProtectedToken) -> bool:
        needle = token.norm
        at = self.text.find(needle)
        while at >= 0:
            before = self.text[at - 1] if at else " "
            after = self.text[at + len(needle) : at + len(needle) + 1] or " "
            if not (needle[0].isalnum() and before.isalnum()) and not (
                needle[-1].isalnum() and after.isalnum()
            ):
                return True
            at = self.text.find(needle, at + 1)
        return False


def _value_and_unit(token: ProtectedToken) -> tuple[str, str]:
    if token.cls is TokenClass.PERCENT:
        return token.norm.removesuffix("%"), "%"
    value, _, unit = token.norm.partition(" ")
    return value, unit


def _covers(said: str, asked: str) -> bool:
    """Whether one reading of the date `said` holds every field that `asked` knows."""
    return any(_holds_fields(one, other) for one in said.split("|") for other in asked.split("|"))


def _holds_fields(said: str, asked: str) -> bool:
    have, want = said.split("-"), asked.split("-")
    if len(have) != 3 or len(want) != 3:
        return said == asked
    return all(mine == theirs or "_" in theirs for mine, theirs in zip(have, want, strict=True))


def _same_time(said: str, asked: str) -> bool:
    for one in said.split("|"):
        for other in asked.split("|"):
            clock, _, zone = one.partition(" ")
            wanted, _, wanted_zone = other.partition(" ")
            if clock == wanted and (zone == wanted_zone or not wanted_zone):
                return True
    return False


def _absent(of: Ledger, index: _Index) -> tuple[ProtectedToken, ...]:
    first = {(token.cls, token.norm): token for token in reversed(of.tokens)}
    return tuple(t for t in of.tokens if first[t.cls, t.norm] is t and not index.says(t))


def missing(source: Ledger, text: Ledger) -> tuple[ProtectedToken, ...]:
    """Return the tokens of `source` that `text` does not say, each once, in order.

    Saying a token once is enough. Differently written values are equal ("two" and "2", "v2.4.1" and
    "version 2.4.1", "$5" and "5 USD"); a quote or a name may stand there without its marks or
    capitals; a date must keep every field it had.
    """
    return _absent(source, text.index)


def added(source: Ledger, text: Ledger) -> tuple[ProtectedToken, ...]:
    """Return the tokens of `text` that `source` does not say, each once, in order."""
    return _absent(text, source.index)


def altered(before: Ledger, after: Ledger) -> tuple[ProtectedToken, ...]:
    """Return the tokens whose count differs between two texts: the strict comparison.

    For edits that must not touch a token at all. Names are compared by how often each of their
    words stands in the text, since a change of capitals elsewhere can make or unmake a name.
    """
    changed: list[ProtectedToken] = []
    said, says = _counted(before), _counted(after)
    for mine, extra in ((before, said - says), (after, says - said)):
        changed += [t for t in mine.tokens if (t.cls, t.norm) in extra]
    names = (*before.of(TokenClass.NAME), *after.of(TokenClass.NAME))
    moved = _moved_words(before.text, after.text) if names else frozenset[str]()
    changed += [token for token in names if not moved.isdisjoint(token.norm.split())]
    return tuple(dict.fromkeys(changed))


def _counted(ledger: Ledger) -> Counter[tuple[TokenClass, str]]:
    return Counter((t.cls, t.norm) for t in ledger.tokens if t.cls is not TokenClass.NAME)


def _moved_words(before: str, after: str) -> frozenset[str]:
    """Return the words (as in the norm of a name) that stand more often in one of two texts.

    No word holds a space, so what both have between spaces is not looked at.
    """
    said, says = Counter(before.split()), Counter(after.split())
    words: Counter[str] = Counter()
    for piece, times in says.items() - said.items():
        for word in name_words(piece):
            words[word] += times
    for piece, times in said.items() - says.items():
        for word in name_words(piece):
            words[word] -= times
    return frozenset(word for word, times in words.items() if times)
