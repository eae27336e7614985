"""A state as a person sees it: always a word with an icon, coloured besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from copydesk.core.checks import RiskClass, Verdict
from copydesk.core.states import (
    AccountState,
    AlarmState,
    BreakerState,
    ConnectionState,
    DeliveryState,
    FeedState,
    PostState,
    ReleaseState,
    ReviewState,
    SeriesState,
    SubmissionState,
    SuggestionState,
    WebhookState,
)


@dataclass(frozen=True, slots=True)
class Badge:
    """`icon` names a symbol of partials/marks.html; `tone` is calm, busy, good, warn or bad."""

    word: str
    icon: str
    tone: str


_LOOKS: Mapping[type[StrEnum], Mapping[StrEnum, tuple[str, str]]] = {
    SubmissionState: {
        SubmissionState.RECEIVED: ("clock", "calm"),
        SubmissionState.PARSED: ("arrow", "busy"),
        SubmissionState.COMPOSED: ("check", "good"),
        SubmissionState.UNPACKED: ("check", "calm"),
        SubmissionState.REPLACED: ("arrow", "calm"),
        SubmissionState.REFUSED: ("ban", "bad"),
        SubmissionState.FAILED: ("cross", "bad"),
    },
    PostState: {
        PostState.DRAFTED: ("pencil", "calm"),
        PostState.HELD: ("hand", "warn"),
        PostState.APPROVED: ("check", "busy"),
        PostState.REJECTED: ("ban", "bad"),
        PostState.DISTRIBUTED: ("check", "good"),
    },
    ReviewState: {
        ReviewState.OPENED: ("hand", "warn"),
        ReviewState.RETURNED: ("arrow", "busy"),
        ReviewState.ACCEPTED: ("check", "good"),
        ReviewState.REJECTED: ("ban", "bad"),
        ReviewState.WITHDRAWN: ("arrow", "calm"),
    },
    SuggestionState: {
        SuggestionState.OPENED: ("question", "warn"),
        SuggestionState.ACCEPTED: ("check", "good"),
        SuggestionState.EDITED: ("pencil", "good"),
        SuggestionState.REJECTED: ("ban", "bad"),
        SuggestionState.SUPERSEDED: ("arrow", "calm"),
        SuggestionState.STALE: ("cross", "calm"),
    },
    DeliveryState: {
        DeliveryState.PLANNED: ("clock", "calm"),
        DeliveryState.SCHEDULED: ("clock", "calm"),
        DeliveryState.SENDING: ("arrow", "busy"),
        DeliveryState.DELIVERED: ("check", "good"),
        DeliveryState.SNOOZED: ("pause", "busy"),
        DeliveryState.UNKNOWN: ("question", "warn"),
        DeliveryState.BLOCKED: ("lock", "warn"),
        DeliveryState.HELD: ("hand", "warn"),
        DeliveryState.FAILED: ("cross", "bad"),
        DeliveryState.CANCELLED: ("ban", "calm"),
        DeliveryState.EXPIRED: ("clock", "bad"),
    },
    SeriesState: {
        SeriesState.RUNNING: ("clock", "calm"),
        SeriesState.PAUSED: ("pause", "warn"),
        SeriesState.ENDED: ("check", "good"),
    },
    AccountState: {
        AccountState.CONNECTED: ("check", "good"),
        AccountState.BLOCKED: ("lock", "bad"),
        AccountState.REMOVED: ("ban", "calm"),
    },
    ConnectionState: {
        ConnectionState.OPENED: ("clock", "busy"),
        ConnectionState.CLAIMED: ("arrow", "busy"),
        ConnectionState.CONNECTED: ("check", "good"),
        ConnectionState.REFUSED: ("ban", "bad"),
        ConnectionState.EXPIRED: ("clock", "bad"),
    },
    FeedState: {
        FeedState.FOLLOWED: ("check", "good"),
        FeedState.PAUSED: ("pause", "warn"),
        FeedState.ENDED: ("ban", "bad"),
        FeedState.REMOVED: ("ban", "calm"),
    },
    WebhookState: {
        WebhookState.ENABLED: ("check", "good"),
        WebhookState.DISABLED: ("ban", "bad"),
        WebhookState.REMOVED: ("ban", "calm"),
    },
    ReleaseState: {
        ReleaseState.CREATED: ("pencil", "calm"),
        ReleaseState.SHADOWED: ("question", "busy"),
        ReleaseState.CANARIED: ("arrow", "busy"),
        ReleaseState.PROMOTED: ("check", "good"),
        ReleaseState.ROLLED_BACK: ("ban", "bad"),
        ReleaseState.UNDECIDED: ("question", "warn"),
        ReleaseState.SUPERSEDED: ("clock", "calm"),
    },
    AlarmState: {
        AlarmState.OPENED: ("hand", "bad"),
        AlarmState.CLOSED: ("check", "calm"),
    },
    BreakerState: {
        BreakerState.CLOSED: ("check", "good"),
        BreakerState.OPEN: ("pause", "bad"),
        BreakerState.HALF_OPEN: ("question", "warn"),
    },
    Verdict: {
        Verdict.PASSED: ("check", "good"),
        Verdict.FLAGGED: ("question", "warn"),
        Verdict.FAILED: ("cross", "bad"),
    },
    RiskClass: {
        RiskClass.LOW: ("check", "calm"),
        RiskClass.MEDIUM: ("question", "calm"),
        RiskClass.HIGH: ("hand", "warn"),
        RiskClass.CRITICAL: ("cross", "bad"),
    },
}


def badge(state: StrEnum) -> Badge:
    """Return how a state, verdict or risk is shown."""
    icon, tone = _LOOKS[type(state)][state]
    return Badge(state.value, icon, tone)


def risk_badge(risk: RiskClass) -> Badge:
    """Return how a risk is shown where the word alone would not say of what."""
    icon, tone = _LOOKS[RiskClass][risk]
    return Badge(f"{risk.value} risk", icon, tone)


_KINDS: Mapping[str, type[StrEnum]] = {
    "submission": SubmissionState,
    "post": PostState,
    "review": ReviewState,
    "suggestion": SuggestionState,
    "delivery": DeliveryState,
    "account": AccountState,
    "breaker": BreakerState,
    "feed": FeedState,
    "webhook": WebhookState,
    "connection": ConnectionState,
    "series": SeriesState,
    "release": ReleaseState,
    "alarm": AlarmState,
}


def event_badge(noun: str, state: str) -> Badge:
    """Return how the state a thing went to is shown; events of unknown nouns get their word."""
    kind = _KINDS.get(noun)
    return badge(kind(state)) if kind else Badge(state, "dot", "calm")
