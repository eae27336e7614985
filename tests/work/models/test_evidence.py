"""What models answered goes after its days; costs stay, and so does what is under review."""

from __future__ import annotations

from datetime import timedelta

import pytest

from copydesk.core.post import Tier
from copydesk.core.states import ReviewState
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.store.model_calls import FORGOTTEN
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.models import evidence
from copydesk.work.models.evidence import AGAIN, prune, to_prune
from copydesk.work.writing.composing import compose
from tests.work.modelling import equipped, one, says

ROUGH = "the fair fills 12 halls in Emden. it opens in March, and the bakery is there again"


async def written(desk: Desk, number: int, *, faithful: bool) -> str:
    """A message written up: published, or refused and held for a person."""
    script = ScriptedModel(faithful_reply) if faithful else says(lambda r: {**r, "rewritten": "?"})
    raw = f"Message-ID: <{number}@example.org>\nFrom: ada@example.org\nSubject: Fair\n\n{ROUGH}\n"
    taken = await submit(desk, raw.encode(), filename="a.eml", actor="test")
    await compose(equipped(desk, one("sol", script)), taken.submission.id)
    if faithful:
        await decide(desk, taken.submission.id)
    return taken.submission.id


async def decide(desk: Desk, submission_id: str) -> None:
    """Answer what people are asked about a message, audits too."""
    async with desk.store.begin("ada") as unit:
        post_id = (await unit.submissions.get(submission_id)).post_id
        for review in await unit.reviews.queue(desk.workspace_id):
            if review.post_id == post_id and review.state is ReviewState.OPENED:
                await unit.reviews.decide(review, ReviewState.REJECTED, "no")


async def kept(desk: Desk, submission_id: str) -> tuple[bool, set[str]]:
    """Whether any answer is still there, and why answers were not used."""
    async with desk.store.read() as unit:
        calls = await unit.model_calls.of_submission(submission_id)
    assert calls
    return any(call["reply"] for call in calls), {call["rejected_because"] for call in calls}


async def is_due(desk: Desk) -> bool:
    async with desk.store.read() as unit:
        return bool(await to_prune(desk, unit, unit.now))


async def test_answers_go_after_their_days_and_costs_stay(desk: Desk, clock: StoppedClock) -> None:
    submission = await written(desk, 1, faithful=True)
    async with desk.store.read() as unit:
        before = await unit.model_calls.spent(desk.workspace_id, unit.now - timedelta(days=1))
        since = unit.now
    clock.advance(desk.settings.model_evidence_days * 86_400 - 60)
    assert not await is_due(desk)
    await prune(desk)
    assert await kept(desk, submission) == (True, {""})
    clock.advance(120)
    assert await is_due(desk)
    await prune(desk)
    assert await kept(desk, submission) == (False, {""})
    assert not await is_due(desk), "nobody looks at it again"
    async with desk.store.read() as unit:
        (line,) = await unit.model_costs.costs(
            desk.workspace_id, "tier", since - timedelta(days=1), unit.now
        )
        assert await unit.model_calls.spent(desk.workspace_id, since - timedelta(days=1)) == before
    assert (line.key, line.answered) == (Tier.CAPABLE, 1)
    assert line.output_tokens > 0


async def test_what_a_person_is_asked_about_keeps_its_evidence_until_that_is_decided(
    desk: Desk, clock: StoppedClock
) -> None:
    submission = await written(desk, 1, faithful=False)
    there, reasons = await kept(desk, submission)
    assert there
    assert all(reasons)
    clock.advance(desk.settings.model_evidence_days * 86_400 + 60)
    await prune(desk)
    assert await kept(desk, submission) == (True, reasons)
    assert not await is_due(desk), "an open review is not looked at with every sweep"
    await decide(desk, submission)
    clock.advance(AGAIN.total_seconds())
    await prune(desk)
    assert await kept(desk, submission) == (False, {FORGOTTEN})


async def test_a_batch_at_a_time_and_the_sweep_finds_the_rest(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "BATCH", 2)
    submissions = [await written(desk, n, faithful=True) for n in range(3)]
    clock.advance(desk.settings.model_evidence_days * 86_400 + 60)
    await prune(desk)
    assert await is_due(desk)
    await prune(desk)
    assert not await is_due(desk)
    assert [(await kept(desk, one))[0] for one in submissions] == [False] * 3
