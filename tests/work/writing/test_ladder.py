"""Rules, light, capable, and back: who writes a message up, who pays, and who is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Revision, Tier
from copydesk.core.states import PostState, SubmissionState
from copydesk.generation.port import ModelRequest
from copydesk.generation.scripted import ScriptedModel, faithful_reply, stopped_after
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing import composing
from copydesk.work.writing.composing import CLAIM, compose
from copydesk.work.writing.patience import PATIENCE
from tests.work.modelling import answer, books, equipped, faithful, one, says

CLEAN = "The fair fills 12 halls in Emden. It opens in March, and the bakery is there again."
ROUGH = "the fair fills 12 halls in Emden. it opens in March, and the bakery is there again"
HEAVY = (
    "the fair fills 12 halls in Emden. it opens in March. scratch that, it opens in April, and the "
    "bakery is there again"
)


def letter(text: str) -> bytes:
    return (
        "From: Ada <ada@example.org>\r\nMessage-ID: <a@example.org>\r\nSubject: The fair\r\n\r\n"
        f"{text}\r\n"
    ).encode()


def loses(reply: dict[str, Any]) -> Mapping[str, Any]:
    """How many halls it fills is told wrongly."""
    return {**reply, "rewritten": reply["rewritten"].replace("12 halls", "21 halls")}


def denies(reply: dict[str, Any]) -> Mapping[str, Any]:
    """The fair fills no halls: no number is lost, and yet it is not what was said."""
    return {**reply, "rewritten": reply["rewritten"].replace("fills 12", "does not fill 12")}


def away() -> ScriptedModel:
    return ScriptedModel(lambda _: ModelUnavailable("The model could not be reached."))


def cut() -> ScriptedModel:
    return ScriptedModel(
        lambda request: stopped_after(
            answer(request, '{"rewritten": "The fair in Emden opens'), 5, finish_reason="stop"
        )
    )


async def written_up(desk: Desk, text: str) -> tuple[str, PostState, Revision, list[str]]:
    """Submit and compose; return the submission, the post's state, its text and review reasons."""
    taken = await submit(desk, letter(text), filename="a.eml", actor="test")
    await compose(desk, taken.submission.id)
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(taken.submission.id)
        assert submission.post_id is not None, submission.reason
        post = await unit.posts.get(submission.post_id)
        review = await unit.reviews.newest_of(post.id)
        revision = await unit.posts.revision(post.revision_id)
    return taken.submission.id, post.state, revision, list(review.reasons) if review else []


# ---------------------------------------------------------------- who is asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [(CLEAN, []), (ROUGH, ["luna"]), (HEAVY, ["sol"])],
    ids=["clean", "rough", "heavy"],
)
async def test_each_message_goes_to_the_cheapest_that_can_do_it(
    desk: Desk, text: str, asked: list[str]
) -> None:
    desk = equipped(desk, one("sol", faithful()), one("luna", faithful()))
    id, state, revision, _ = await written_up(desk, text)
    assert [name for name, _, _ in await books(desk, id)] == asked
    assert state is PostState.APPROVED
    assert revision.tier == {"luna": Tier.LIGHT, "sol": Tier.CAPABLE}.get(
        "".join(asked), Tier.RULES
    )


async def test_without_a_light_model_the_capable_one_does_it_all(desk: Desk) -> None:
    id, _, revision, _ = await written_up(equipped(desk, one("sol", faithful())), ROUGH)
    assert await books(desk, id) == [("sol", "capable", "answered")]
    assert revision.tier is Tier.CAPABLE


async def test_with_a_light_model_alone_heavy_work_is_left_to_the_rules(desk: Desk) -> None:
    id, _, revision, _ = await written_up(equipped(desk, None, one("luna", faithful())), HEAVY)
    assert await books(desk, id) == []
    assert revision.route.endswith("no capable model is configured for that")


# ---------------------------------------------------------------- up, once


