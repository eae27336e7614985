"""Denials: which words of a sentence a negation reaches, and how far it has to reach.

In the same clause, after it and no more than a few words away; in languages whose negation may
follow ("Bitte löscht es nicht") before it too. French denies in two parts: the verb stands between
"ne" and "pas" or "plus"; "ne" with "que" says "only", and after "que" it may say nothing at all.
Where people leave "ne" out, "plus" denies only where it cannot say "more": before "le", "mes" or
"du tout", and behind a verb like "marche" that ends its clause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from copydesk.quality.lexicon import Lexicon, Phrases, lexicon

#: How many words a negation reaches.
_REACH: Final = 6
#: How many it reaches backwards.
_BEFORE: Final = {"de": 6, "fr": 2, "nl": 6}
_SHORTEST: Final = 3
#: What ends a French denial that "ne" began; "plus" alone may say "more".
_SECOND: Final = frozenset(
    ("pas", "plus", "jamais", "rien", "aucun", "aucune", "personne", "ni", "guère", "point", "nul")
)
#: Who does something: one of these stands shortly before a "plus" that denies without "ne".
_SUBJECTS: Final = frozenset({
    "je", "tu", "il", "elle", "on", "ça", "ca", "cela", "nous", "vous", "ils", "elles", "qui",
})  # fmt: skip
_SUBJECT_NEAR: Final = 3
#: No comparison goes on with these: "je veux plus vos mails".
_NO_MORE_BEFORE: Final = frozenset({
    "le", "la", "les", "mon", "ma", "mes", "ton", "ta", "tes", "notre", "nos", "votre", "vos",
    "leur", "leurs", "ce", "cet", "cette", "ces", "rien", "personne", "aucun", "aucune", "accès",
    "besoin", "confiance", "depuis", "droit", "envie",
})  # fmt: skip
#: What does this either does it or not; hardly ever more.
_EITHER: Final = frozenset({
    "marche", "marchent", "fonctionne", "fonctionnent", "démarre", "répond", "répondent",
    "existe", "existent", "charge", "allume", "ouvre",
})  # fmt: skip
#: How far before "ne" a "que" makes it say nothing ("avant qu'il ne parte").
_NEAR: Final = 3


def denied(written: Sequence[str], plain: Sequence[str], language: str) -> Mapping[int, int]:
    """Return the places of the words a negation reaches, and how far it had to reach.

    `written` are the words and marks of a sentence, `plain` the same as texts are compared,
    `language` a two-letter code.
    """
    lists = lexicon(language)
    reached: dict[int, int] = {}
    verbs = list(_verbs(written, plain, lists)) if language == "fr" else []
    contracted = any(_is_contracted(word) for word in written if "'" in word or "’" in word)
    bare_plus = language == "fr" and "plus" in plain
    denies = verbs or contracted or bare_plus or not lists.negations.keys().isdisjoint(plain)
    if not denies:
        return reached
    for verb in verbs:
        _reach(verb, plain, reached, lists)
    seconds = {verb.stop for verb in verbs if verb.stop < len(plain)}
    place = 0
    while place < len(plain):
        harmless = _starts(lists.harmless, plain, place)
        if harmless:
            place += harmless
            continue
        is_second = place in seconds and plain[place] in _SECOND
        length = _starts(lists.negations, plain, place) or _is_contracted(written[place])
        length = length or int(
            is_second or (language == "fr" and _is_no_more(written, plain, place))
        )
        if not length:
            place += 1
            continue
        ahead = range(place + length, min(place + length + _REACH, len(plain)))
        _reach(ahead, plain, reached, lists)
        before = _BEFORE.get(language, 0)
        if language == "fr" and (is_second or plain[place] not in _SECOND):
            before = 0  # "ne" says what is denied before "pas"; "sans" has no verb before it
        _reach(range(place - 1, max(-1, place - 1 - before), -1), plain, reached, lists)
        place += length
    return reached


def _verbs(written: Sequence[str], plain: Sequence[str], lists: Lexicon) -> Iterator[range]:
    """Yield the places that a French "ne" denies: up to its second part, or a few words."""
    for place, word in enumerate(written):
        elided = word[:2].casefold() in {"n'", "n’"}
        if not elided and plain[place] != "ne":
            continue
        if _starts(lists.harmless, plain, place) or (elided and plain[place] == "importe"):
            continue
        first = place if elided else place + 1
        full = _clause(plain, place + 1, lists)
        second = next((n for n in range(place + 1, full) if plain[n] in _SECOND), None)
        if any(_is_que(written[n]) for n in range(place + 1, second or full)):
            continue  # only
        if second is None and any(map(_is_que, written[max(0, place - _NEAR) : place])):
            continue  # it says nothing
        yield range(first, second or full)


def _is_no_more(written: Sequence[str], plain: Sequence[str], place: int) -> bool:
    """Whether a "plus" without "ne" denies what stands before it."""
    if plain[place] != "plus" or place == 0:
        return False
    following = list(plain[place + 1 : place + 3])
    ends = not following or not following[0][0].isalnum()
    if plain[place - 1] in _EITHER:
        return ends or following[0] == "depuis" or following == ["du", "tout"]
    before = range(max(0, place - _SUBJECT_NEAR), place)
    if not any(plain[n] in _SUBJECTS or written[n][:2].casefold() in {"j'", "j’"} for n in before):
        return False
    if ends or plain[place - 1] in _SUBJECTS or not plain[place - 1][0].isalpha():
        return False
    elided = written[place + 1][:2].casefold() in {"l'", "l’"}
    return elided or following[0] in _NO_MORE_BEFORE or following == ["du", "tout"]


def _clause(plain: Sequence[str], first: int, lists: Lexicon) -> int:
    """Return where the clause ends, or the reach of a denial in it."""
    full = min(first + _REACH, len(plain))
    ends = (n for n in range(first, full) if not plain[n][0].isalnum() or plain[n] in lists.breaks)
    return next(ends, full)


def _is_que(written: str) -> bool:
    word = written.casefold()
    return word == "que" or word.startswith(("qu'", "qu’"))


def _reach(places: range, plain: Sequence[str], reached: dict[int, int], lists: Lexicon) -> None:
    steps = 1
    for place in places:
        word = plain[place]
        if not word[0].isalnum() or word in lists.breaks:
            return
        reached[place] = min(steps, reached.get(place, steps))
        steps += len(word) >= _SHORTEST and word not in lists.function


def _starts(phrases: Phrases, words: Sequence[str], place: int) -> int:
    """Return how many words the phrase takes that begins at a place, 0 for none."""
    for phrase in phrases.get(words[place], ()):
        if tuple(words[place : place + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def _is_contracted(written: str) -> int:
    return int(written[-1:] in "tT" and written[-3:].casefold().replace("’", "'") == "n't")
