"""A local faithfulness model: asked in doubt only, never in the way, unable to excuse a fact."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from copydesk.config import load_settings
from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.errors import ConfigError
from copydesk.core.states import PostState
from copydesk.core.support import Reading
from copydesk.generation.faithfulness import FaithfulnessModel
from copydesk.quality.checks import faithfulness
from copydesk.quality.policy import Mode, Policy
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.examining import examine
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from copydesk.work.writing.faithfulness import QUEUE, REST, FaithfulnessReader, faithfulness_reader
from copydesk.work.writing.gating import policy_of
from tests.generation.tiny_models import listener
from tests.work.modelling import one
from tests.work.writing.test_ladder import ROUGH, letter
from tests.work.writing.test_voting import ADDED, YES, doubtful, voting

#: What stores have no part in is shown on one of them.
on_one_store = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SURE: dict[str, Any] = {"base": 4.0}
AGAINST: dict[str, Any] = {"base": 4.0, "to": "cinnamon", "step": -8.0}
UNDECIDED: dict[str, Any] = {"base": 0.0}


def reading(folder: Path, desk: Desk, model: dict[str, Any]) -> FaithfulnessReader:
    """Who reads with a tiny model that is sure, against the added sentence, or undecided."""
    settings = replace(desk.settings, faithfulness_model=str(listener(folder, ADDED, **model)))
    return faithfulness_reader(settings, desk.clock)


async def written(desk: Desk, text: str = ROUGH) -> tuple[PostState, list[str], list[CheckResult]]:
    """Submit and compose; return the state, why a person looks, and what the models said."""
    taken = await submit(desk, letter(text), filename="a.eml", actor="test")
    await compose(desk, taken.submission.id)
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(taken.submission.id)
        assert submission.post_id is not None, submission.reason
        post = await unit.posts.get(submission.post_id)
        review = await unit.reviews.newest_of(post.id)
        checks = await unit.posts.checks(post.revision_id)
    said = [result for result in checks if result.check in {"faithfulness", "judge"}]
    reasons = [reason.partition(":")[0] for reason in review.reasons] if review else []
    return post.state, reasons, said


async def test_what_the_source_bears_out_goes_its_way(desk: Desk, tmp_path: Path) -> None:
    desk = replace(doubtful(desk, None), faithfulness=reading(tmp_path / "own", desk, SURE))
    state, reasons, (result,) = await written(desk)
    assert (state, reasons) == (PostState.APPROVED, [])
    assert (result.check, result.verdict) == ("faithfulness", Verdict.PASSED)
    assert result.evidence[0].message.startswith("2 of 2 statements have support, the least 0.98")
    assert "read by own sha256:" in result.evidence[0].message


async def test_what_it_finds_no_support_for_goes_to_a_person_and_not_to_the_judge(
    desk: Desk, tmp_path: Path
) -> None:
    script = voting([])
    desk = doubtful(desk, one("umpire", script))
    desk = replace(desk, faithfulness=reading(tmp_path, desk, AGAINST))
    state, reasons, (result,) = await written(desk)
    assert (state, reasons) == (PostState.HELD, ["invention", "faithfulness"])
    assert script.requests == []
    assert result.verdict is Verdict.FLAGGED
    found = result.evidence[1]
    assert (found.span, found.where, found.end - found.start) == (ADDED, "text", len(ADDED))
    assert found.message == "the source does not bear this out, support 0.02"


@on_one_store
async def test_where_it_is_undecided_the_judge_decides(desk: Desk, tmp_path: Path) -> None:
    desk = doubtful(desk, one("umpire", voting([YES] * 3)))
    desk = replace(desk, faithfulness=reading(tmp_path, desk, UNDECIDED))
    state, reasons, (read, judged) = await written(desk)
    assert (state, reasons) == (PostState.APPROVED, [])
    assert (read.verdict, judged.verdict) == (Verdict.FLAGGED, Verdict.PASSED)
    assert read.evidence[1].message == "the source may not say this, support 0.50"


@on_one_store
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
async def test_it_is_not_asked_about_what_is_certain_or_is_a_fact_or_a_risk(
    desk: Desk, tmp_path: Path, text: str, change: str
) -> None:
    desk = replace(doubtful(desk, None, change), faithfulness=reading(tmp_path, desk, SURE))
    state, _, said = await written(desk, text)
    assert said == []
    assert state is (PostState.HELD if change else PostState.APPROVED)


@on_one_store
@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.OFF])
async def test_a_model_that_observes_or_is_off_decides_nothing(
    desk: Desk, tmp_path: Path, mode: Mode
) -> None:
    desk = replace(doubtful(desk, None), policy=Policy(modes={faithfulness.NAME: mode}))
    desk = replace(desk, faithfulness=reading(tmp_path, desk, SURE))
    state, _, said = await written(desk)
    assert state is PostState.HELD
    assert len(said) == (mode is Mode.OBSERVE)


@on_one_store
async def test_without_its_files_texts_go_the_old_way_and_the_doctor_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    reader = reading(tmp_path / "own", desk, SURE)
    (tmp_path / "own" / "model.onnx").unlink()
    judging = doubtful(desk, one("umpire", voting([YES] * 3)))
    state, reasons, (judged,) = await written(replace(judging, faithfulness=reader))
    assert (state, reasons, judged.check) == (PostState.APPROVED, [], "judge")
    found = {one.check: one for one in await examine(replace(desk, faithfulness=reader))}
    told = found["faithfulness model own"]
    assert not told.ok
    assert "there is no model.onnx" in told.message
    assert "texts go on without it" in told.message
    assert told.remedy


@on_one_store
async def test_the_doctor_loads_it(desk: Desk, tmp_path: Path) -> None:
    desk = replace(desk, faithfulness=reading(tmp_path / "own", desk, SURE))
    found = {one.check: one for one in await examine(desk)}
    assert found["faithfulness model own"].ok
    assert "own sha256:" in found["faithfulness model own"].message


# -- one thread, a short queue, a time limit ------------------------------------------------------


class Slow(FaithfulnessModel):
    """A model that reads until it is halted, and says when it began."""

    name = "slow"

    def __init__(self, folder: Path) -> None:
        self.began = Event()

    def read(self, source: str, text: str, halt: Any = None) -> Any:
        self.began.set()
        while not halt.is_set:
            Event().wait(0.01)
        halt.check()


async def test_a_model_that_takes_too_long_is_halted_and_not_waited_for() -> None:
    reader = FaithfulnessReader(Path("slow"), clock=StoppedClock(), timeout=0.1, load=Slow)
    found = await reader.read("a", "b")
    assert found.unread_because == "it took longer than 0.1 s"
    # the thread is free again, or this would never end
    await reader.open()
    reader.close()
    result = faithfulness.check(found, text="b", bounds=Policy().support)
    assert result.verdict is Verdict.FLAGGED
    assert not any(evidence.signal for evidence in result.evidence), "no word against the text"


async def test_more_than_a_few_do_not_wait_for_it() -> None:
    reader = FaithfulnessReader(Path("slow"), clock=StoppedClock(), timeout=600, load=Slow)
    model = await reader.open()
    assert isinstance(model, Slow)
    waiting = [asyncio.create_task(reader.read("a", "b")) for _ in range(QUEUE + 1)]
    await asyncio.to_thread(model.began.wait)
    assert (await reader.read("a", "b")).unread_because == f"{QUEUE} others wait for the model"
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(done, asyncio.CancelledError)
        for done in await asyncio.gather(*waiting, return_exceptions=True)
    )
    reader.close()


async def test_a_model_that_cannot_be_loaded_rests_and_is_tried_again() -> None:
    tries: list[Path] = []

    def load(folder: Path) -> FaithfulnessModel:
        tries.append(folder)
        if len(tries) == 1:
            raise ConfigError(["not yet copied"])
        return Slow(folder)

    clock = StoppedClock()
    reader = FaithfulnessReader(Path("own"), clock=clock, timeout=600, load=load)
    for _ in range(2):
        with pytest.raises(ConfigError, match="not yet copied"):
            await reader.read("a", "b")
    assert len(tries) == 1
    clock.advance(REST)
    assert (await reader.open()).name == "slow"
    reader.close()


# -- settings and bounds --------------------------------------------------------------------------


def test_the_bounds_are_settings_and_have_to_be_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPYDESK_FAITHFULNESS_SUPPORTED", "0.5")
    assert policy_of(load_settings(tmp_path)).support.supported == 0.5
    monkeypatch.setenv("COPYDESK_FAITHFULNESS_SUPPORTED", "0.1")
    with pytest.raises(ConfigError, match="faithfulness_unsupported and faithfulness_supported"):
        policy_of(load_settings(tmp_path))


def test_a_text_of_known_sentences_has_all_support() -> None:
    result = faithfulness.check(Reading(model="own"), text="", bounds=Policy().support)
    assert result.verdict is Verdict.PASSED