@pytest.mark.parametrize(
    ("light", "because"),
    [(lambda: says(loses), "gone: 12"), (lambda: says(denies), "not"), (cut, "")],
    ids=["wrong", "denied", "cut"],
)
async def test_a_light_answer_that_will_not_do_goes_up_once(
    desk: Desk, light: Any, because: str
) -> None:
    asking = equipped(desk, one("sol", faithful()), one("luna", light()))
    id, state, revision, _ = await written_up(asking, ROUGH)
    calls = await books(desk, id)
    assert [call for call in calls if call[0] == "luna"] == [("luna", "light", "rejected")]
    assert [call for call in calls if call[0] == "sol"] == [("sol", "capable", "answered")]
    assert (revision.tier, state) == (Tier.CAPABLE, PostState.APPROVED)
    assert "then capable, since the light model's text was not used" in revision.route
    assert because in revision.route


async def test_how_it_came_about_is_in_the_history(desk: Desk) -> None:
    asking = equipped(desk, one("sol", faithful()), one("luna", says(loses)))
    id, _, revision, _ = await written_up(asking, ROUGH)
    async with desk.store.read() as unit:
        (composed,) = [e for e in await unit.events.history([id]) if e.to_state == "composed"]
    assert composed.reason == revision.route
    assert composed.reason.startswith("light: ")


async def test_what_the_capable_model_gets_wrong_too_is_left_to_rules_and_a_person(
    desk: Desk,
) -> None:
    asking = equipped(desk, one("sol", says(loses)), one("luna", says(loses)))
    id, state, revision, reasons = await written_up(asking, ROUGH)
    assert await books(desk, id) == [
        ("luna", "light", "rejected"),
        ("sol", "capable", "rejected"),
    ]
    assert (revision.tier, state) == (Tier.RULES, PostState.HELD)
    assert "12 halls" in revision.content.body
    assert revision.degraded_because.startswith("The model's text was not used: ")
    assert revision.degraded_because in reasons


async def test_a_light_model_that_is_away_sends_nothing_up(desk: Desk) -> None:
    capable = faithful()
    id, state, revision, reasons = await written_up(
        equipped(desk, one("sol", capable), one("luna", away())), ROUGH
    )
    assert capable.requests == []
    assert await books(desk, id) == [("luna", "light", "failed")]
    assert (revision.tier, state) == (Tier.RULES, PostState.HELD)
    assert reasons == ["The model could not be reached."]


async def test_light_work_never_reaches_the_capable_model(desk: Desk) -> None:
    capable, light = faithful(), faithful()
    asking = equipped(desk, one("sol", capable), one("luna", light))
    for n in range(4):
        text = ROUGH.replace("Emden", f"Emden {n}" if n else "Emden")
        taken = await submit(
            desk, letter(text).replace(b"<a@", b"<%d@" % n), filename="a.eml", actor="test"
        )
        await compose(asking, taken.submission.id)
    assert (len(light.requests), len(capable.requests)) == (4, 0)


# ---------------------------------------------------------------- away, and back


