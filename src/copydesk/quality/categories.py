"""Words that raise the risk of a text: their categories, and the languages that have lists of them.

The lists are data (`risk_words/`, one file a language), reviewed like code. They route a text to a
person and never reject it: quoted or reported abuse, a film title, a figure of speech all match. A
category a language has no words for could pass unseen, so only languages with all of them are read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import islice
from typing import Final

from copydesk.core.checks import RiskClass
from copydesk.core.phrases import Phrases, Stems

CATEGORIES: Final = (
    ("self-harm", RiskClass.CRITICAL),
    ("minors", RiskClass.CRITICAL),
    ("safety", RiskClass.CRITICAL),
    ("legal threat", RiskClass.CRITICAL),
    ("legal", RiskClass.HIGH),
    ("health", RiskClass.HIGH),
    ("money", RiskClass.HIGH),
    ("security", RiskClass.HIGH),
    ("allegation", RiskClass.HIGH),
    ("harassment", RiskClass.HIGH),
    ("claim or comparison", RiskClass.MEDIUM),
    ("deadline", RiskClass.MEDIUM),
)
LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "no", "tr", "ru", "uk", "ar",
    "zh", "ja", "ko",
)  # fmt: skip
"""Two-letter codes of the languages with lists."""

#: Languages without spaces between words, or whose words take others in front without one.
_WITHIN: Final = frozenset({"ar", "ja", "ko", "zh"})
_SAME: Final = {"nb": "no", "nn": "no", "wuu": "zh", "yue": "zh"}
#: Letters of languages that a text may hold beside its own; kana decides before Han letters do.
_SCRIPTS: Final = (
    (("ru", "uk"), re.compile("[\u0400-\u04ff]")),
    (("ar",), re.compile("[\u0600-\u06ff]")),
    (("ko",), re.compile("[\uac00-\ud7af]")),
    (("ja",), re.compile("[\u3040-\u30ff]")),
    (("ja", "zh"), re.compile("[\u3400-\u9fff]")),
)
#: Letters of scripts in which no language has lists.
_UNREAD: Final = re.compile("[\u0370-\u03ff\u0530-\u05ff\u0700-\u10ff\u1200-\u1cff]")
#: So many of them are words, not a sign or a name.
_WORDS_OF_THEM: Final = 12


def is_read(text: str, language: str) -> bool:
    """Whether the lists can tell what a text is about.

    `language` is a two-letter code or "", which says nothing about it.
    """
    if language and _SAME.get(language, language) not in LANGUAGES:
        return False
    if text.isascii():
        return True
    found = islice(_UNREAD.finditer(text), _WORDS_OF_THEM)
    return sum(1 for _ in found) < _WORDS_OF_THEM


def find_words(text: str, language: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the words of risk in a text, each with the number of its category, in no order.

    Lists of its language and of those whose script stands in it; of all where it is not one of
    `LANGUAGES`.
    """
    for each in _languages(text, language):
        yield from _lists(each).find(text)


def _languages(text: str, language: str) -> tuple[str, ...]:
    own = _SAME.get(language, language)
    if own not in LANGUAGES:
        return LANGUAGES
    chosen: tuple[str, ...] = (own,)
    if not text.isascii():
        for languages, letters in _SCRIPTS:
            if not set(languages) & set(chosen) and letters.search(text):
                chosen += languages
    return chosen


@cache
def _lists(language: str) -> Phrases | Stems:
    path = resources.files("copydesk.quality").joinpath("risk_words", f"{language}.toml")
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [words[name] for name, _ in CATEGORIES]
    return Stems(rows) if language in _WITHIN else Phrases(rows)
