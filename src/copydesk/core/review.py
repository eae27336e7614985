"""What a person is asked, how soon, and what happens when nobody answers.

When a deadline passes, the review is escalated: an event says so, it counts as overdue, and whoever
held it holds it no more. It stays open and its text stays held: time alone never publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from copydesk.core.checks import RiskClass


class ReviewKind(StrEnum):
    """What a person is asked for: to let a text go, to judge one that went, to judge beside
    another person. The latter two are blind: they show neither risk nor scores."""

    QUESTION = "question"
    AUDIT = "audit"
    SECOND = "second"


#: Kinds whose answer moves the post. The others are opinions about it.
MOVING: Final = frozenset({ReviewKind.QUESTION})
#: Kinds that show neither risk nor what checks said.
BLIND: Final = frozenset({ReviewKind.AUDIT, ReviewKind.SECOND})


class SentTo(StrEnum):
    """To whom a text is sent back."""

    AUTHOR = "author"
    COMPOSER = "composer"


#: How soon a question has to be answered, unless the settings say otherwise.
DUE_WITHIN: Final[Mapping[RiskClass, timedelta]] = {
    RiskClass.CRITICAL: timedelta(hours=2),
    RiskClass.HIGH: timedelta(hours=8),
    RiskClass.MEDIUM: timedelta(hours=24),
    RiskClass.LOW: timedelta(hours=72),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTimes:
    """How long things about reviews take.

    A question has to be answered within `due_within` of its risk, an opinion, which holds nothing
    up, within `opinion_within`. An overdue review is announced again every `reminded_every`. Who
    works on a review has it for `claimed_for`; every decision gives the time anew.
    """

    due_within: Mapping[RiskClass, timedelta] = field(default_factory=lambda: dict(DUE_WITHIN))
    opinion_within: timedelta = timedelta(days=7)
    reminded_every: timedelta = timedelta(hours=24)
    claimed_for: timedelta = timedelta(minutes=30)

    def due(self, kind: ReviewKind, risk: RiskClass) -> timedelta:
        """Return how soon a review has to be answered."""
        return self.due_within[risk] if kind in MOVING else self.opinion_within


#: The order of the queue.
RANK: Final[Mapping[RiskClass, int]] = {
    RiskClass.CRITICAL: 0,
    RiskClass.HIGH: 1,
    RiskClass.MEDIUM: 2,
    RiskClass.LOW: 3,
}

#: How many different people have to accept a text of this risk; one for any other.
SIGNATURES: Final[Mapping[RiskClass, int]] = {RiskClass.CRITICAL: 2}


def signatures_needed(kind: ReviewKind, risk: RiskClass) -> int:
    """Return how many different people have to accept."""
    return SIGNATURES.get(risk, 1) if kind in MOVING else 1


def person_of(actor: str) -> str:
    """Return who acted, whichever door they came by: `web:ada` and `api:ada` are one person."""
    return actor.partition(":")[2] or actor
