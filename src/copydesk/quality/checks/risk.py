"""Risk: how much is at stake if this text is wrong, from words, tokens and shapes.

A find routes a text to a person; it never rejects or changes it, because lists misfire on quoted
and reported speech. A text in a language without lists goes to a person too: what it is about
cannot be told. The class of input and output is the higher of the two.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.core.ledger import Ledger, ProtectedToken, TokenClass
from copydesk.quality.categories import CATEGORIES, find_words, is_read
from copydesk.quality.comparison import Comparison
from copydesk.quality.injection import instructions
from copydesk.quality.personal_data import personal_data

NAME = "risk"
VERSION = 4

_ORDER = (RiskClass.LOW, RiskClass.MEDIUM, RiskClass.HIGH, RiskClass.CRITICAL)
HELD = frozenset({RiskClass.HIGH, RiskClass.CRITICAL})
"""Classes that always go to a person, whatever the other checks say."""

_SPEECH = re.compile(
    r"(?<!\w)(?:said|says|told|tells|wrote|writes|claim(?:s|ed)|stated|quot\w+|sagte?|schrieb|meinte"
    r"|behauptete?|dit|déclar\w+|écri\w+|dijo|dice|escribió|afirm\w+)(?!\w)",
    re.IGNORECASE,
)


_Span: TypeAlias = tuple[int, int]
#: What was found, and where; None for a category that the evidence of another names.
_Find: TypeAlias = tuple[RiskClass, str, Evidence | None]


@dataclass(frozen=True, slots=True)
class Risk:
    """The class of a text, the categories that were found, and where."""

    risk: RiskClass
    categories: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def higher(*classes: RiskClass) -> RiskClass:
    """Return the highest of some risk classes."""
    return max(classes, key=_ORDER.index, default=RiskClass.LOW)


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
    if not is_read(ledger.text, language):
        message = "no words of risk are known in this language"
        found.append((RiskClass.HIGH, "unread language", Evidence(message=message, where=where)))
    elif not language:
        name = "unknown language"
        found.append((RiskClass.MEDIUM, name, Evidence(message=name, where=where)))
    # what weighs most is said first: a reviewer reads the beginning
    found.sort(key=lambda find: (-_ORDER.index(find[0]), find[2].start if find[2] else -1))
    return Risk(
        higher(*(risk for risk, _, _ in found)),
        tuple(dict.fromkeys(name for _, name, _ in found)),
        tuple(evidence for _, _, evidence in found if evidence is not None),
    )


def _by_words(ledger: Ledger, language: str, where: str) -> Iterator[_Find]:
    """Yield the words of risk, those that weigh most first.

    What stands within another word or phrase names its category and is no evidence of its own.
    """
    found: dict[_Span, dict[str, RiskClass]] = {}
    named: list[_Span] | None = None
    for number, match in find_words(ledger.text, language):
        name, risk = CATEGORIES[number]
        if name == "allegation":
            named = _spans_with_names(ledger) if named is None else named
            at = bisect_right(named, (match.start(), len(ledger.text))) - 1
            if at >= 0 and match.start() < named[at][1]:
                risk, name = RiskClass.CRITICAL, "allegation against a name"
        found.setdefault(match.span(), {})[name] = risk
    shown: list[_Span] = []
    for span in sorted(found, key=lambda span: (-_most(found[span]), span[0] - span[1])):
        kinds = sorted(found[span].items(), key=lambda kind: -_ORDER.index(kind[1]))
        evidence = None
        if not _shares(shown, span):
            insort(shown, span)
            start, end = span
            evidence = Evidence(
                message=", ".join(name for name, _ in kinds),
                span=ledger.text[start:end],
                where=where,
                start=start,
                end=end,
            )
        for name, risk in kinds:
            yield risk, name, evidence
            evidence = None


def _most(classes: Mapping[str, RiskClass]) -> int:
    return _ORDER.index(higher(*classes.values()))


def _shares(shown: Sequence[_Span], span: _Span) -> bool:
    """Whether a span stands within one of those shown or the other way round; `shown` is sorted,
    and of its spans none stands within another."""
    at = bisect_right(shown, (span[0], sys.maxsize))
    before = at > 0 and shown[at - 1][1] >= span[1]
    return before or (at < len(shown) and shown[at][1] <= span[1])


def _spans_with_names(ledger: Ledger) -> list[_Span]:
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


def assess_both(source: Ledger, text: Ledger) -> Risk:
    """Return the risk of a source and of the text made of it: the higher class of the two.

    What both say in the same words is shown in the text alone.
    """
    inbound = assess(source, where="source", inbound=True)
    outbound = assess(text, where="text", inbound=False)
    said = {_said(evidence) for evidence in outbound.evidence}
    return Risk(
        higher(inbound.risk, outbound.risk),
        tuple(dict.fromkeys((*inbound.categories, *outbound.categories))),
        (
            *(each for each in inbound.evidence if _said(each) not in said or _is_unsaid(each)),
            *outbound.evidence,
        ),
    )


def _said(evidence: Evidence) -> tuple[str, str]:
    return evidence.message, evidence.span.casefold()


def _is_unsaid(evidence: Evidence) -> bool:
    """Whether the evidence keeps to itself what stands at its place, as for personal data."""
    return evidence.start >= 0 and not evidence.span


def check(comparison: Comparison) -> tuple[CheckResult, Risk]:
    """Assess source and text.

    Returns:
        The check, `flagged` from high upwards, and the risk, with the categories of both.
    """
    risk = assess_both(comparison.source, comparison.text)
    verdict = Verdict.FLAGGED if risk.risk in HELD else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=risk.evidence), risk
