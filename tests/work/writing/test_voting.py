"""The judge: asked in doubt only, by three votes, and unable to excuse a wrong fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.errors import ModelUnavailable
from copydesk.core.states import PostState
from copydesk.generation.budget import ModelLimits
from copydesk.generation.judging import judge as ask_for_votes
from copydesk.generation.port import Completion, ModelRequest
from copydesk.generation.scripted import Reply, ScriptedModel, stopped_after
from copydesk.quality.checks import judge
from copydesk.quality.doubts import with_judgement
from copydesk.quality.gate import run_gate
from copydesk.quality.policy import Mode, Policy
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.work.modelling import DEAR, answer, books, equipped, one, says
from tests.work.models.test_booked import allow
from tests.work.writing.test_ladder import ROUGH, letter

ADDED = "Visitors love cinnamon rolls with warm butter."

YES: Mapping[str, Any] = {"verdict": "faithful", "span": "", "why": "All of it is there."}
NO: Mapping[str, Any] = {"verdict": "unfaithful", "span": ADDED, "why": "Nobody said that."}
#: Points at words that stand nowhere.
LIE: Mapping[str, Any] = {"verdict": "unfaithful", "span": "The fair is off.", "why": "It is not."}
#: Patched into JSON after its end was lost.
UNENDING: Mapping[str, Any] = {"verdict": "faithful", "span": ""}
AWAY = ModelUnavailable("The model could not be reached.")
CUT = "cut"


def voting(replies: Sequence[Reply]) -> ScriptedModel:
    left = list(replies)

    def next_vote(request: ModelRequest) -> Reply:
        reply = left.pop(0)
        return _cut(request) if reply == CUT else reply

    return ScriptedModel(next_vote, model="umpire")


def _cut(request: ModelRequest) -> Completion:
    whole = answer(request, '{"verdict": "faithful", "span": "", "why": "All of it is there."}')
    return stopped_after(whole, 4, finish_reason="stop")


def doubtful(desk: Desk, judging: Any, change: str = f" {ADDED}") -> Desk:
    """A desk whose writer adds a sentence, and whose judge is `judging`."""
    writer = says(lambda reply: {**reply, "rewritten": reply["rewritten"] + change})
    return replace(equipped(desk, one("sol", writer)), judge_model=judging)


async def written(desk: Desk, text: str = ROUGH) -> tuple[str, PostState, list[str], list[Any]]:
    """Submit and compose; return the submission, the state, review reasons and judge's result."""
    taken = await submit(desk, letter(text), filename="a.eml", actor="test")
    await compose(desk, taken.submission.id)
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(taken.submission.id)
        assert submission.post_id is not None, submission.reason
        post = await unit.posts.get(submission.post_id)
        review = await unit.reviews.newest_of(post.id)
        checks = await unit.posts.checks(post.revision_id)
    judged = [result for result in checks if result.check == judge.NAME]
    return submission.id, post.state, list(review.reasons) if review else [], judged


async def test_what_the_judge_finds_faithful_goes_its_way(desk: Desk) -> None:
    script = voting([YES, YES, YES])
    id, state, reasons, (judged,) = await written(doubtful(desk, one("umpire", script)))
    assert (state, reasons) == (PostState.APPROVED, [])
    assert (judged.verdict, judged.version) == (Verdict.PASSED, 1)
    assert judged.evidence[0].message == ("3 of 3 votes say faithful; asked umpire with judge.v1")
    assert (await books(desk, id))[1:] == [("umpire", "capable", "answered")] * 3
    assert {request.capability for request in script.requests} == {"judge"}
    assert len({request.delimiter for request in script.requests}) == 3
    assert all(ROUGH in request.user and ADDED in request.user for request in script.requests)


