"""Risk: how much is at stake if this text is wrong, from words, tokens and shapes.

Categories and word lists are data (`risk.toml`). A find routes a text to a person; it never rejects
or changes it, because lists misfire on quoted and reported speech. The class of input and output is
the higher of the two.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.core.ledger import Ledger, ProtectedToken, TokenClass
from copydesk.core.phrases import Phrases
from copydesk.quality.comparison import Comparison
from copydesk.quality.injection import instructions
from copydesk.quality.personal_data import personal_data

NAME = "risk"
VERSION = 2

_ORDER = (RiskClass.LOW, RiskClass.MEDIUM, RiskClass.HIGH, RiskClass.CRITICAL)
HELD = frozenset({RiskClass.HIGH, RiskClass.CRITICAL})
"""Classes that always go to a person, whatever the other checks say."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")
_SPEECH = re.compile(
    r"(?<!\w)(?:said|says|told|tells|wrote|writes|claim(?:s|ed)|stated|quot\w+|sagte?|schrieb|meinte"
    r"|behauptete?|dit|déclar\w+|écri\w+|dijo|dice|escribió|afirm\w+)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Risk:
    """The class of a text, the categories that were found, and where."""

    risk: RiskClass
    categories: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Category:
    name: str
    risk: RiskClass
    words: Phrases


def higher(*classes: RiskClass) -> RiskClass:
    """Return the highest of some risk classes."""
    return max(classes, key=_ORDER.index, default=RiskClass.LOW)


@cache
def _categories(language: str) -> tuple[_Category, ...]:
    """Return the categories with the words of a language, or of all if it is not one of ours."""
    path = resources.files("copydesk.quality").joinpath("risk.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    keys = (language,) if language in _LANGUAGES else _LANGUAGES
    return tuple(
        _Category(
            row["name"],
            RiskClass(row["class"]),
            Phrases(word for key in keys for word in row[key]),
        )
        for row in data["category"]
    )


def assess(ledger: Ledger, *, where: str, inbound: bool) -> Risk:
    """Return the risk of one text.

    Args:
        ledger: the ledger of the text.
        where: what the evidence calls it: `source` or `text`.
        inbound: whether it came from outside: then instructions in it count, and personal data
            in it is the sender's own; in an outgoing text personal data is high risk.
    """
    language = ledger.language.partition("-")[0].lower()
    found = [
        *_by_words(ledger, language),
        *_by_tokens(ledger),
        *_by_shape(ledger.text, inbound),
    ]
    if language not in _LANGUAGES:
        found.append((RiskClass.MEDIUM, "unknown language", Evidence(message="unknown language")))
    # what weighs most is said first: a reviewer reads the beginning
    found.sort(key=lambda find: -_ORDER.index(find[0]))
    return Risk(
        higher(*(risk for risk, _, _ in found)),
        tuple(dict.fromkeys(name for _, name, _ in found)),
        tuple(replace(evidence, where=where) for _, _, evidence in found),
    )


_Find = tuple[RiskClass, str, Evidence]


def _by_words(ledger: Ledger, language: str) -> Iterator[_Find]:
    named = _spans_with_names(ledger)
    for category in _categories(language):
        for match in category.words.finditer(ledger.text):
            risk, name = category.risk, category.name
            at = bisect_right(named, (match.start(), len(ledger.text))) - 1
            if name == "allegation" and at >= 0 and match.start() < named[at][1]:
                risk, name = RiskClass.CRITICAL, "allegation against a name"
            yield risk, name, _evidence(name, match)


def _spans_with_names(ledger: Ledger) -> list[tuple[int, int]]:
    starts = [token.start for token in ledger.of(TokenClass.NAME)]
    return [
        (start, end)
        for start, end in ledger.sentences
        if bisect_left(starts, end) > bisect_left(starts, start)
    ]


def _by_tokens(ledger: Ledger) -> Iterator[_Find]:
    for token in ledger.tokens:
        if token.cls is TokenClass.MONEY:
            yield RiskClass.HIGH, "money", _token_evidence("an amount of money", token)
        elif token.cls in (TokenClass.DATE, TokenClass.TIME):
            yield RiskClass.MEDIUM, "date or deadline", _token_evidence(token.cls.value, token)
        elif token.cls is TokenClass.QUOTE and _is_speech(ledger.text, token.start, token.end):
            name = "quoted third party"
            yield RiskClass.HIGH, name, _token_evidence(name, token)


def _token_evidence(message: str, token: ProtectedToken) -> Evidence:
    return Evidence(message=message, span=token.text, start=token.start, end=token.end)


def _is_speech(text: str, start: int, end: int) -> bool:
    around = f"{text[max(0, start - 40) : start]} {text[end : end + 40]}"
    return _SPEECH.search(around) is not None


def _by_shape(text: str, inbound: bool) -> Iterator[_Find]:
    for evidence in personal_data(text):
        yield (RiskClass.MEDIUM if inbound else RiskClass.HIGH), "personal data", evidence
    if inbound:
        for evidence in instructions(text):
            yield RiskClass.HIGH, "injected instruction", evidence


def _evidence(name: str, match: re.Match[str]) -> Evidence:
    return Evidence(message=name, span=match[0], start=match.start(), end=match.end())


def check(comparison: Comparison) -> tuple[CheckResult, Risk]:
    """Assess source and text.

    Returns:
        The check, `flagged` from high upwards, and the risk: the higher class of the two, with the
        categories of both.
    """
    inbound = assess(comparison.source, where="source", inbound=True)
    outbound = assess(comparison.text, where="text", inbound=False)
    risk = Risk(
        higher(inbound.risk, outbound.risk),
        tuple(dict.fromkeys((*inbound.categories, *outbound.categories))),
        (*inbound.evidence, *outbound.evidence),
    )
    verdict = Verdict.FLAGGED if risk.risk in HELD else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=risk.evidence), risk
