"""Fact diff: values, dates, names and other tokens of the text that come from nowhere.

What a source says in another form ("2x", "tue", "wifi") is no new fact; what its author took back
("20, no wait, 30") is one, where the text says it instead of what it was replaced by. It flags
spans for a person; whether a token was lost is for `protected_tokens`, which fails a text.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import VERBATIM, TokenClass
from copydesk.quality.comparison import Comparison

NAME = "fact_diff"
VERSION = 3

# Verbatim tokens that may be an editor's own; a new link or address fails `protected_tokens`.
_NEW_WORDS: Final = (TokenClass.HASHTAG, TokenClass.ID, TokenClass.VERSION)


def check(comparison: Comparison) -> CheckResult:
    """Look for tokens of the text that neither source nor support has.

    Returns:
        `flagged` with one piece of evidence per token, `passed` if there is none.
    """
    evidence = tuple(
        Evidence(
            message=f"the author took this {token.cls.value} back"
            if comparison.was_taken_back(token)
            else f"the source has no such {token.cls.value}",
            span=token.text,
            where="text",
            start=token.start,
            end=token.end,
            signal="fact_diff.name" if token.cls is TokenClass.NAME else "fact_diff.value",
        )
        for token in comparison.unsupported
        if token.cls not in VERBATIM or token.cls in _NEW_WORDS
    )
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)
