"""Whatever a platform answers, whatever came before: the step it means is legal and ends."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from copydesk.core.delivery import Action, Delivery
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthExpired,
    AuthRevoked,
    Duplicate,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState, check_transition
from copydesk.distribution.circumstances import Circumstances
from copydesk.distribution.consequences import Judgement
from copydesk.distribution.judgement import (
    judge,
    judge_accepted,
    judge_existence,
    judge_preparation,
    judge_removed,
)
from copydesk.distribution.retry import LIMITS, Cause, RetryPolicy, unrested
from copydesk.platforms.kit.manifest import Idempotency, Reconcile
from copydesk.testing.clocks import NOON

STATE = DeliveryState
POLICY = RetryPolicy()

moments = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(lambda d: NOON + d)
waits = st.none() | st.floats(0, 86_400)
texts = st.sampled_from(["", "some text"])
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Published, id=texts, url=texts),
    st.builds(Accepted, handle=st.just({"job": 1})),
    st.builds(RateLimited, until=st.none() | moments, retry_after=waits),
    st.builds(Refused, field=st.sampled_from(["", "body"]), reason=texts, remedy=texts),
    st.builds(AuthExpired),
    st.builds(AuthRevoked),
    st.builds(Misconfigured, reason=texts, remedy=texts),
    st.builds(Duplicate, of=texts),
    st.builds(Unavailable, reason=texts, retry_at=st.none() | moments, retry_after=waits),
    st.builds(Unknown, reason=texts),
)
looks: st.SearchStrategy[Existence] = st.one_of(
    st.builds(Landed, id=texts, url=texts),
    st.builds(Absent, evidence=texts),
    st.builds(Inconclusive, reason=texts, retry_at=st.none() | moments),
)
circumstances = st.builds(
    Circumstances,
    now=st.just(NOON),
    policy=st.just(POLICY),
    random=st.integers(0, 99).map(random.Random),
    idempotency=st.sampled_from(Idempotency),
    window=st.none() | st.integers(1, 86_400),
    reconcile=st.builds(
        Reconcile, find=st.booleans(), delay=st.floats(0, 600), looks=st.integers(1, 5)
    ),
    first_sent_at=st.none() | moments.filter(lambda m: m <= NOON),
    sent_at=st.none() | moments,
    action=st.sampled_from(Action),
    probing=st.booleans(),
    unreached=st.booleans(),
)
#: What earlier tries have used up, up to the last one of each cause.
spendings = st.fixed_dictionaries(
    {},
    optional={cause.value: st.integers(0, most - 1) for cause, most in LIMITS.items()}
    | {Cause.RESTED.value: st.integers(1, 50)},
)


def delivery(
    state: DeliveryState,
    attempts: int = 1,
    looks: int = 0,
    spent: Mapping[str, int] | None = None,
) -> Delivery:
    return Delivery(
        id="dlv_1",
        workspace_id="wsp_1",
        account_id="acc_1",
        post_id="pst_1",
        revision_id="rev_1",
        rendition_id="ren_1",
        action=Action.CREATE,
        state=state,
        due_at=NOON,
        key="k",
        attempts=attempts,
        looks=looks,
        spent=spent or {},
    )


def check_step(at: Circumstances, before: Delivery, step: Judgement) -> None:
    """What holds of every step: legal, explained unless all is well, and it wakes or rests."""
    check_transition("delivery", before.id, before.state, step.to)
    wake_at: datetime | None = step.values.get("wake_at")
    if step.to in {STATE.SCHEDULED, STATE.SNOOZED, STATE.UNKNOWN}:
        assert wake_at is not None
        assert wake_at >= at.now
    else:
        assert wake_at is None
    if step.to not in {STATE.DELIVERED, STATE.SCHEDULED}:
        assert step.values["reason_code"]
        assert step.values["reason"]
        assert step.values["reason"][0].isalnum(), "whole words, whatever was left unsaid"
    if step.to in {STATE.HELD, STATE.BLOCKED, STATE.FAILED}:
        assert step.values["remedy"]
    if step.to is STATE.BLOCKED:
        assert step.block_account
    assert step.values.get("attempts", 0) >= 0
    spent: Mapping[str, int] = step.values.get("spent", before.spent)
    if step.to is STATE.SCHEDULED:
        more = [cause for cause in LIMITS if spent.get(cause, 0) != before.spent.get(cause, 0)]
        assert len(more) == 1, "another try has one cause"
        assert spent[more[0]] < POLICY.limits[more[0]], "tries end, cause by cause"


def test_the_strategies_know_every_answer() -> None:
    """A new outcome has to be tried here as well."""
    built = {Published, Accepted, RateLimited, Refused, AuthExpired, AuthRevoked, Misconfigured}
    assert set(get_args(Outcome)) == built | {Duplicate, Unavailable, Unknown}
    assert set(get_args(Existence)) == {Landed, Absent, Inconclusive}


@given(outcomes, st.integers(1, 10), spendings, circumstances)
def test_an_answer_to_a_call(
    outcome: Outcome, attempts: int, spent: Mapping[str, int], at: Circumstances
) -> None:
    before = delivery(STATE.SENDING, attempts, spent=spent)
    step = judge(outcome, before, at)
    check_step(at, before, step)
    if isinstance(outcome, RateLimited):
        assert step.values["attempts"] == attempts - 1, "a rest burns no attempt"
        assert step.pause_until == step.values["wake_at"]
        assert step.pause_until > at.now, "a rest of no length would never end"
        assert unrested(step.values["spent"]) == unrested(spent), "a rest uses up no try"
        told = f"{step.pause_until:%Y-%m-%d %H:%M:%S} UTC"
        assert told in step.values["reason"], "a person reads it"
    if isinstance(outcome, AuthExpired | AuthRevoked | Misconfigured):
        assert "spent" not in step.values, "nor does a lost permission"
    if isinstance(outcome, Unavailable):
        assert Cause.RESTED not in step.values["spent"], "another answer ends a row of rests"
    if isinstance(outcome, Unknown):
        assert step.to is STATE.UNKNOWN, "never repeated, never dropped"
    if step.to is STATE.SCHEDULED:
        assert isinstance(outcome, Unavailable), "only what certainly did not land is sent again"


@given(looks, st.integers(1, 10), st.integers(0, 6), spendings, circumstances)
def test_a_look_at_an_unknown_outcome(
    found: Existence, attempts: int, looked: int, spent: Mapping[str, int], at: Circumstances
) -> None:
    before = delivery(STATE.UNKNOWN, attempts, looked, spent)
    step = judge_existence(found, before, at)
    if step.to is STATE.UNKNOWN:
        assert step.values["wake_at"] > at.now or at.reconcile.delay == 0
        if isinstance(found, Inconclusive):
            assert step.values["looks"] == looked + 1, "looking ends"
            assert looked + 1 < at.reconcile.looks or at.unreached
            assert at.reconcile.find
        return
    check_step(at, before, step)
    if step.to is STATE.SCHEDULED:
        assert isinstance(found, Absent) or at.may_repeat
    if isinstance(found, Absent) and at.sent_at is not None and at.sent_at <= at.now:
        shown_at = at.sent_at + timedelta(seconds=at.reconcile.delay)
        assert shown_at <= at.now, "a listing read too early proves nothing"
    if isinstance(found, Inconclusive):
        assert step.to in {STATE.SCHEDULED, STATE.HELD}, "it may have landed: not failed"
    if step.to is STATE.HELD:
        assert step.values["reason_code"] in MAY_HAVE_LANDED


@given(outcomes, st.integers(0, 10), spendings, circumstances)
def test_an_answer_to_preparing(
    outcome: Outcome, attempts: int, spent: Mapping[str, int], at: Circumstances
) -> None:
    before = delivery(STATE.SCHEDULED, attempts, spent=spent)
    step = judge_preparation(outcome, before, at)
    if step.to is STATE.SCHEDULED:  # stays, and waits
        assert step.values["wake_at"] >= at.now
    else:
        check_step(at, before, step)
    assert step.to is not STATE.DELIVERED
    assert step.values.get("attempts", attempts) == attempts, "no call was made that could publish"
    if isinstance(outcome, Published | Accepted | Duplicate | Unknown):
        assert step.values["reason_code"] in MAY_HAVE_LANDED


@given(
    outcomes | st.builds(Ready) | st.builds(Pending, retry_after=st.floats(0, 600)),
    moments,
    circumstances,
)
def test_a_look_at_what_the_platform_has_accepted(
    answer: Ready | Pending | Outcome, accepted_at: datetime, at: Circumstances
) -> None:
    before = replace(delivery(STATE.SNOOZED), handles={"accepted": accepted_at.isoformat()})
    step = judge_accepted(answer, before, at)
    if step.to is STATE.SNOOZED:
        assert step.values["wake_at"] > at.now, "looking again without a rest would never end"
        if not isinstance(answer, RateLimited):
            assert at.now - accepted_at <= timedelta(days=1), "asking ends"
    else:
        check_step(at, before, step)
    assert step.to in {STATE.SNOOZED, STATE.DELIVERED, STATE.HELD}, "never sent again"
    if step.to is STATE.HELD and not isinstance(answer, Refused):
        assert step.values["reason_code"] in MAY_HAVE_LANDED
    if isinstance(answer, RateLimited):
        assert step.pause_until == step.values["wake_at"]
    if isinstance(answer, AuthExpired | AuthRevoked | Misconfigured):
        assert step.block_account


def test_rests_grow_in_a_row_and_begin_anew_after_another_answer() -> None:
    at = Circumstances(
        now=NOON,
        policy=POLICY,
        random=random.Random(1),
        idempotency=Idempotency.NONE,
        window=None,
        reconcile=Reconcile(find=False),
    )
    seconds: list[float] = []
    spent: Mapping[str, int] = {}
    rest = RateLimited(retry_after=0)
    for outcome in (rest, rest, rest, rest, Unavailable("busy"), rest, rest):
        step = judge(outcome, delivery(STATE.SENDING, 1, spent=spent), at)
        spent = step.values["spent"]
        if outcome is rest:
            seconds.append((step.values["wake_at"] - NOON).total_seconds())
    assert seconds == [1, 2, 4, 8, 1, 2]


@given(circumstances)
def test_a_repeat_is_only_harmless_within_the_promise(at: Circumstances) -> None:
    at = replace(at, action=Action.CREATE)
    assume(at.may_repeat)
    assert at.idempotency is not Idempotency.NONE
    if at.idempotency is Idempotency.KEY_HEADER and at.window is not None:
        assert at.first_sent_at is not None
        assert at.now < at.first_sent_at + timedelta(seconds=at.window)


@given(st.integers(1, 60), st.integers(0, 99))
def test_waits_are_jittered_and_bounded(attempt: int, seed: int) -> None:
    wait = POLICY.wait(attempt, random.Random(seed)).total_seconds()
    assert 0 <= wait <= min(POLICY.longest, 2.0 ** (attempt - 1))


@given(st.integers(0, 20), st.floats(0, 3600), st.integers(0, 99))
def test_looks_keep_to_the_read_delay_and_grow(looked: int, delay: float, seed: int) -> None:
    wait = POLICY.look(looked, delay, random.Random(seed)).total_seconds()
    assert delay - 1e-6 <= wait <= max(POLICY.longest, POLICY.first, delay) + 1e-6
    assert POLICY.look(9, 1.0, random.Random(seed)) > POLICY.look(1, 1.0, random.Random(seed))


@given(
    st.sampled_from(
        [STATE.SCHEDULED, STATE.SNOOZED, STATE.UNKNOWN, STATE.BLOCKED, STATE.FAILED, STATE.HELD]
    ),
    st.booleans(),
)
def test_what_an_account_leaves_behind_when_it_is_removed(
    state: DeliveryState, accepted: bool
) -> None:
    before = replace(delivery(state), handles={"accepted": NOON.isoformat()} if accepted else {})
    step = judge_removed(before)
    check_transition("delivery", before.id, before.state, step.to)
    may_have_landed = state is STATE.UNKNOWN or before.is_accepted
    assert step.to is (STATE.HELD if may_have_landed else STATE.CANCELLED)
    assert (step.values["reason_code"] in MAY_HAVE_LANDED) is may_have_landed
