"""A stand-in answers when the one before is away, and only then."""

from __future__ import annotations

import pytest

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable, ReplyTruncated
from copydesk.generation.attempts import Reading, Unanswered, ask
from copydesk.generation.budget import ModelLimits
from copydesk.generation.catalogue import ModelFacts
from copydesk.generation.fallback import Fallback, Provider, providers_of
from copydesk.generation.scripted import Reply, ScriptedModel
from tests.generation.messages import request


def chain(*replies: Reply) -> tuple[Fallback, list[ScriptedModel]]:
    models = [ScriptedModel([reply]) for reply in replies]
    providers = tuple(
        Provider(name=f"model {n}", model=model, facts=ModelFacts(name=f"model {n}"))
        for n, model in enumerate(models)
    )
    return Fallback(providers), models


async def test_the_first_that_answers_answers() -> None:
    model, asked = chain(ModelUnavailable("It is down."), "two", "three")
    assert (await model.complete(request())).text == "two"
    assert [len(one.requests) for one in asked] == [1, 1, 0]


@pytest.mark.parametrize(
    "answer",
    [ReplyTruncated("output_cap", "It was cut."), ModelReplyInvalid("It is nonsense.")],
    ids=["cut", "invalid"],
)
async def test_a_bad_answer_is_the_answer(answer: Exception) -> None:
    model, asked = chain(answer, "two")
    with pytest.raises(type(answer)):
        await model.complete(request())
    assert asked[1].requests == []


async def test_one_that_is_alone_speaks_for_itself() -> None:
    model, _ = chain(ModelUnavailable("It is down.", remedy="Wait."))
    with pytest.raises(ModelUnavailable, match="It is down") as caught:
        await model.complete(request())
    assert caught.value.remedy == "Wait."


async def test_when_all_are_away_each_says_why() -> None:
    model, _ = chain(ModelUnavailable("A is down."), ModelUnavailable("B is down."))
    with pytest.raises(ModelUnavailable, match=r"^A is down\. B is down\."):
        await model.complete(request())


async def test_who_answers_tells_who_was_away_before() -> None:
    away = ModelUnavailable("A is down.", answered=503)
    model, _ = chain(away, ModelUnavailable("B rests.", asked=False), "three")
    completion = await model.complete(request())
    assert [str(error.message) for error in completion.away] == ["A is down.", "B rests."]
    alone, _ = chain("one")
    assert (await alone.complete(request())).away == ()


async def test_what_each_of_them_may_cost_is_told_apart() -> None:
    refuses = ModelUnavailable("A says no.", answered=503)
    silent = ModelUnavailable("B is silent.")
    model, _ = chain(refuses, silent, ModelUnavailable("C rests.", wait=7.0, asked=False))
    answer = await ask(
        model, request(), read=lambda _: Reading(value="", source="", text=""), largest_cap=900
    )
    assert isinstance(answer, Unanswered)
    assert [(a.made, a.cost_usd) for a in answer.attempts] == [(True, 0), (True, None), (False, 0)]
    assert answer.attempts[-1].wait == 7.0
    model, _ = chain(refuses, '{"a": 1}')
    good = await ask(
        model, request(), read=lambda _: Reading(value="", source="", text=""), largest_cap=900
    )
    assert [a.rejected_because for a in good.attempts] == ["A says no.", ""]


def test_limits_hold_whoever_answers() -> None:
    facts = (ModelFacts(name="a", window=8000), ModelFacts(name="b", output=500))
    model = Fallback(tuple(Provider(name=f.name, model=ScriptedModel([]), facts=f) for f in facts))
    assert model.limits == ModelLimits(window=8000, output=500)


def test_a_model_by_itself_is_a_chain_of_one() -> None:
    model = ScriptedModel([])
    (provider,) = providers_of(model)
    assert provider.model is model
    assert providers_of(chain("x")[0])[0].name == "model 0"
