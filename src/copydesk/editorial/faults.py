"""What a decision says about the text as it was written: whether it was good, and what was wrong.

Whoever counts good and bad texts asks here, so that audits, labels and the regression corpus agree.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.ledger import added, extract, missing
from copydesk.core.post import Revision, Tier
from copydesk.core.states import ReviewState
from copydesk.core.suggestion import RejectionReason

_SHOWN: Final = 5
_PUT_RIGHT: Final = "facts were put right"


def fault_in(written: Revision, approved: Revision, state: ReviewState, reason: str = "") -> str:
    """Return in words what was wrong with `written`, "" if nothing was.

    A rejected text is bad. One that a person approved is bad only where they put facts right in it:
    other words, another order or a comma are a matter of taste and say nothing about it.

    Args:
        written: the text a model or the rules wrote.
        approved: the text as it stood when it was decided on.
        state: what was decided.
        reason: the words that came with the decision.
    """
    if state is ReviewState.REJECTED:
        return reason or "rejected in review"
    if approved.tier is not Tier.PERSON or approved.id == written.id:
        return ""
    before = extract(written.content.body, language=written.content.language)
    after = extract(approved.content.body, language=approved.content.language)
    changed = [token.text for token in (*missing(before, after), *added(before, after))]
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return f"{_PUT_RIGHT}: {', '.join(changed[:_SHOWN])}{more}" if changed else ""


def is_about_facts(fault: str) -> bool:
    """Whether a fault in these words (`fault_in`) is one of fact, which the gate should have seen;
    a text may be turned down for its tone as well."""
    return fault.startswith((_PUT_RIGHT, RejectionReason.WRONG_FACT))
