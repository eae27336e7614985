"""Protected tokens: each one of the source is in the text or named as omitted; no new addresses.

A token that is gone or a link, address, handle or code the source never had fails the text: the
remedy is to put the token back. A name that is gone is flagged only, since names are found by
their capitals and a spelling put right looks like a loss.
"""

from __future__ import annotations

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import VERBATIM, TokenClass
from copydesk.quality.comparison import Comparison

NAME = "protected_tokens"
VERSION = 3

# A hashtag is an editor's tool and an id may be a compound word; the fact diff flags those.
_NEVER_NEW = VERBATIM - {TokenClass.HASHTAG, TokenClass.ID, TokenClass.VERSION}


def check(comparison: Comparison) -> CheckResult:
    """Compare the two ledgers.

    Returns:
        `failed` for a lost token or a new address, `flagged` if only names are lost.
    """
    evidence: list[Evidence] = []
    verdict = Verdict.PASSED
    for token in comparison.lost:
        if comparison.is_omitted(token):
            continue
        if token.cls is not TokenClass.NAME:
            verdict = Verdict.FAILED
        elif verdict is Verdict.PASSED:
            verdict = Verdict.FLAGGED
        evidence.append(
            Evidence(
                message=f"this {token.cls.value} of the source is gone",
                span=token.text,
                where="source",
                start=token.start,
                end=token.end,
                signal=f"tokens.{'name' if token.cls is TokenClass.NAME else 'lost'}",
            )
        )
    for token in comparison.unsupported:
        if token.cls in _NEVER_NEW:
            verdict = Verdict.FAILED
            evidence.append(
                Evidence(
                    message=f"the source has no such {token.cls.value}",
                    span=token.text,
                    where="text",
                    start=token.start,
                    end=token.end,
                    signal="tokens.new_address",
                )
            )
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=tuple(evidence))
