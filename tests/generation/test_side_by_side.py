"""Parts of one text are asked about together, within a bound, and joined in their own order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from copydesk.core.errors import ConfigError, ModelUnavailable, StoreUnavailable
from copydesk.core.post import Tier
from copydesk.generation.address import parse_model_line
from copydesk.generation.attempts import Answered, Reading, Unanswered, ask_side_by_side
from copydesk.generation.budget import AT_ONCE, ModelLimits
from copydesk.generation.catalogue import facts_of, parse_facts, smallest
from copydesk.generation.port import Completion, ModelRequest
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from tests.generation.messages import DELIMITER, completion, material, prose, request


class Slow:
    """Answers when it is told to; remembers who was under way together."""

    def __init__(self, *faults: tuple[str, Exception]) -> None:
        self.faults = dict(faults)
        self.begun: list[str] = []
        self.most = 0
        self._held: dict[str, asyncio.Event] = {}

    async def complete(self, request: ModelRequest) -> Completion:
        self.begun.append(request.user)
        held = self._held[request.user] = asyncio.Event()
        self.most = max(self.most, len(self._held))
        await held.wait()
        del self._held[request.user]
        if request.user in self.faults:
            raise self.faults[request.user]
        return completion(f"Part {request.user}.")

    async def under_way(self, *users: str) -> None:
        """Wait until exactly these are asked for."""
        async with asyncio.timeout(60):
            while set(self._held) != set(users):  # noqa: ASYNC110 - a fake of ours, no event for it
                await asyncio.sleep(0)

    def answer(self, *users: str) -> None:
        for user in users:
            self._held[user].set()


REQUESTS = [replace(request(), user=f"{n}") for n in range(6)]


def asked(
    model: object, requests: Sequence[ModelRequest] = REQUESTS, at_once: int = 3
) -> asyncio.Task[tuple[Answered[str], ...] | Unanswered]:
    def read(number: int, done: Completion) -> Reading[str]:
        assert done.text == f"Part {number}.", "each is read as what it was asked about"
        return Reading(value=done.text, source="", text="")

    return asyncio.create_task(
        ask_side_by_side(
            model,  # type: ignore[arg-type]
            requests,
            read=read,
            at_once=at_once,
            largest_cap=1000,
        )
    )


async def test_the_first_goes_alone_and_the_rest_side_by_side_within_the_bound() -> None:
    model = Slow()
    task = asked(model)
    await model.under_way("0")
    model.answer("0")
    await model.under_way("1", "2", "3")
    model.answer("3")
    await model.under_way("1", "2", "4")
    model.answer("4", "2")
    await model.under_way("1", "5")
    model.answer("5", "1")
    found = await task
    assert isinstance(found, tuple)
    assert [answer.value for answer in found] == [f"Part {n}." for n in range(6)]
    assert model.most == 3


async def test_after_one_that_brought_nothing_no_other_is_begun() -> None:
    away = ModelUnavailable("It answered 429.", answered=429, wait=9.0)
    model = Slow(("2", away))
    task = asked(model)
    await model.under_way("0")
    model.answer("0")
    await model.under_way("1", "2", "3")
    model.answer("2")
    await model.under_way("1", "3")
    model.answer("1", "3")
    found = await task
    assert isinstance(found, Unanswered)
    assert found.because == "Part 3 of 6: It answered 429."
    assert model.begun == ["0", "1", "2", "3"]
    assert [a.rejected_because for a in found.attempts] == ["", "", "", "It answered 429."]
    assert found.attempts[-1].wait == 9.0


async def test_a_model_that_is_away_is_asked_once() -> None:
    script = ScriptedModel(lambda _: ModelUnavailable("It is away."))
    assert isinstance(await asked(script, at_once=5), Unanswered)
    assert len(script.requests) == 1


@pytest.mark.parametrize("fault", [ConfigError(["no"]), StoreUnavailable("It is away.")], ids=repr)
async def test_a_fault_of_ours_comes_out_as_it_is(fault: Exception) -> None:
    model = Slow(("1", fault))
    task = asked(model, REQUESTS[:3], at_once=2)
    await model.under_way("0")
    model.answer("0")
    await model.under_way("1", "2")
    model.answer("1", "2")
    with pytest.raises(type(fault)):
        await task


async def test_parts_that_come_back_in_another_order_are_joined_in_their_own() -> None:
    turn: dict[int, asyncio.Event] = {}

    class Backwards:
        """The last part is answered first."""

        async def complete(self, request: ModelRequest) -> Completion:
            number = int(request.user.partition('{"part": "')[2].partition(" ")[0] or 0)
            of = int(
                request.user.partition('{"part": "')[2].partition(" of ")[2].split('"')[0] or 0
            )
            for n in range(2, of + 1):
                turn.setdefault(n, asyncio.Event())
            if 2 <= number < of:
                await turn[number + 1].wait()
            if number in turn:
                turn[number].set()
            return await ScriptedModel(faithful_reply).complete(request)

    text = prose("en", 9_000)
    limits = ModelLimits(window=6_000, output=1_500, at_once=40)
    async with asyncio.timeout(60):
        rewrite = await rewrite_and_polish(
            material(text), model=Backwards(), delimiter=DELIMITER, limits=limits
        )
    assert rewrite.tier is Tier.CAPABLE, rewrite.degraded_because
    assert len(turn) > 2
    assert rewrite.body == text


@pytest.mark.parametrize(
    ("line", "facts", "at_once"),
    [
        ("openai:sol", "", AT_ONCE),
        ("openai:sol@http://127.0.0.1:1/v1", "", AT_ONCE),
        ("ollama:qwen3", "", 1),
        ("ollama:qwen3", "qwen3 at_once=2", 2),
        ("anthropic:sonnet", "sonnet at_once=9", 9),
    ],
)
def test_how_many_at_once_is_said_for_each_model(line: str, facts: str, at_once: int) -> None:
    stated = [parse_facts(facts)] if facts else []
    assert facts_of(parse_model_line(line), stated).limits.at_once == at_once


def test_whoever_answers_is_not_asked_more_than_it_takes() -> None:
    assert smallest([ModelLimits(at_once=4), ModelLimits(at_once=1)]).at_once == 1


@pytest.mark.parametrize("value", ["0", "65", "-1", "x", "nan"])
def test_a_bound_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="at_once"):
        parse_facts(f"sonnet at_once={value}")
