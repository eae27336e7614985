"""Watching results for drift: alarms, what follows from them, and several workers on one stream."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.audit import ItemClass
from copydesk.core.checks import RiskClass
from copydesk.core.drift import Observation, Occasion, Watched
from copydesk.core.errors import ContentInvalid, ModelUnavailable, TransitionNotAllowed
from copydesk.core.release import Outcome
from copydesk.editorial.noting import is_heavy
from copydesk.editorial.reviewing import reject
from copydesk.generation.scripted import ScriptedModel
from copydesk.work.desk import Desk
from copydesk.work.drift.counting import count, to_count
from copydesk.work.drift.drifting import close_alarm, report_drift
from copydesk.work.drift.observing import checks_digest
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.work.modelling import equipped, says

MAIL = (
    b"Message-ID: <%d@example.org>\nFrom: Ada <ada@example.org>\nSubject: Hours\n\n"
    b"We open at nine on Mondays. The shop is in the High Street.\n"
)

MESSY = (
    b"Message-ID: <%d@example.org>\nFrom: Ada <ada@example.org>\nSubject: Parcel\n\n"
    b"my parcel number 15 arrived with a torn lid, can you send another one please\n"
)
HOUR = timedelta(hours=1)


def seen(
    desk: Desk, score: float | None, *, failed: bool = False, channel: str = "email"
) -> Observation:
    return Observation(
        workspace_id=desk.workspace_id,
        submission_id=None,
        kind=Occasion.COMPOSED,
        channel=channel,
        language="en",
        prompt_version="rewrite_and_polish.v2",
        model="m",
        checks="c1",
        outcome=Outcome(failed=failed, flagged=failed),
        observed_at=desk.clock.now(),
        score=score,
    )


async def observe(desk: Desk, observations: list[Observation]) -> None:
    async with desk.store.begin("test") as unit:
        for observation in observations:
            await unit.observations.add(observation)
    while True:
        async with desk.store.read() as unit:
            if not await to_count(unit, unit.now):
                return
        await count(desk, desk.workspace_id)


def drawn(mean: float, items: int, seed: int) -> list[float]:
    randomness = random.Random(seed)
    k = mean * (1 - mean) / 0.08**2 - 1
    return [randomness.betavariate(mean * k, (1 - mean) * k) for _ in range(items)]


async def composed(desk: Desk, number: int, mail: bytes = MAIL) -> tuple[str, list[str]]:
    taken = await submit(desk, mail % number, filename=f"{number}.eml", actor="test")
    await compose(desk, taken.submission.id)
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(taken.submission.id)
        assert submission.post_id is not None
        post = await unit.posts.get(submission.post_id)
        review = await unit.reviews.newest_of(post.id)
    return post.state, list(review.reasons) if review else []


async def test_composing_leaves_one_observation_that_a_job_counts(desk: Desk) -> None:
    await composed(desk, 1)
    async with desk.store.read() as unit:
        assert await to_count(unit, unit.now) == [desk.workspace_id]
    await count(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        assert await to_count(unit, unit.now) == []
        report = await report_drift(unit, desk.workspace_id)
    assert {(w.stream.watched, w.stream.items) for w in report.streams} == {
        (Watched.SCORE, 1),
        (Watched.FAILURE, 1),
    }
    assert {w.stream.prompt_version for w in report.streams} == {"rules"}
    assert {w.stream.checks for w in report.streams} == {checks_digest()}


@pytest.mark.parametrize(
    "model",
    [
        ScriptedModel(lambda _: "{"),
        says(lambda reply: {**reply, "rewritten": reply["rewritten"].replace("15", "16")}),
    ],
    ids=["cut", "refused by the gate"],
)
async def test_a_reply_that_cannot_be_used_counts_against_the_version_that_gave_it(
    desk: Desk, model: ScriptedModel
) -> None:
    """Rules stand in for it, but they are not what went wrong."""
    await composed(equipped(desk, model), 1, MESSY)
    await count(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id)
    ((stream, bad),) = [(w.stream, w.stream.numbers["bad"]) for w in report.streams]
    assert (stream.watched, bad) == (Watched.FAILURE, 1)
    assert stream.prompt_version.startswith("rewrite_and_polish.v")
    assert stream.model == "scripted"


async def test_a_model_that_is_away_is_no_fault_of_anybodys_texts(desk: Desk) -> None:
    away = ScriptedModel(lambda _: ModelUnavailable("nobody answers"))
    await composed(equipped(desk, away), 1, MESSY)
    async with desk.store.read() as unit:
        (observed,) = await unit.observations.latest(desk.workspace_id, since=unit.now - HOUR)
    assert (observed.outcome.failed, observed.outcome.flagged) == (None, True)
    await count(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id)
    assert [w.stream.watched for w in report.streams] == [Watched.SCORE]


async def test_what_people_decide_is_watched_too(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    await composed(desk, 1)
    async with desk.store.begin("ada") as unit:
        (review,) = await unit.reviews.queue(desk.workspace_id)
        await reject(unit, review, "invented")
    await count(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id)
    edited = [w.stream for w in report.streams if w.stream.watched is Watched.EDITING]
    assert [(stream.items, stream.numbers["bad"]) for stream in edited] == [(1, 1)]


async def test_scores_that_fall_raise_an_alarm_and_send_the_channel_to_a_person(
    desk: Desk,
) -> None:
    state, _ = await composed(desk, 1)
    assert state == "approved"
    good, bad = drawn(0.9, 250, 1), drawn(0.80, 90, 2)
    await observe(desk, [seen(desk, score) for score in good])
    async with desk.store.read() as unit:
        assert (await report_drift(unit, desk.workspace_id)).alarms == []
    await observe(desk, [seen(desk, score) for score in bad])
    async with desk.store.read() as unit:
        (alarm,) = (await report_drift(unit, desk.workspace_id)).alarms
        told = [e for e in await unit.events.history([alarm.id]) if e.noun == "alarm"]
    assert alarm.message.startswith("scores of email, en, rewrite_and_polish.v2 m have fallen")
    assert [event.to_state for event in told] == ["opened"]
    state, reasons = await composed(desk, 2)
    assert state == "held"
    assert reasons[0].startswith(f"a person looks until alarm {alarm.id} is closed")
    async with desk.store.begin("ada") as unit:
        with pytest.raises(ContentInvalid, match="say what was found"):
            await close_alarm(unit, desk.workspace_id, alarm.id, "")
        closed = await close_alarm(unit, desk.workspace_id, alarm.id, "new order mails")
        assert (closed.closed_by, closed.closed_because) == ("ada", "new order mails")
        with pytest.raises(TransitionNotAllowed):
            await close_alarm(unit, desk.workspace_id, alarm.id, "again")
    state, _ = await composed(desk, 3)
    assert state == "approved"


async def test_an_alarm_takes_back_what_the_class_had_earned(desk: Desk) -> None:
    scores = [*drawn(0.9, 250, 1), *drawn(0.75, 60, 2)]
    await observe(desk, [seen(desk, score) for score in scores])
    async with desk.store.read() as unit:
        assert (await report_drift(unit, desk.workspace_id)).alarms
        mail = ItemClass(channel="email", language="en", risk=RiskClass.LOW, writer="rules")
        assert await unit.audits.restarted_at(desk.workspace_id, mail) == desk.clock.now()
        other = replace(mail, language="de")
        assert await unit.audits.restarted_at(desk.workspace_id, other) is None


async def test_failures_that_get_common_raise_an_alarm(desk: Desk) -> None:
    fine = [seen(desk, None, failed=False)] * 250
    broken = [seen(desk, None, failed=number % 3 == 0) for number in range(90)]
    await observe(desk, fine)
    await observe(desk, broken)
    async with desk.store.read() as unit:
        alarms = (await report_drift(unit, desk.workspace_id)).alarms
    assert [alarm.watched for alarm in alarms] == [Watched.FAILURE]
    assert "the failure rate of email, en" in alarms[0].message


async def test_what_came_while_an_alarm_was_open_is_not_the_usual_thing_afterwards(
    desk: Desk,
) -> None:
    fine = [seen(desk, None, failed=False)] * 200
    broken = [seen(desk, None, failed=number % 3 == 0) for number in range(90)]
    await observe(desk, [*fine, *broken])
    async with desk.store.begin("ada") as unit:
        report = await report_drift(unit, desk.workspace_id)
        (alarm,), (before,) = report.alarms, report.streams
        assert before.stream.numbers["bad"], "it went on after the alarm"
        await close_alarm(unit, desk.workspace_id, alarm.id, "the model was changed back")
    await observe(desk, [*fine, *broken[:40]])
    async with desk.store.read() as unit:
        alarms = (await report_drift(unit, desk.workspace_id)).alarms
    assert [alarm.watched for alarm in alarms] == [Watched.FAILURE]


async def test_other_channels_and_other_checks_are_other_streams(desk: Desk) -> None:
    scores = [seen(desk, score) for score in drawn(0.9, 200, 1)]
    fallen = drawn(0.6, 100, 2)
    await observe(desk, scores)
    await observe(desk, [replace(seen(desk, s), checks="c2") for s in fallen])
    await observe(desk, [seen(desk, s, channel="chat") for s in fallen])
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id)
    assert report.alarms == []
    assert len([w for w in report.streams if w.stream.watched is Watched.SCORE]) == 3


async def test_two_workers_that_count_at_once_count_everything_once(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        for score in drawn(0.9, 120, 1):
            await unit.observations.add(seen(desk, score))
    await asyncio.gather(*(count(desk, desk.workspace_id) for _ in range(4)))
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id)
    (scores,) = [w.stream for w in report.streams if w.stream.watched is Watched.SCORE]
    assert scores.items == 120


@pytest.mark.parametrize(
    ("after", "heavy"),
    [
        ("We open at nine on Mondays and close at five.", False),
        ("We open at ten on Mondays and close at five.", False),
        ("The shop is shut for good.", True),
        ("", True),
    ],
    ids=["same", "a word", "another text", "nothing"],
)
def test_how_much_a_person_changed(after: str, heavy: bool) -> None:
    assert is_heavy("We open at nine on Mondays and close at five.", after) is heavy