@pytest.mark.parametrize(
    ("votes", "verdict", "said"),
    [
        ([YES, NO, YES], Verdict.PASSED, "2 of 3 votes say faithful"),
        ([YES, YES, AWAY], Verdict.PASSED, "2 of 3 votes say faithful"),
        ([NO, YES, NO], Verdict.FLAGGED, "2 of 3 votes say unfaithful"),
        ([YES, NO, CUT], Verdict.FLAGGED, "no 2 of 3 votes agree"),
        ([LIE, LIE, NO], Verdict.FLAGGED, "no 2 of 3 votes agree"),
        ([YES, UNENDING, CUT], Verdict.FLAGGED, "no 2 of 3 votes agree"),
        ([YES, AWAY], Verdict.FLAGGED, "no 2 of 3 votes agree"),
    ],
    ids=["for", "third-away", "against", "split", "lies", "cut", "away"],
)
async def test_two_equal_votes_decide_and_what_is_no_vote_is_not_counted(
    votes: list[Reply], verdict: Verdict, said: str
) -> None:
    script, text = voting(votes), f"{ROUGH} {ADDED}"
    delimiters = (f"delimiter{number}" for number in count())
    judged = await ask_for_votes(
        ROUGH, text, model=script, delimiter=lambda: next(delimiters), limits=ModelLimits()
    )
    result = judge.check(
        judged.votes,
        source=ROUGH,
        text=text,
        model=judged.model,
        prompt_version=judged.prompt_version,
    )
    assert result.verdict is verdict
    assert result.evidence[0].message.startswith(said)
    assert len(result.evidence) == 4, "three votes are told, counted or not"
    assert len(script.requests) == len(votes)


async def test_a_text_too_long_for_the_judge_is_not_sent_to_it() -> None:
    script = voting([])
    judged = await ask_for_votes(
        ROUGH, ROUGH, model=script, delimiter=lambda: "x" * 32, limits=ModelLimits(window=900)
    )
    assert [vote.answer for vote in judged.votes] == [None] * 3
    assert "810 of the model's 900 are usable" in judged.votes[0].why


async def test_what_it_finds_unfaithful_stays_with_a_person_who_sees_why(desk: Desk) -> None:
    script = voting([NO, YES, NO])
    _, state, reasons, (judged,) = await written(doubtful(desk, one("umpire", script)))
    assert state is PostState.HELD
    assert [reason.partition(":")[0] for reason in reasons] == ["invention", "judge"]
    vote = judged.evidence[1]
    assert (vote.span, vote.where, vote.end - vote.start) == (ADDED, "text", len(ADDED))
    assert "Nobody said that." in vote.message
    assert "Nobody said that." in reasons[1]


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (ROUGH, ""),
        (ROUGH, ", and so is Petra"),
        (ROUGH, " It costs $40."),
        (f"my lawyer will sue you. {ROUGH}", f" {ADDED}"),
    ],
    ids=["passes", "new-name", "new-value", "risk"],
)
async def test_nobody_votes_on_what_is_certain_or_is_a_fact_or_a_risk(
    desk: Desk, text: str, change: str
) -> None:
    _, state, _, judged = await written(doubtful(desk, voting([]), change), text)
    assert judged == []
    assert state is (PostState.HELD if change else PostState.APPROVED)


def test_no_judgement_rescues_a_fact() -> None:
    judged = CheckResult(check=judge.NAME, version=1, verdict=Verdict.PASSED)
    for text in ("It opens in March, as does Petra.", "It opens in April.", "It opens in March."):
        gate = run_gate("It opens in March.", text, monotonic=lambda: 0.0, language="en")
        with pytest.raises(ValueError, match="nothing for a judge"):
            with_judgement(gate, judged)


async def test_without_money_a_person_decides(desk: Desk) -> None:
    await allow(desk, "0.05")
    script = voting([])
    _, state, _, (judged,) = await written(doubtful(desk, one("umpire", script, DEAR)))
    assert script.requests == []
    assert state is PostState.HELD
    assert "the daily budget for models" in judged.evidence[1].message


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.OFF])
async def test_a_judge_that_observes_or_is_off_decides_nothing(desk: Desk, mode: Mode) -> None:
    desk = replace(desk, policy=Policy(modes={judge.NAME: mode}))
    script = voting([YES] * 3)
    _, state, _, judged = await written(doubtful(desk, one("umpire", script)))
    assert state is PostState.HELD
    assert len(judged) == (mode is Mode.OBSERVE)
