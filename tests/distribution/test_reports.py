"""What platforms report is believed where we cannot look, and makes us look where we can."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.delivery import Action, Delivery
from copydesk.core.standing import Stands
from copydesk.core.states import TRANSITIONS, DeliveryState
from copydesk.distribution.reports import Effect, Meaning, judge_report
from copydesk.platforms.kit.callbacks import Happened, Report

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def delivery(state: DeliveryState, **more: object) -> Delivery:
    values: dict[str, object] = {
        "id": "dlv_1",
        "workspace_id": "wsp_1",
        "account_id": "acc_1",
        "post_id": "pst_1",
        "revision_id": "rev_1",
        "rendition_id": "ren_1",
        "action": Action.CREATE,
        "state": state,
        "due_at": NOW,
        "key": "k",
        "attempts": 1,
    }
    return Delivery(**{**values, **more})  # type: ignore[arg-type]


def judged(
    happened: Happened,
    of: Delivery,
    *,
    trusted: bool = True,
    can_ask: bool = False,
    can_inspect: bool = False,
) -> Meaning:
    report = Report(happened=happened, key="k", remote_id="9", url="https://x.example/9")
    return judge_report(
        report, of, trusted=trusted, can_ask=can_ask, can_inspect=can_inspect, now=NOW
    )


ACCEPTED = delivery(DeliveryState.SNOOZED, handles={"accepted": True})
UNKNOWN = delivery(DeliveryState.UNKNOWN)
DELIVERED = delivery(DeliveryState.DELIVERED)


def test_an_accepted_delivery_becomes_delivered_with_its_address() -> None:
    meaning = judged(Happened.PUBLISHED, ACCEPTED, can_ask=True)
    (step,) = meaning.steps
    assert step.to is DeliveryState.DELIVERED
    assert (step.values["remote_id"], step.values["url"]) == ("9", "https://x.example/9")


def test_an_accepted_delivery_that_failed_is_held_for_a_person() -> None:
    (step,) = judged(Happened.FAILED, ACCEPTED).steps
    assert step.to is DeliveryState.HELD
    assert step.values["reason_code"] == "refused"


@pytest.mark.parametrize("happened", list(Happened))
def test_an_unknown_delivery_is_looked_up_where_that_can_be_done(happened: Happened) -> None:
    assert judged(happened, UNKNOWN, can_ask=True).effect is Effect.LOOK


def test_an_unknown_delivery_is_settled_by_a_proved_report_where_nobody_can_look() -> None:
    assert judged(Happened.PUBLISHED, UNKNOWN).steps[-1].to is DeliveryState.DELIVERED
    assert judged(Happened.FAILED, UNKNOWN).steps[-1].to is DeliveryState.HELD


def test_what_is_being_sent_is_to_be_told_again() -> None:
    sending = delivery(DeliveryState.SENDING)
    assert judged(Happened.PUBLISHED, sending).effect is Effect.LATER


def test_a_repeat_that_is_due_is_stopped_when_the_first_turns_out_to_have_landed() -> None:
    meaning = judged(Happened.PUBLISHED, delivery(DeliveryState.SCHEDULED))
    assert [step.to for step in meaning.steps] == [DeliveryState.HELD, DeliveryState.DELIVERED]


def test_what_was_never_sent_cannot_have_landed() -> None:
    fresh = delivery(DeliveryState.SCHEDULED, attempts=0)
    assert judged(Happened.PUBLISHED, fresh).effect is Effect.NOTED


def test_a_person_is_asked_no_more_once_the_platform_has_answered() -> None:
    held = delivery(DeliveryState.HELD, reason_code="unknown")
    assert judged(Happened.PUBLISHED, held).steps[-1].to is DeliveryState.DELIVERED
    refused = delivery(DeliveryState.HELD, reason_code="refused")
    assert judged(Happened.PUBLISHED, refused).effect is Effect.NOTED


def test_edits_and_removals_are_looked_at_or_written_down() -> None:
    assert judged(Happened.REMOVED, DELIVERED, can_inspect=True).effect is Effect.LOOK
    assert judged(Happened.REMOVED, DELIVERED).stands is Stands.GONE
    assert judged(Happened.EDITED, DELIVERED).stands is Stands.CHANGED
    assert judged(Happened.PUBLISHED, DELIVERED).effect is Effect.NOTED


def test_a_removal_of_ours_is_done_when_it_is_reported() -> None:
    removing = delivery(DeliveryState.UNKNOWN, action=Action.DELETE)
    assert judged(Happened.REMOVED, removing).steps[-1].to is DeliveryState.DELIVERED
    assert judged(Happened.PUBLISHED, removing).effect is Effect.NOTED


@given(
    state=st.sampled_from(DeliveryState),
    happened=st.sampled_from(Happened),
    action=st.sampled_from(Action),
    attempts=st.integers(0, 3),
    accepted=st.booleans(),
    can_ask=st.booleans(),
    can_inspect=st.booleans(),
    reason_code=st.sampled_from(["", "unknown", "refused"]),
)
def test_no_report_takes_an_illegal_step_and_nobody_unproved_is_believed(
    state: DeliveryState,
    happened: Happened,
    action: Action,
    attempts: int,
    accepted: bool,
    can_ask: bool,
    can_inspect: bool,
    reason_code: str,
) -> None:
    of = delivery(
        state,
        action=action,
        attempts=attempts,
        handles={"accepted": accepted},
        reason_code=reason_code,
    )
    meaning = judged(happened, of, can_ask=can_ask, can_inspect=can_inspect)
    at = state
    for step in meaning.steps:
        assert step.to in TRANSITIONS[DeliveryState][at]
        at = step.to
    unproved = judged(happened, of, trusted=False, can_ask=can_ask, can_inspect=can_inspect)
    assert unproved.effect in {Effect.LOOK, Effect.NOTED, Effect.LATER}
    assert unproved.steps == ()
