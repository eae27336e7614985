"""Suggestions: one change to a text that a person can accept, edit, reject, and take back.

A suggestion is anchored in the author's own text of its review (`start`, `end` in code points, and
a quote of what stands around). Suggestions of one field are disjoint, or one holds the other whole:
a model's sentence around the spelling that rules put right inside it. The outermost that stands
wins; what it holds waits unseen and is there again when it is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from copydesk.core.checks import Evidence, RiskClass
from copydesk.core.states import SuggestionState


class Intent(StrEnum):
    """What a change is for, or what makes it need a person."""

    FLUENCY = "fluency"
    CLARITY = "clarity"
    COHERENCE = "coherence"
    STYLE = "style"
    MEANING_CHANGED = "meaning_changed"
    FACT_FLAG = "fact_flag"
    PROTECTED_TOKEN = "protected_token"
    POLICY = "policy"


#: Intents that nobody accepts by accepting the whole: a person decides on each, or says "the rest".
WEIGHTY: Final = frozenset(
    {Intent.MEANING_CHANGED, Intent.FACT_FLAG, Intent.PROTECTED_TOKEN, Intent.POLICY}
)


class Origin(StrEnum):
    """Who made a suggestion."""

    RULE = "rule"
    MODEL = "model"
    PERSON = "person"


class RejectionReason(StrEnum):
    """Why a person did not want a change."""

    WRONG_FACT = "wrong_fact"
    TONE = "tone"
    UNNEEDED = "unneeded"
    BREAKS_VOICE = "breaks_voice"
    OTHER = "other"


class TextField(StrEnum):
    """Which text of a post a suggestion changes."""

    TITLE = "title"
    SUMMARY = "summary"
    BODY = "body"


#: How the names of rules that decide begin.
BY_RULE: Final = "rule:"

#: How much of the text around it a suggestion quotes on either side, in code points.
QUOTED: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A suggestion before it is a row.

    `before` is what stands there without it, `after` with it. It is open, or `decided_by` has
    decided on it: a rule that may, whoever made it themselves, or who decided on a suggestion for
    the same place. `text` is what stands when it is edited. `segment` is the index among the
    message's segments. `propensity` (0..1) is the chance with which a person was asked about it,
    None of one made before that was kept.
    """

    field: TextField
    start: int
    end: int
    before: str
    after: str
    origin: Origin
    intent: Intent
    risk: RiskClass
    origin_version: str = ""
    prompt_version: str = ""
    segment: int | None = None
    evidence: tuple[Evidence, ...] = ()
    state: SuggestionState = SuggestionState.OPENED
    reason_code: str = ""
    note: str = ""
    propensity: float | None = None
    text: str = ""
    decided_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion(Proposal):
    """A suggestion as a row of a review.

    `number` counts within the review, in the order of the text when it was made. `text` is what
    stands when it is accepted or edited, `findings` what checks say of what a person wrote.
    `version` grows with every decision.
    """

    id: str
    review_id: str
    number: int
    quote_before: str
    quote_after: str
    findings: tuple[Evidence, ...] = ()
    version: int = 0
    decided_at: datetime | None = None

    @property
    def by_person(self) -> bool:
        """Whether a person decided on it; what a rule decided, anybody may decide over."""
        return bool(self.decided_by) and not self.decided_by.startswith(BY_RULE)

    @property
    def is_live(self) -> bool:
        """Whether it still has a place in the text."""
        return self.state not in (SuggestionState.SUPERSEDED, SuggestionState.STALE)

    @property
    def stands(self) -> bool:
        """Whether its text is in the review's text: what is open is shown as proposed."""
        return self.is_live and self.state is not SuggestionState.REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The author's own text of a review: what the anchors of its suggestions count in."""

    title: str
    summary: str
    body: str

    def of(self, field: TextField) -> str:
        """Return the text of one field."""
        return {
            TextField.TITLE: self.title,
            TextField.SUMMARY: self.summary,
            TextField.BODY: self.body,
        }[field]
