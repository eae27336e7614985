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
from typing import NamedTuple

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


class _Categories(NamedTuple):
    """Name and class of each category, and the words of all, list by list."""

    named: tuple[tuple[str, RiskClass], ...]
    words: Phrases


def higher(*classes: RiskClass) -> RiskClass:
    """Return the highest of some risk classes."""
    return max(classes, key=_ORDER.index, default=RiskClass.LOW)


@cache
def _categories(language: str) -> _Categories:
    """Return the categories with the words of a language, or of all if it is not one of ours."""
    path = resources.files("copydesk.quality").joinpath("risk.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    keys = (language,) if language in _LANGUAGES else _LANGUAGES
    rows = data["category"]
    return _Categories(
        tuple((row["name"], RiskClass(row["class"])) for row in rows),
        Phrases([[word for key in keys for word in row[key]] for row in rows]),
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
        *_by_words(ledger, language, where),
        *_by_tokens(ledger, where),
        *_by_shape(ledger.text, where, inbound),
    ]
    if language not in _LANGUAGES:
        name = "unknown language"
        found.append((RiskClass.MEDIUM, name, Evidence(message=name, where=where)))
    # what weighs most is said first: a reviewer reads the beginning
    found.sort(key=lambda find: -_ORDER.index(find[0]))
    return Risk(
        higher(*(risk for risk, _, _ in found)),
        tuple(dict.fromkeys(name for _, name, _ in found)),
        tuple(evidence for _, _, evidence in found),
    )


_Find = tuple[RiskClass, str, Evidence]


def _by_words(ledger: Ledger, language: str, where: str) -> Iterator[_Find]:
    categories = _categories(language)
    named: list[tuple[int, int]] | None = None
    for number, match in categories.words.find(ledger.text):
        name, risk = categories.named[number]
        if name == "allegation":
            named = _spans_with_names(ledger) if named is None else named
            at = bisect_right(named, (match.start(), len(ledger.text))) - 1
            if at >= 0 and match.start() < named[at][1]:
                risk, name = RiskClass.CRITICAL, "allegation against a name"
        yield risk, name, _evidence(name, match, where)


def _spans_with_names(ledger: Ledger) -> list[tuple[int, int]]:
    starts = [token.start for token in ledger.of(TokenClass.NAME)]
    return [
        (start, end)
        for start, end in ledger.sentences
        if bisect_left(starts, end) > bisect_left(starts, start)
    ]


def _by_tokens(ledger: Ledger, where: str) -> Iterator[_Find]:
    for token in ledger.tokens:
        if token.cls is TokenClass.MONEY:
            yield RiskClass.HIGH, "money", _token_evidence("an amount of money", token, where)
        elif token.cls in (TokenClass.DATE, TokenClass.TIME):
            found = _token_evidence(token.cls.value, token, where)
            yield RiskClass.MEDIUM, "date or deadline", found
        elif token.cls is TokenClass.QUOTE and _is_speech(ledger.text, token.start, token.end):
            name = "quoted third party"
            yield RiskClass.HIGH, name, _token_evidence(name, token, where)


def _token_evidence(message: str, token: ProtectedToken, where: str) -> Evidence:
    start, end = token.start, token.end
    return Evidence(message=message, span=token.text, where=where, start=start, end=end)


def _is_speech(text: str, start: int, end: int) -> bool:
    around = f"{text[max(0, start - 40) : start]} {text[end : end + 40]}"
    return _SPEECH.search(around) is not None


def _by_shape(text: str, where: str, inbound: bool) -> Iterator[_Find]:
    for evidence in personal_data(text):
        weight = RiskClass.MEDIUM if inbound else RiskClass.HIGH
        yield weight, "personal data", replace(evidence, where=where)
    if inbound:
        for evidence in instructions(text):
            yield RiskClass.HIGH, "injected instruction", replace(evidence, where=where)


def _evidence(name: str, match: re.Match[str], where: str) -> Evidence:
    start, end = match.span()
    return Evidence(message=name, span=match[0], where=where, start=start, end=end)


def assess_both(source: Ledger, text: Ledger) -> Risk:
    """Return the risk of a source and of the text made of it: the higher class of the two."""
    inbound = assess(source, where="source", inbound=True)
    outbound = assess(text, where="text", inbound=False)
    return Risk(
        higher(inbound.risk, outbound.risk),
        tuple(dict.fromkeys((*inbound.categories, *outbound.categories))),
        (*inbound.evidence, *outbound.evidence),
    )


def check(comparison: Comparison) -> tuple[CheckResult, Risk]:
    """Assess source and text.

    Returns:
        The check, `flagged` from high upwards, and the risk, with the categories of both.
    """
    risk = assess_both(comparison.source, comparison.text)
    verdict = Verdict.FLAGGED if risk.risk in HELD else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=risk.evidence), risk
