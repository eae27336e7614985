"""Nothing new: a short text that stands for an article says only what the article has.

For texts that leave out on purpose (posts, threads, summaries), where what is missing tells
nothing. Every protected token of the text has to be one of the article's; a name may be put
together from the article's own words, since it is found by its capitals.
"""

from __future__ import annotations

import re

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import TokenClass
from copydesk.quality.comparison import Comparison

NAME = "nothing_new"
VERSION = 1

_WORD = re.compile(r"\w+")


def check(comparison: Comparison) -> CheckResult:
    """Compare the ledgers of article and text in one direction.

    Returns:
        `failed` with one piece of evidence for each token the article does not have.
    """
    known = frozenset(_WORD.findall(comparison.source.text.casefold()))
    evidence = tuple(
        Evidence(
            message=f"the article has no such {token.cls.value}",
            span=token.text,
            where="text",
            start=token.start,
            end=token.end,
            signal=f"nothing_new.{'name' if token.cls is TokenClass.NAME else 'value'}",
        )
        for token in comparison.unsupported
        if token.cls is not TokenClass.NAME
        or not known.issuperset(_WORD.findall(token.text.casefold()))
    )
    verdict = Verdict.FAILED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)
