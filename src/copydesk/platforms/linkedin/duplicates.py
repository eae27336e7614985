"""Whose is the post that LinkedIn names when it says "duplicate"?

After a lost answer that may be our own first try, and then everything is well. It may as well be an
older post with the same text, or one that never existed: for 24 to 48 hours after a deletion the
detector refuses the text and names a fresh number each time, which answers 404 (Composio#2710,
checked 2026-11-22). The numbers tell when each was made. Pure.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Duplicate, Outcome, Refused
from copydesk.platforms.linkedin.urns import address_of, made_at

#: How far LinkedIn's clock and ours may be apart.
TOLERANCE: Final = timedelta(minutes=2)

#: What was made that shortly before the present try, or after it, was made by the present try.
_THIS_TRY: Final = timedelta(seconds=5)


class Whose(StrEnum):
    """What the named post is to the delivery that was refused."""

    OURS = "ours"
    OLDER = "older"
    GHOST = "ghost"


def whose(urn: str, outgoing: Outgoing) -> Whose:
    """Return what the post `urn` ("": LinkedIn named none) is to `outgoing`.

    `OURS` is only ever said of a repeated try: the first one cannot have met itself.
    """
    first, last = outgoing.first_sent_at, outgoing.sent_at
    made = made_at(urn)
    is_first = first is None or last is None or first == last
    if is_first:
        unborn = made is not None and last is not None and made >= last - _THIS_TRY
        return Whose.GHOST if unborn else Whose.OLDER
    assert first is not None
    assert last is not None
    if made is None:
        return Whose.OURS if urn else Whose.GHOST
    if made < first - TOLERANCE:
        return Whose.OLDER
    return Whose.GHOST if made >= last - _THIS_TRY else Whose.OURS


def judged(outcome: Duplicate, outgoing: Outgoing) -> Outcome:
    """Return what "duplicate" means for `outgoing`: it landed, it is refused, or nobody knows."""
    match whose(outcome.of, outgoing):
        case Whose.OURS:
            return outcome
        case Whose.GHOST if outgoing.first_sent_at != outgoing.sent_at:
            return Duplicate(answer=outcome.answer)
        case Whose.GHOST:
            return Refused(
                field="commentary",
                reason="LinkedIn still remembers a deleted post with the same text, and names "
                f"{outcome.of}, which does not exist",
                remedy="Publish it again in 48 hours, or change the text.",
                answer=outcome.answer,
            )
        case Whose.OLDER:
            named = f": {address_of(outcome.of)}" if outcome.of else ""
            return Refused(
                field="commentary",
                reason=f"LinkedIn has a post with the same text already{named}",
                remedy="Change the text. If that is this very post, say that it landed; if it was "
                "deleted, LinkedIn takes the text again after 48 hours.",
                answer=outcome.answer,
            )
