"""What people decide again and again: rules that suggest themselves, and how intents are taken.

A change that several people, or one person many times, accepted in the same words may become a rule
of clean-up. It is proposed here, with figures; a person writes the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from copydesk.core.proportions import highest_share, lowest_share
from copydesk.store import UnitOfWork
from copydesk.store.feedback import IntentCount, RepeatedChange

#: So many people, or so many times, make a candidate.
PEOPLE: Final = 3
TIMES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change that suggests itself as a rule; `rejected` is how often people did not want it."""

    change: RepeatedChange

    @property
    def because(self) -> str:
        """Return in words why it is proposed."""
        change = self.change
        against = f", {change.rejected} times rejected" if change.rejected else ""
        return f"accepted {change.accepted} times by {change.people} people{against}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How people take suggestions of one intent, origin and channel. `low` and `high` are the 95 %
    Clopper-Pearson bounds of the share that was accepted as it was."""

    count: IntentCount
    share: float
    low: float
    high: float


async def candidates(unit: UnitOfWork, workspace_id: str, *, limit: int = 100) -> list[Candidate]:
    """Return the changes that suggest themselves as rules, the most often accepted first.

    What was rejected more often than a tenth of the time is left out: it depends on the place.
    """
    repeated = await unit.feedback.repeated_changes(
        workspace_id, people=PEOPLE, times=TIMES, limit=limit
    )
    return [
        Candidate(change=change) for change in repeated if change.rejected * 10 <= change.accepted
    ]


async def acceptance(unit: UnitOfWork, workspace_id: str) -> list[Acceptance]:
    """Return how people take suggestions, by intent, origin and channel."""
    found = []
    for count in await unit.feedback.intent_counts(workspace_id):
        accepted, all_ = count.accepted, count.decided
        found.append(
            Acceptance(
                count=count,
                share=accepted / all_,
                low=lowest_share(accepted, all_, confidence=0.975),
                high=highest_share(accepted, all_, confidence=0.975),
            )
        )
    return found
