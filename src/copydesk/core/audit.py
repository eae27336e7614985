"""Audits: the look behind texts that may go out by themselves, and the classes they are counted in.

A class is a channel, a language, a risk and a writer. The writer belongs to it because what one
prompt and model have earned says nothing about the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from copydesk.core.checks import RiskClass
from copydesk.core.states import AuditState

#: Risks of which a text may ever go out by itself, with the share of bad ones that is put up with.
TARGETS: Final[Mapping[RiskClass, float]] = {RiskClass.LOW: 0.05, RiskClass.MEDIUM: 0.02}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPolicy:
    """What a workspace has looked at.

    `audit_share` of what goes out by itself goes to a person afterwards, `second_share` of the
    decisions to another person as well; both 0..1. `targets` is, by risk, the share of bad ones
    under which a class may go out by itself where approval is earned.
    """

    audit_share: float = 0.03
    second_share: float = 0.10
    targets: Mapping[RiskClass, float] = field(default_factory=lambda: dict(TARGETS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemClass:
    """What texts are counted together. `channel` and `language` are "" where unknown, which is a
    class like any other: it borrows nothing from those that are known."""

    channel: str
    language: str
    risk: RiskClass
    writer: str

    def __str__(self) -> str:
        """Return the class in words, for reasons and reports."""
        where = f"{self.channel or 'unknown channel'}, {self.language or 'unknown language'}"
        return f"{where}, {self.risk} risk, written by {self.writer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What people found in a class since `since` (None: from the beginning).

    `passed_over` were never looked at (the store counts them to 1,000), `waiting` will be.
    """

    cleared: int = 0
    faulted: int = 0
    waiting: int = 0
    passed_over: int = 0
    since: datetime | None = None

    @property
    def judged(self) -> int:
        """Return how many a person has judged."""
        return self.cleared + self.faulted

    @property
    def all(self) -> int:
        """Return how many there were."""
        return self.judged + self.waiting + self.passed_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One text that may go out by itself, as a row: with which chance (`propensity`, 0..1) it was
    to be looked at, and what became of that."""

    id: str
    workspace_id: str
    post_id: str
    revision_id: str
    cls: ItemClass
    propensity: float
    state: AuditState
    sampled_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleDecision:
    """One text that two people decided on without knowing of each other.

    `first` and `second` are what they decided (states of a review).
    """

    review_id: str
    first_review_id: str
    channel: str
    language: str
    risk: RiskClass
    first: str
    second: str
    first_by: str
    second_by: str
