"""The tables of states: no state is out of reach, none is a trap, and nothing else is possible."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import data, sampled_from

from copydesk.core.errors import Conflict, TransitionNotAllowed
from copydesk.core.states import (
    SETTLED,
    TRANSITIONS,
    AccountState,
    AlarmState,
    AuditState,
    BreakerState,
    CaseState,
    ConnectionState,
    DeliveryState,
    FeedState,
    PostState,
    ProbeState,
    ReleaseState,
    ReviewState,
    SeriesState,
    SubmissionState,
    SuggestionState,
    WebhookState,
    check_transition,
)

FIRST: dict[type[StrEnum], StrEnum] = {
    SubmissionState: SubmissionState.RECEIVED,
    PostState: PostState.DRAFTED,
    ProbeState: ProbeState.SENT,
    ReviewState: ReviewState.OPENED,
    SuggestionState: SuggestionState.OPENED,
    DeliveryState: DeliveryState.PLANNED,
    AccountState: AccountState.CONNECTED,
    BreakerState: BreakerState.CLOSED,
    FeedState: FeedState.FOLLOWED,
    WebhookState: WebhookState.ENABLED,
    ConnectionState: ConnectionState.OPENED,
    SeriesState: SeriesState.RUNNING,
    ReleaseState: ReleaseState.CREATED,
    AlarmState: AlarmState.OPENED,
    AuditState: AuditState.SAMPLED,
    CaseState: CaseState.KEPT,
}
#: Where else something may begin.
ALSO_FIRST: dict[type[StrEnum], set[StrEnum]] = {AuditState: {AuditState.PASSED_OVER}}
#: What has come to its end: nothing may ever lead out of these.
FINAL: dict[type[StrEnum], set[StrEnum]] = {
    ProbeState: {
        ProbeState.CAUGHT,
        ProbeState.MISSED,
        ProbeState.CLEARED,
        ProbeState.ACCUSED,
    },
    SubmissionState: {SubmissionState.REPLACED, SubmissionState.UNPACKED},
    PostState: set(),
    ReviewState: {ReviewState.ACCEPTED, ReviewState.REJECTED, ReviewState.WITHDRAWN},
    SuggestionState: {SuggestionState.SUPERSEDED, SuggestionState.STALE},
    DeliveryState: {DeliveryState.DELIVERED, DeliveryState.CANCELLED},
    AccountState: set(),
    BreakerState: set(),
    FeedState: {FeedState.REMOVED},
    WebhookState: {WebhookState.REMOVED},
    SeriesState: {SeriesState.ENDED},
    ReleaseState: {ReleaseState.ROLLED_BACK, ReleaseState.UNDECIDED},
    AlarmState: {AlarmState.CLOSED},
    AuditState: {
        AuditState.PASSED_OVER,
        AuditState.CLEARED,
        AuditState.FAULTED,
        AuditState.REPLACED,
    },
    CaseState: set(),
    ConnectionState: {
        ConnectionState.CONNECTED,
        ConnectionState.REFUSED,
        ConnectionState.EXPIRED,
    },
}
KINDS = sorted(TRANSITIONS, key=lambda kind: kind.__name__)


def reachable(kind: type[StrEnum], start: StrEnum) -> set[StrEnum]:
    found, ahead = {start}, [start]
    while ahead:
        fresh = TRANSITIONS[kind][ahead.pop()] - found
        found |= fresh
        ahead += fresh
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_is_in_its_table_and_within_reach(kind: type[StrEnum]) -> None:
    assert set(TRANSITIONS[kind]) == set(kind)
    assert reachable(kind, FIRST[kind]) | ALSO_FIRST.get(kind, set()) == set(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_only_final_states_have_no_way_out(kind: type[StrEnum]) -> None:
    assert {state for state in kind if not TRANSITIONS[kind][state]} == FINAL[kind]


def test_every_delivery_can_still_be_delivered_or_given_up() -> None:
    for state in set(DeliveryState) - FINAL[DeliveryState]:
        ahead = reachable(DeliveryState, state)
        assert DeliveryState.DELIVERED in ahead
        assert DeliveryState.CANCELLED in ahead


def test_an_unknown_delivery_is_sent_again_only_by_way_of_scheduled() -> None:
    assert DeliveryState.SENDING not in TRANSITIONS[DeliveryState][DeliveryState.UNKNOWN]
    into_sending = {s for s in DeliveryState if DeliveryState.SENDING in TRANSITIONS[type(s)][s]}
    assert into_sending == {DeliveryState.SCHEDULED}


def test_what_is_settled_needs_a_person_or_nothing() -> None:
    moving = set(DeliveryState) - SETTLED
    assert moving == {
        DeliveryState.PLANNED,
        DeliveryState.SCHEDULED,
        DeliveryState.SENDING,
        DeliveryState.SNOOZED,
        DeliveryState.UNKNOWN,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_any_other_step_raises_and_says_which(kind: type[StrEnum]) -> None:
    for current in kind:
        for target in kind:
            if target in TRANSITIONS[kind][current]:
                check_transition("thing", "id_1", current, target)
                continue
            with pytest.raises(TransitionNotAllowed, match=f"is {current} and cannot") as caught:
                check_transition("thing", "id_1", current, target)
            assert isinstance(caught.value, Conflict)


class Walk(RuleBasedStateMachine):
    """Anybody asks for any step of a delivery, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = DeliveryState.PLANNED
        self.sent = 0
        self.seen = {self.state}

    @rule(source=data())
    def step(self, source: object) -> None:
        target = source.draw(sampled_from(DeliveryState))  # type: ignore[attr-defined]
        try:
            check_transition("delivery", "dlv_1", self.state, target)
        except TransitionNotAllowed:
            return
        assert self.state not in FINAL[DeliveryState]
        if target is DeliveryState.SENDING:
            self.sent += 1
        self.state = target
        self.seen.add(target)

    @invariant()
    def nothing_is_delivered_unsent(self) -> None:
        if DeliveryState.UNKNOWN in self.seen:
            assert self.sent


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
