"""Cases say what is wrong with a text; versions are told apart on the same cases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.core.checks import Verdict
from copydesk.core.errors import ConfigError, NotFound
from copydesk.core.post import Content, Tier
from copydesk.core.release import NO_MODEL, Version
from copydesk.core.states import CaseState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial.reviewing import reject
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.quality.cases import Case, CaseSegment, Property, Written, judge
from copydesk.quality.narratives import narratives
from copydesk.work.desk import Desk
from copydesk.work.feedback.corpus import Wishes, keep_case, read_folder, stored_cases, write_case
from copydesk.work.feedback.evaluating import SCRIPTED, CaseResult, Evaluation, compare, evaluate
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose

RULES = Version(model=NO_MODEL, light_model=NO_MODEL)
TEXT = "I do not want to cancel order A-2041, I want 49.99 EUR back by 3 March. When do I get it?"
CASE = Case(
    id="refund",
    segments=(CaseSegment(text=TEXT),),
    language="en",
    must_say=("A-2041", "49.99 EUR", "3 March"),
    must_not_say=("94.99 EUR",),
    questions=1,
)


def faults(case: Case, text: str, **written: object) -> dict[str, str]:
    found = judge(case, Written(text=text, **written), monotonic=lambda: 0.0)  # type: ignore[arg-type]
    return {one.name: one.detail for one in found if not one.holds}


# ---------------------------------------------------------------- properties


def test_the_message_itself_and_a_good_paraphrase_pass() -> None:
    assert faults(CASE, TEXT) == {}
    assert (
        faults(CASE, "Please do not cancel A-2041. Pay back 49.99 EUR by 3 March. When is that?")
        == {}
    )


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (TEXT.replace("49.99", "94.99"), {"facts_kept", "nothing_invented", "not_said_again"}),
        (TEXT.replace("A-2041", "my order"), {"facts_kept"}),
        (TEXT.replace(" When do I get it?", ""), {"questions_kept"}),
        (f"{TEXT} Call 0800 555 0199.", {"nothing_invented"}),
        ("", {"facts_kept", "questions_kept"}),
    ],
    ids=["amount", "id", "question", "invention", "nothing"],
)
def test_each_fault_is_named(text: str, lacking: set[str]) -> None:
    assert set(faults(CASE, text)) == lacking


def test_what_is_listed_as_left_out_is_excused_and_a_question_may_be_open() -> None:
    text = "I do not want to cancel order A-2041, I want 49.99 EUR back."
    assert faults(CASE, text, omitted=("by 3 March",), open_questions=("When?",)) == {}


def test_a_reply_that_could_not_be_used_fails_whatever_the_rules_wrote_instead() -> None:
    assert "answered" in faults(CASE, TEXT, degraded_because="The reply was cut.")


def test_a_verdict_may_be_asked_for() -> None:
    asked = replace(CASE, verdict=Verdict.FLAGGED)
    assert set(faults(asked, TEXT)) == {"verdict"}
    assert faults(asked, TEXT, verdict=Verdict.FLAGGED) == {}


def test_the_gate_is_asked_about_the_text_that_went_wrong() -> None:
    caught = replace(CASE, faulty=TEXT.replace("49.99", "94.99"))
    assert faults(caught, TEXT) == {}
    missed = replace(CASE, faulty=TEXT)
    assert set(faults(missed, TEXT)) == {"fault_caught"}


# ---------------------------------------------------------------- the corpus


async def kept(desk: Desk, *, reason: str = "the amount is wrong") -> str:
    raw = (
        "From: Ada Lovelace <ada@example.org>\r\nMessage-ID: <a@example.org>\r\n"
        f"Subject: Refund\r\n\r\nAda here. {TEXT}\r\n"
    )
    submission = (await submit(desk, raw.encode(), filename="a.eml", actor="test")).submission
    await compose(desk, submission.id)
    async with desk.store.begin("web:eve") as unit:
        post_id = (await unit.submissions.get(submission.id)).post_id
        assert post_id is not None
        review = await unit.reviews.get(post_id)
        await reject(unit, review, reason, RejectionReason.WRONG_FACT)
    return submission.id


async def test_what_a_person_found_wrong_becomes_a_case_by_itself(desk: Desk) -> None:
    await kept(desk)
    (case,) = [case async for case in stored_cases(desk)]
    assert case.because == "wrong_fact: the amount is wrong"
    assert "A-2041" in case.must_say
    assert case.questions == 1
    assert "Ada" not in case.text
    assert case.faulty == "", "what rules wrote is the author's own text"


async def test_the_models_wrong_text_is_kept_with_what_it_made_up(desk: Desk) -> None:
    submission_id = await kept(desk)
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get((await unit.submissions.get(submission_id)).post_id or "")
        wrong = Content(title="Refund", body=TEXT.replace("49.99", "94.99"), slug="r")
        await unit.posts.revise(post, wrong, Tier.CAPABLE)
    (case,) = [case async for case in stored_cases(desk)]
    assert "94.99" in case.faulty
    assert any("94.99" in phrase for phrase in case.must_not_say)


async def test_a_case_is_kept_once_retired_and_kept_again(desk: Desk) -> None:
    submission_id = await kept(desk)
    wishes = Wishes(must_say=["order"], must_not_say=["free of charge"])
    async with desk.store.begin("test") as unit:
        case = await keep_case(unit, desk.workspace_id, submission_id, wishes=wishes)
        await unit.cases.move(case, CaseState.RETIRED, "fixed")
    assert [case async for case in stored_cases(desk)] == []
    async with desk.store.begin("test") as unit:
        post_id = (await unit.submissions.get(submission_id)).post_id
        again = await keep_case(unit, desk.workspace_id, post_id or "", wishes=Wishes())
    assert again.id == case.id
    (found,) = [case async for case in stored_cases(desk)]
    assert "order" in found.must_say
    assert found.must_not_say == ("free of charge",)


async def test_cases_go_to_files_and_come_back_the_same(desk: Desk, tmp_path: Path) -> None:
    await kept(desk)
    (case,) = [case async for case in stored_cases(desk)]
    path = write_case(case, tmp_path / "cases")
    assert read_folder(path.parent) == [case]
    assert "Lovelace" not in path.read_text()


def test_a_file_may_be_as_short_as_a_text(tmp_path: Path) -> None:
    content = {"schema": "copydesk.case.v1", "text": TEXT}
    (tmp_path / "refund.json").write_text(json.dumps(content))
    (case,) = read_folder(tmp_path)
    assert (case.id, case.questions) == ("refund", 1)
    assert "A-2041" in case.must_say


def test_every_file_that_is_no_case_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"schema": "copydesk.case.v1"}')
    (tmp_path / "c.json").write_text('{"schema": "copydesk.case.v9", "text": "x"}')
    with pytest.raises(ConfigError) as caught:
        read_folder(tmp_path)
    assert len(caught.value.problems) == 3
    with pytest.raises(NotFound, match="no cases"):
        read_folder(tmp_path / "nowhere")


# ---------------------------------------------------------------- versions


async def test_rules_and_a_faithful_model_pass_and_a_careless_one_does_not(desk: Desk) -> None:
    cases = [replace(CASE, id=str(n)) for n in range(3)]
    rules = await evaluate(desk, RULES, cases)
    assert (rules.passed, {r.tier for r in rules.results}) == (3, {Tier.RULES})
    faithful = await evaluate(desk, Version(model=SCRIPTED), cases)
    assert faithful.passed == 3

    def careless(request: object) -> dict[str, object]:
        reply = dict(faithful_reply(request))  # type: ignore[arg-type]
        return {**reply, "rewritten": "Somebody wants money back."}

    cases = [replace(CASE, id="1", segments=(CaseSegment(text=TEXT.lower()),))]
    careless_desk = replace(desk, model=ScriptedModel(careless))
    found = await evaluate(careless_desk, Version(), cases)
    assert found.passed == 0
    assert found.properties["answered"] == (0, 1)


async def test_nothing_is_stored_by_a_replay(desk: Desk) -> None:
    await evaluate(desk, RULES, [CASE, *narratives(2, seed=5)])
    async with desk.store.read() as unit:
        assert await unit.submissions.newest(desk.workspace_id) == []
        assert await unit.posts.newest(desk.workspace_id) == []


async def test_the_same_stories_are_judged_the_same_way(desk: Desk) -> None:
    stories = list(narratives(3, seed=11))
    first, second = [await evaluate(desk, RULES, stories) for _ in range(2)]
    assert [r.properties for r in first.results] == [r.properties for r in second.results]
    assert first.properties["facts_kept"] == (3, 3)


async def test_a_message_that_cannot_be_written_up_fails_its_case_alone(desk: Desk) -> None:
    empty = replace(CASE, id="empty", segments=(CaseSegment(text=" \n"),))
    found = await evaluate(desk, RULES, [empty, CASE])
    assert [r.passed for r in found.results] == [False, True]


@pytest.mark.parametrize(
    ("version", "error"),
    [(Version(prompt="rewrite_and_polish.v99"), NotFound), (Version(model="fax:1"), ConfigError)],
    ids=["prompt", "model"],
)
async def test_a_version_that_is_not_there_is_said(
    desk: Desk, version: Version, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await evaluate(desk, version, [CASE])


def evaluation(*passed: bool) -> Evaluation:
    def result(number: int, holds: bool) -> CaseResult:
        return CaseResult(
            id=str(number),
            because="",
            properties=(Property(name="facts_kept", detail="" if holds else "lost: 3"),),
            text="",
            tier=Tier.CAPABLE,
            model="m",
            prompt_version="p",
            verdict="passed",
            cost_usd=0.5,
            latency_ms=float(number),
        )

    return Evaluation(version="v", results=tuple(result(n, p) for n, p in enumerate(passed)))


def test_versions_are_compared_on_the_cases_that_tell_them_apart() -> None:
    both = evaluation(*[True] * 20)
    found = compare(both, evaluation(*[False] * 5, *[True] * 15))
    assert (found.tally.worse, found.tally.better, found.tally.neither) == (5, 0, 15)
    assert found.p_value == pytest.approx(2 / 2**5)
    assert not found.is_worse
    assert compare(both, evaluation(*[False] * 8, *[True] * 12)).is_worse
    assert not compare(evaluation(*[False] * 8, *[True] * 12), both).is_worse
    assert compare(both, both).p_value == 1


def test_figures_of_an_evaluation() -> None:
    found = evaluation(True, True, False, True)
    assert (found.passed, found.failed) == (3, 1)
    assert found.cost_usd == 2.0
    assert found.most_failing == pytest.approx(0.7514, abs=1e-4)
    assert (found.latency_ms(0.5), found.latency_ms(0.95)) == (2.0, 3.0)
    assert not CaseResult(
        id="x", because="", properties=(), text="", tier=Tier.RULES, model="",
        prompt_version="", verdict="", cost_usd=None, latency_ms=0,
    ).passed, "nothing expected is nothing shown"  # fmt: skip
