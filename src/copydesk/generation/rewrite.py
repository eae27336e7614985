"""The result of writing up a message: the text, what became of each segment, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from copydesk.core.post import Fate, Tier
from copydesk.generation.port import Completion

#: What a write-up may be about. `other` when nothing speaks for one of them.
CATEGORIES: Final = (
    "announcement",
    "question",
    "problem",
    "request",
    "feedback",
    "how-to",
    "other",
)

MAX_TAGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call to a model. `rejected_because` is "" for the answer that was used.

    `completion` is kept for rejected answers too, as evidence; it is None when none came. `wait` is
    for how many seconds nobody who could answer wants to be asked, None where nobody said so.
    `made` tells whether a call was made at all, `is_free` that it was answered by nobody who could
    send a bill.
    """

    max_tokens: int
    completion: Completion | None
    signal: str = ""
    rejected_because: str = ""
    wait: float | None = None
    made: bool = True
    is_free: bool = False

    @property
    def cost_usd(self) -> float | None:
        """Return what it cost; None where nobody knows: a server that went silent may send a
        bill."""
        if self.completion is not None:
            return self.completion.cost_usd
        return 0.0 if self.is_free or not self.made else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A message written up.

    `tier` says what wrote the text. `degraded_because` is "" unless a model was wanted and the text
    is the cleaned original instead: such a text is complete but waits for a person. `confidence`
    (0..1) is the model's own claim, None for rules. `fates` names every authored segment once.
    `notes` say in words how it was done where that is not plain: in parts, or without some of what
    surrounds the message.
    """

    title: str
    body: str
    summary: str
    tags: tuple[str, ...]
    category: str
    fates: tuple[Fate, ...]
    tier: Tier
    omitted: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    confidence: float | None = None
    model: str = ""
    prompt_version: str = ""
    attempts: tuple[Attempt, ...] = ()
    degraded_because: str = ""
    notes: tuple[str, ...] = ()

    @property
    def wait(self) -> float | None:
        """Return in how many seconds a model may be asked that would not now, None where a model
        wrote the text or nobody said when."""
        if not self.degraded_because or not self.attempts:
            return None
        return self.attempts[-1].wait

    @property
    def cost_usd(self) -> float | None:
        """Return what all attempts cost together; None when any price is unknown."""
        costs = [attempt.cost_usd for attempt in self.attempts]
        return None if None in costs else sum(cost for cost in costs if cost is not None)
