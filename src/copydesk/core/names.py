"""Names in running text, found by their capitals alone: no dictionary, no model.

A name is a run of capitalised words that does not merely begin a sentence. In a language that
capitalises nouns (German) only acronyms, mixed-case words and words after a title count. A name
may be a false find; `core.ledger` therefore compares names word by word with the whole other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from copydesk.core.protected import ProtectedToken, TokenClass

_WORD = re.compile(r"[^\W\d_][\w’'&-]*")
#: A word, past those in small letters that stand before it: most words are of no interest here.
_NEXT = re.compile(r"(?:[a-z]++(?![\w’'&-])[ \t\n.,;:!?()]*+)*([^\W\d_][\w’'&-]*)")
_COMMON = (
    "i i'm i’m i've i’ve i'll i’ll i'd i’d ok okay idk asap fyi btw ps pps lol imo imho afaik "
    "tbh omg brb thx ty pls plz faq diy tl dr tldr n/a na re fw fwd cc bcc am pm mr mrs ms dr "
    "prof herr frau the a an and or but if in on at to of for from by with as is are was were "
    "be been it its this that these those there here he she they we you my your his her our "
    "their who what when where why how which while after before since because although however "
    "also then so not no yes please thanks thank hi hello hey dear best kind regards cheers "
    "sincerely good morning afternoon evening can could will would shall should may might must "
    "do does did has have had let let's just now today tomorrow yesterday all any some each "
    "every both more most other such only even still der die das ein eine und oder aber wenn "
    "ich wir sie er es ist sind nicht mit für auf bitte danke le la les un une et ou mais si je "
    "nous vous il elle est sont ne pas avec pour sur merci bonjour el los las una y o pero yo "
    "nosotros usted es son con para por gracias hola subject sent date urgent note important "
    "warning update question answer"
)
_NOT_NAMES = frozenset(_COMMON.split())
_LINKS = re.compile(r"[ ]|[ ](?:of|de|del|van|von|der|den|da|di|la|le|the|&)[ ]")
_ENDING = re.compile(r"['’]s?\Z|[-&]+\Z")
_TITLE = re.compile(r"(?:\bHerrn?|\bFrau|\bDr\.?|\bProf\.?|\bFirma)[ ]\Z")


class _Word(NamedTuple):
    text: str
    start: int
    end: int


def _inner_capital(word: str) -> bool:
    """Whether a word shows by itself that it is a name: an acronym or mixed case."""
    tail = word[1:]
    return bool(tail) and not tail.islower() and any(map(str.isupper, tail))


def name_words(text: str) -> list[str]:
    """Return the words of `text`, each as it stands in the norm of a name."""
    return [_bare(w) if w[-1] in "'’sS" else w.casefold() for w in _WORD.findall(text)]


def name_norm(text: str) -> str:
    """Return a name as casefolded words without possessive endings."""
    return " ".join(map(_bare, _WORD.findall(text)))


def _bare(word: str) -> str:
    """Return a word casefolded and without its possessive ending."""
    folded = word.casefold()
    return folded.removesuffix("s")[:-1] if folded.endswith(("'s", "’s")) else folded.rstrip("'’")


def find_names(
    text: str, language: str, starts: Sequence[int], masked: Sequence[tuple[int, int]]
) -> Iterator[ProtectedToken]:
    """Yield the names of `text` in order.

    Args:
        text: any text.
        language: two-letter code or "".
        starts: where its sentences begin.
        masked: sorted, disjoint spans already known as something else.
    """
    words = list(_capitalised(text, masked))
    openings = _openings(text, starts)
    nouns_are_capitalised = language == "de"
    elsewhere = {word.text for word in words if word.start not in openings}
    run: list[_Word] = []
    for word in words:
        if run and not _LINKS.fullmatch(text, run[-1].end, word.start):
            yield from _name(text, run)
            run = []
        plain = _bare(word.text)
        if plain in _NOT_NAMES or len(plain) < 2:
            accepted = False
        else:
            certain = _inner_capital(word.text) and not _shouted(text, word)
            if nouns_are_capitalised:
                titled = _TITLE.search(text, max(0, word.start - 8), word.start)
                accepted = certain or bool(titled) or bool(run)
            elif word.start in openings:
                accepted = certain or word.text in elsewhere or _followed(text, word)
            else:
                accepted = not _shouted(text, word)
        if accepted:
            run.append(word)
        elif run:
            yield from _name(text, run)
            run = []
    if run:
        yield from _name(text, run)


def _capitalised(text: str, masked: Sequence[tuple[int, int]]) -> Iterator[_Word]:
    ahead = iter([*masked, (len(text) + 1, len(text) + 1)])
    low, high = next(ahead)
    for found in _NEXT.finditer(text):
        word = found[1]
        if word.islower():
            continue
        start, end = found.span(1)
        while high <= start:
            low, high = next(ahead)
        if low >= end and (word[0].isupper() or _inner_capital(word)):
            yield _Word(word, start, end)


def _openings(text: str, starts: Sequence[int]) -> set[int]:
    """Return where the first word of each sentence starts, past bullets, quotes and brackets."""
    found = set()
    for start in starts:
        match = _WORD.search(text, start, start + 24)
        if match:
            found.add(match.start())
    return found


def _followed(text: str, word: _Word) -> bool:
    """Whether the next word carries a capital too ("Jane Miller wrote …")."""
    after = _WORD.match(text, word.end + 1)
    if not after or text[word.end] != " ":
        return False
    return after[0][0].isupper() and after[0].casefold() not in _NOT_NAMES


def _shouted(text: str, word: _Word) -> bool:
    """Whether a word in capitals stands among words in capitals, where they mean nothing."""
    if not word.text.isupper():
        return False
    around = text[max(0, word.start - 30) : word.end + 30].replace(word.text, "", 1)
    letters = [c for c in around if c.isalpha()]
    return len(letters) > 6 and sum(c.isupper() for c in letters) > 0.7 * len(letters)


def _name(text: str, run: Sequence[_Word]) -> Iterator[ProtectedToken]:
    start, end = run[0].start, run[-1].end
    span = _ENDING.sub("", text[start:end])
    norm = name_norm(span)
    if span and norm:
        yield ProtectedToken(TokenClass.NAME, span, norm, start, start + len(span))