async def test_when_models_are_away_it_is_said_and_new_ones_use_them_again(
    desk: Desk, clock: StoppedClock
) -> None:
    down = True

    def sometimes(request: ModelRequest) -> Any:
        if down:
            return ModelUnavailable("The model server answered 503.", answered=503)
        return faithful_reply(request)

    asking = equipped(desk, one("sol", ScriptedModel(sometimes)))
    _, state, revision, _ = await written_up(asking, ROUGH)
    assert (state, revision.degraded_because) == (
        PostState.HELD,
        "The model server answered 503.",
    )
    down = False
    clock.advance(600)
    taken = await submit(
        desk, letter(ROUGH).replace(b"<a@", b"<b@"), filename="b.eml", actor="test"
    )
    await compose(asking, taken.submission.id)
    assert await books(desk, taken.submission.id) == [("sol", "capable", "answered")]


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("text", [ROUGH, HEAVY], ids=["light", "capable"])
async def test_a_message_tried_again_after_a_kill_is_not_paid_for_twice(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    class Killed(BaseException):
        pass

    async def die(*_: object) -> None:
        raise Killed

    capable, light = faithful(), faithful()
    asking = equipped(desk, one("sol", capable), one("luna", light))
    taken = await submit(desk, letter(text), filename="a.eml", actor="test")
    with monkeypatch.context() as patch:
        patch.setattr(composing, "store_draft", die)
        with pytest.raises(Killed):
            await compose(asking, taken.submission.id)
    assert len(capable.requests) + len(light.requests) == 1
    clock.advance(CLAIM.total_seconds())
    # another process: another source of randomness
    again = replace(asking, random=type(desk.random)(99))
    await compose(again, taken.submission.id)
    assert len(capable.requests) + len(light.requests) == 1
    assert [outcome for _, _, outcome in await books(desk, taken.submission.id)] == [
        "answered",
        "remembered",
    ]


async def test_a_cut_reply_is_not_paid_for_twice_after_a_kill_either(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def die(*_: object) -> None:
        raise Killed

    # the first reply is cut, the second, with twice the cap, is whole
    script = ScriptedModel(
        lambda request: (
            faithful_reply(request)
            if len(script.requests) > 1
            else stopped_after(answer(request, '{"rewritten": "The fair'), 4)
        )
    )
    asking = equipped(desk, one("sol", script))
    taken = await submit(desk, letter(HEAVY), filename="a.eml", actor="test")
    with monkeypatch.context() as patch:
        patch.setattr(composing, "store_draft", die)
        with pytest.raises(Killed):
            await compose(asking, taken.submission.id)
    clock.advance(CLAIM.total_seconds())
    await compose(asking, taken.submission.id)
    assert len(script.requests) == 2
    assert [outcome for _, _, outcome in await books(desk, taken.submission.id)] == [
        "rejected",
        "answered",
        "remembered",
        "remembered",
    ]


# ---------------------------------------------------------------- who wants no calls just now


async def wait_of(desk: Desk, submission_id: str) -> tuple[SubmissionState, float, str]:
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(submission_id)
        assert submission.wake_at is not None
        return (
            submission.state,
            (submission.wake_at - unit.now).total_seconds(),
            submission.reason,
        )


async def test_a_message_waits_for_a_model_that_wants_no_calls_and_is_then_written_by_it(
    desk: Desk, clock: StoppedClock
) -> None:
    limit = ModelUnavailable("The model server answered 429.", answered=429, wait=90.0)
    answers = iter([limit])
    script = ScriptedModel(lambda request: next(answers, None) or faithful_reply(request))
    desk = equipped(desk, one("sol", script))
    submitted = (await submit(desk, letter(ROUGH), filename="a.eml", actor="test")).submission
    await compose(desk, submitted.id)
    state, seconds, reason = await wait_of(desk, submitted.id)
    assert state is SubmissionState.PARSED
    assert 90 <= seconds <= 95
    assert "429" in reason
    clock.advance(30)
    await compose(desk, submitted.id)
    assert len(script.requests) == 1, "no call is made meanwhile"
    clock.advance(70)
    await compose(desk, submitted.id)
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(submitted.id)
        assert submission.post_id is not None
        post = await unit.posts.get(submission.post_id)
        revision = await unit.posts.revision(post.revision_id)
        told = [event.reason for event in await unit.events.history([submitted.id])]
    assert revision.tier is Tier.CAPABLE
    assert not revision.degraded_because
    assert submission.attempts == 1, "waiting is no failure"
    assert sum("waits: The model server answered 429." in reason for reason in told) == 1


async def test_what_would_have_to_wait_too_long_the_rules_write(desk: Desk) -> None:
    limit = ModelUnavailable("It answered 429.", answered=429, wait=PATIENCE.total_seconds() + 1)
    script = ScriptedModel([limit])
    _, state, revision, reasons = await written_up(equipped(desk, one("sol", script)), ROUGH)
    assert (state, revision.tier) == (PostState.HELD, Tier.RULES)
    assert any("429" in reason for reason in reasons)


async def test_what_the_author_took_back_is_not_asked_to_be_kept(desk: Desk) -> None:
    model = faithful()
    text = f"{ROUGH}\n\nand it opens at 19:12, no wait, 10:28"
    await written_up(equipped(desk, one("sol", model)), text)
    shown = model.requests[0].user
    kept = next(json.loads(line)["keep"] for line in shown.split("\n") if '"keep"' in line)
    assert "10:28" in kept
    assert "19:12" not in kept
