"""What no model could write is written up again once one can; what a person did stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from copydesk.core.errors import ModelUnavailable, NotFound
from copydesk.core.post import Post, Tier
from copydesk.core.states import PostState, ReviewState, SubmissionState
from copydesk.generation.port import ModelRequest
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.store.reviews import Review
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.reviews.revising import answer
from copydesk.work.writing.composing import compose
from copydesk.work.writing.reworking import Verdict, rework
from tests.work.modelling import books, equipped, one

LETTER = (
    b"From: Ada <ada@example.org>\r\nMessage-ID: <a@example.org>\r\nSubject: The fair\r\n\r\n"
    b"the fair fills 12 halls in Emden. it opens in March, and the bakery is there again\r\n"
)


@dataclass
class Switch:
    """A model that is away until it is switched on, and then keeps what it is given."""

    is_on: bool = False
    loses: str = ""

    def __call__(self, request: ModelRequest) -> Any:
        if not self.is_on:
            return ModelUnavailable("The model server answered 503.", answered=503)
        reply = dict(faithful_reply(request))
        return {**reply, "rewritten": reply["rewritten"].replace(self.loses or "\0", "no")}


@pytest.fixture
def switch() -> Switch:
    """A model that is away."""
    return Switch()


@pytest.fixture
def asking(desk: Desk, switch: Switch) -> Desk:
    """The desk with that model."""
    return equipped(desk, one("sol", ScriptedModel(switch)))


async def degraded(desk: Desk) -> tuple[str, Post]:
    taken = await submit(desk, LETTER, filename="a.eml", actor="test")
    await compose(desk, taken.submission.id)
    id = taken.submission.id
    post, review = await standing(desk, id)
    assert (post.state, review.state) == (PostState.HELD, ReviewState.OPENED)
    return id, post


async def standing(desk: Desk, submission_id: str) -> tuple[Post, Review]:
    async with desk.store.read() as unit:
        post_id = (await unit.submissions.get(submission_id)).post_id
        assert post_id is not None
        review = await unit.reviews.newest_of(post_id)
        assert review is not None
        return await unit.posts.get(post_id), review


async def test_once_the_model_is_back_the_text_is_its_and_goes_its_way(
    asking: Desk, switch: Switch, clock: StoppedClock
) -> None:
    id, _ = await degraded(asking)
    switch.is_on = True
    clock.advance(600)
    done = await rework(asking, actor="cli")
    assert [(seen.verdict, seen.because) for seen in done.looked] == [
        (Verdict.QUEUED, "The model server answered 503.")
    ]
    await compose(asking, id)
    post, review = await standing(asking, id)
    assert (post.state, review.state) == (PostState.APPROVED, ReviewState.WITHDRAWN)
    async with asking.store.read() as unit:
        revision = await unit.posts.revision(post.revision_id)
        assert (await unit.submissions.get(id)).state is SubmissionState.COMPOSED
    assert (revision.number, revision.tier, revision.degraded_because) == (2, Tier.CAPABLE, "")
    assert await books(asking, id) == [
        ("sol", "capable", "failed"),
        ("sol", "capable", "answered"),
    ]
    assert (await rework(asking, actor="cli")).looked == ()


async def test_what_still_needs_a_person_is_asked_anew(
    asking: Desk, switch: Switch, clock: StoppedClock
) -> None:
    id, _ = await degraded(asking)
    switch.is_on, switch.loses = True, "12"
    clock.advance(600)
    await rework(asking, actor="cli")
    await compose(asking, id)
    post, review = await standing(asking, id)
    assert (post.state, review.state) == (PostState.HELD, ReviewState.OPENED)
    assert any("The model's text was not used" in reason for reason in review.reasons)
    assert "The model server answered 503." not in review.reasons


async def test_while_the_model_is_still_away_nothing_is_lost(
    asking: Desk, clock: StoppedClock
) -> None:
    id, _ = await degraded(asking)
    clock.advance(600)
    await rework(asking, actor="cli")
    await compose(asking, id)
    post, review = await standing(asking, id)
    assert (post.state, review.state) == (PostState.HELD, ReviewState.OPENED)
    assert (await rework(asking, actor="cli")).queued == 1


async def test_a_model_that_was_resting_is_asked_again_at_once(
    asking: Desk, switch: Switch
) -> None:
    ids = []
    for name in ("a", "b", "c", "d"):
        raw = LETTER.replace(b"<a@", f"<{name}@".encode()).replace(b"Emden", name.encode() * 5)
        taken = await submit(asking, raw, filename="a.eml", actor="test")
        await compose(asking, taken.submission.id)
        ids.append(taken.submission.id)
    assert await books(asking, ids[3]) == [], "it rests"
    switch.is_on = True
    await rework(asking, actor="cli")
    for id in ids:
        await compose(asking, id)
        assert (await standing(asking, id))[0].state is PostState.APPROVED


async def test_a_look_first_changes_nothing(asking: Desk) -> None:
    id, _ = await degraded(asking)
    done = await rework(asking, dry_run=True, actor="cli")
    assert done.queued == 1
    async with asking.store.read() as unit:
        assert (await unit.submissions.get(id)).state is SubmissionState.COMPOSED


async def test_twice_at_once_is_once(asking: Desk) -> None:
    await degraded(asking)
    assert (await rework(asking, actor="cli")).queued == 1
    (again,) = (await rework(asking, actor="cli")).looked
    assert again.verdict is Verdict.AT_WORK


async def test_what_a_person_wrote_is_not_written_over(
    asking: Desk, switch: Switch, clock: StoppedClock
) -> None:
    id, post = await degraded(asking)
    await rework(asking, actor="cli")
    await answer(asking, post.id, body="The fair is wonderful.", actor="cli:ada")
    switch.is_on = True
    clock.advance(600)
    await compose(asking, id)
    post, _ = await standing(asking, id)
    async with asking.store.read() as unit:
        assert (
            await unit.posts.revision(post.revision_id)
        ).content.body == "The fair is wonderful."
    (seen,) = (await rework(asking, [post.id], actor="cli")).looked
    assert seen.verdict is Verdict.EDITED


async def test_a_post_of_another_workspace_is_not_there(asking: Desk) -> None:
    _, post = await degraded(asking)
    async with asking.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "automatic")
    with pytest.raises(NotFound):
        await rework(replace(asking, workspace_id=other.id), [post.id], actor="cli")


async def test_the_limit_says_that_there_is_more(asking: Desk) -> None:
    for name in ("a", "b", "c"):
        raw = LETTER.replace(b"<a@", f"<{name}@".encode()).replace(b"Emden", name.encode() * 5)
        taken = await submit(asking, raw, filename="a.eml", actor="test")
        await compose(asking, taken.submission.id)
    first = await rework(asking, limit=2, actor="cli")
    assert (first.queued, first.more) == (2, True)
    assert (await rework(asking, limit=3, actor="cli")).queued == 1
