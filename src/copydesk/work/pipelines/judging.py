"""Holding a new text against what it was made from: it may leave out, but not invent."""

from __future__ import annotations

from copydesk.core.checks import CheckResult, RiskClass
from copydesk.quality.checks import assistant_voice, nothing_new, risk
from copydesk.quality.comparison import Comparison


def judge_new(text: str, source: str, language: str) -> tuple[tuple[CheckResult, ...], RiskClass]:
    """Return what the checks say about `text`, which was made from `source`, and its risk class.

    `language` is the BCP 47 tag of both, "" if unknown.
    """
    comparison = Comparison(source, text, language=language)
    result, found = risk.check(comparison)
    results = (nothing_new.check(comparison), assistant_voice.check(comparison), result)
    return results, found.risk
