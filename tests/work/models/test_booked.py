"""A call is booked, paid for and made once; who is away rests; what was answered is kept."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.errors import ModelUnavailable, ReplyTruncated
from copydesk.core.money import Period
from copydesk.core.post import Tier
from copydesk.distribution.notifying.message import types_of
from copydesk.generation.catalogue import ModelFacts, Prices, Thinking
from copydesk.generation.fallback import Fallback, Provider
from copydesk.generation.port import Completion, Model, ModelRequest
from copydesk.generation.scripted import ScriptedModel
from copydesk.store.model_calls import REJECTED_KEPT
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.budgeting import SpentOn, set_budget
from copydesk.work.desk import Desk
from copydesk.work.models.booked import digest_of
from copydesk.work.models.breakers import POLICY, resting
from copydesk.work.models.opening import routed_model
from copydesk.work.models.routed import RoutedModel
from tests.work.modelling import DEAR, answer, equipped, named, one

REQUEST = ModelRequest(
    capability="rewrite_and_polish",
    system="You edit.",
    user="<<material abcd1234>>\nhello\n<<end abcd1234>>",
    max_tokens=100,
    temperature=0.2,
    prompt_version="rewrite_and_polish.v1",
    tier=Tier.CAPABLE,
    delimiter="abcd1234",
)


def answering(**more: Any) -> ScriptedModel:
    return ScriptedModel(lambda request: answer(request, **more))


def away(message: str = "The model could not be reached.", status: int | None = None) -> Any:
    return ScriptedModel(lambda _: ModelUnavailable(message, answered=status))


def routed(desk: Desk, capable: Model | None = None, light: Model | None = None) -> RoutedModel:
    model = routed_model(equipped(desk, capable, light))
    assert model is not None
    return model


async def rows(desk: Desk) -> list[dict[str, Any]]:
    async with desk.store.read() as unit:
        found = await unit.model_costs.costs(
            desk.workspace_id,
            "model",
            unit.now - timedelta(days=400),
            unit.now + timedelta(days=1),
        )
    return [{name: getattr(line, name) for name in line.__dataclass_fields__} for line in found]


async def allow(desk: Desk, dollars: str, period: Period = Period.DAY) -> None:
    async with desk.store.begin("ada") as unit:
        await set_budget(unit, desk.workspace_id, "", period, dollars, SpentOn.MODELS)


# ---------------------------------------------------------------- books


async def test_a_call_is_booked_with_what_it_cost(desk: Desk) -> None:
    completion = await routed(desk, one("openai:sol", answering())).complete(REQUEST)
    assert completion.call_id
    (line,) = await rows(desk)
    assert line["key"] == "openai:sol"
    assert (line["calls"], line["answered"], line["unpriced"]) == (1, 1, 0)
    assert (line["input_tokens"], line["cached_tokens"], line["output_tokens"]) == (100, 80, 20)
    assert line["cost_usd"] == pytest.approx(0.25)


async def test_an_unknown_price_is_not_free(desk: Desk) -> None:
    await routed(desk, one("own", answering(cost=None))).complete(REQUEST)
    (line,) = await rows(desk)
    assert (line["cost_usd"], line["unpriced"]) == (0.0, 1)


async def test_what_failed_and_what_was_cut_is_booked_too(desk: Desk) -> None:
    cut = ReplyTruncated("output_cap", "The model stopped early.")
    script = ScriptedModel([ModelUnavailable("It answered 503.", answered=503), cut])
    model = routed(desk, one("openai:sol", script))
    with pytest.raises(ModelUnavailable):
        await model.complete(REQUEST)
    with pytest.raises(ReplyTruncated):
        await model.complete(REQUEST)
    (line,) = await rows(desk)
    assert (line["calls"], line["failed"], line["rejected"], line["answered"]) == (2, 1, 1, 0)
    assert line["unpriced"] == 1, "a reply that was cut is billed, nobody knows how much"


async def test_a_call_whose_process_died_stays_in_the_books(desk: Desk) -> None:
    class Killed(BaseException):
        pass

    class Dying:
        async def complete(self, request: ModelRequest) -> Completion:
            raise Killed

    await allow(desk, "1")
    with pytest.raises(Killed):
        await routed(desk, one("openai:sol", Dying(), DEAR)).complete(REQUEST)
    (line,) = await rows(desk)
    assert line["under_way"] == 1
    async with desk.store.read() as unit:
        spent = await unit.model_calls.spent(desk.workspace_id, Period.DAY.starts(unit.now))
    assert spent >= 100_000, "it may have been billed, so what was reserved stays reserved"


# ---------------------------------------------------------------- memory


async def test_the_same_question_is_answered_from_memory_and_costs_nothing(desk: Desk) -> None:
    script = answering()
    model = routed(desk, one("openai:sol", script))
    first = await model.complete(REQUEST)
    again = replace(
        REQUEST, user=REQUEST.user.replace("abcd1234", "wxyz5678"), delimiter="wxyz5678"
    )
    second = await model.complete(again)
    assert len(script.requests) == 1
    assert (second.text, second.object) == (first.text, first.object)
    assert (second.remembered, second.cost_usd) == (True, 0.0)
    (line,) = await rows(desk)
    assert (line["calls"], line["answered"], line["remembered"]) == (2, 1, 1)
    assert line["cost_usd"] == pytest.approx(0.25)
    assert line["input_tokens"] == 100


@pytest.mark.parametrize(
    "change",
    [
        {"user": REQUEST.user.replace("hello", "goodbye")},
        {"system": "You edit well."},
        {"max_tokens": 200},
        {"temperature": 0.3},
        {"prompt_version": "rewrite_and_polish.v2"},
    ],
    ids=["material", "system", "cap", "temperature", "prompt"],
)
def test_another_question_is_another(change: dict[str, Any]) -> None:
    sol = named("openai:sol", answering())
    assert digest_of(replace(REQUEST, **change), sol) != digest_of(REQUEST, sol)


def test_another_model_is_another_question() -> None:
    sol, luna = named("openai:sol", answering()), named("openai:luna", answering())
    assert digest_of(REQUEST, sol) != digest_of(REQUEST, luna)


async def test_a_model_that_is_to_think_more_is_asked_anew(desk: Desk) -> None:
    said = []
    for thinking in (None, *Thinking):
        script = answering(text=json.dumps({"thought": thinking}))
        facts = ModelFacts(name="sol", thinking=thinking)
        sol = Fallback((Provider(name="openai:sol", model=script, facts=facts),))
        said += [(await routed(desk, sol).complete(REQUEST)).object for _ in range(2)]
    assert said == [{"thought": one} for one in (None, *Thinking) for _ in range(2)]


async def test_an_answer_is_forgotten_after_its_time(desk: Desk, clock: StoppedClock) -> None:
    script = answering()
    model = routed(desk, one("openai:sol", script))
    await model.complete(REQUEST)
    clock.advance(desk.settings.model_cache_hours * 3600 + 1)
    await model.complete(REQUEST)
    assert len(script.requests) == 2


async def test_without_memory_every_question_is_asked(desk: Desk) -> None:
    await routed(desk, one("openai:sol", answering())).complete(REQUEST)
    desk = replace(desk, settings=replace(desk.settings, model_cache_hours=0))
    script = answering()
    model = routed(desk, one("openai:sol", script))
    await model.complete(REQUEST)
    await model.complete(REQUEST)
    assert len(script.requests) == 2


async def test_no_workspace_hears_what_another_was_answered(desk: Desk) -> None:
    script = answering()
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "automatic")
    for place in (desk, replace(desk, workspace_id=other.id)):
        completion = await routed(place, one("openai:sol", script)).complete(REQUEST)
        assert not completion.remembered
    assert len(script.requests) == 2


async def test_the_oldest_answers_make_room(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copydesk.store.model_calls.MOST_REPLIES", 2)
    script = answering()
    model = routed(desk, one("openai:sol", script))
    for text in ("one", "two", "three"):
        await model.complete(replace(REQUEST, user=text))
        clock.advance(1)
    await model.complete(replace(REQUEST, user="three"))
    await model.complete(replace(REQUEST, user="two"))
    assert len(script.requests) == 3
    await model.complete(replace(REQUEST, user="one"))
    assert len(script.requests) == 4


async def test_an_answer_that_was_not_used_is_kept_for_a_restart_only(
    desk: Desk, clock: StoppedClock
) -> None:
    script = answering()
    model = routed(desk, one("openai:sol", script))
    await model.reject(await model.complete(REQUEST), "finish_reason", "It was cut.")
    assert (await model.complete(REQUEST)).remembered
    clock.advance(REJECTED_KEPT.total_seconds() + 1)
    assert not (await model.complete(REQUEST)).remembered
    (line,) = await rows(desk)
    assert (line["rejected"], line["remembered"], line["answered"]) == (1, 1, 1)


# ---------------------------------------------------------------- who is away


async def test_a_stand_in_answers_and_the_books_say_who_did_not(desk: Desk) -> None:
    second = answering()
    chain = Fallback((named("openai:sol", away()), named("anthropic:sonnet", second)))
    completion = await routed(desk, chain).complete(REQUEST)
    assert completion.text == '{"a": 1}'
    lines = {line["key"]: line for line in await rows(desk)}
    assert lines["openai:sol"]["failed"] == 1
    assert lines["anthropic:sonnet"]["answered"] == 1


async def test_when_all_are_away_the_reason_names_each(desk: Desk) -> None:
    chain = Fallback((named("a", away("A is down.")), named("b", away("B is down."))))
    with pytest.raises(ModelUnavailable, match=r"A is down\. B is down\."):
        await routed(desk, chain).complete(REQUEST)


async def test_who_does_not_answer_rests_and_is_tried_with_one_call(
    desk: Desk, clock: StoppedClock
) -> None:
    script = away()
    model = routed(desk, one("openai:sol", script))
    for _ in range(POLICY.account_failures):
        with pytest.raises(ModelUnavailable):
            await model.complete(REQUEST)
    with pytest.raises(ModelUnavailable, match="openai:sol does not answer and is not asked"):
        await model.complete(REQUEST)
    assert len(script.requests) == POLICY.account_failures
    async with desk.store.read() as unit:
        assert set(await resting(unit, ["openai:sol", "other"])) == {"openai:sol"}
    clock.advance(POLICY.longest)
    back = answering()
    begun, held = asyncio.Event(), asyncio.Event()

    class Slow:
        async def complete(self, request: ModelRequest) -> Completion:
            begun.set()
            await held.wait()
            return await back.complete(request)

    # another worker at the same time: one call goes through, the other does not
    first = asyncio.create_task(routed(desk, one("openai:sol", Slow())).complete(REQUEST))
    await begun.wait()
    with pytest.raises(ModelUnavailable):
        await routed(desk, one("openai:sol", back)).complete(replace(REQUEST, user="other"))
    held.set()
    await first
    await routed(desk, one("openai:sol", back)).complete(replace(REQUEST, user="other"))
    assert len(back.requests) == 2
    async with desk.store.read() as unit:
        assert await resting(unit, ["openai:sol"]) == {}


async def test_a_wrong_key_stops_nobody_but_itself(desk: Desk) -> None:
    script = away("The model server answered 401.", status=401)
    model = routed(desk, one("openai:sol", script))
    for _ in range(POLICY.account_failures + 2):
        with pytest.raises(ModelUnavailable, match="401"):
            await model.complete(REQUEST)
    assert len(script.requests) == POLICY.account_failures + 2


async def test_one_model_at_rest_does_not_keep_its_stand_in_from_answering(desk: Desk) -> None:
    second = answering()
    chain = Fallback((named("openai:sol", away()), named("openai:terra", second)))
    for n in range(6):
        await routed(desk, chain).complete(replace(REQUEST, user=str(n)))
    lines = {line["key"]: line for line in await rows(desk)}
    assert lines["openai:sol"]["calls"] == POLICY.account_failures
    assert lines["openai:terra"]["answered"] == 6


# ---------------------------------------------------------------- who wants to be left alone


def busy(*waits: float | None) -> ScriptedModel:
    """A server that is there and wants no calls for so long, each time it is asked."""
    return ScriptedModel(
        [ModelUnavailable("It answered 429.", answered=429, wait=wait) for wait in waits]
    )


async def test_nobody_asks_again_while_a_server_wants_no_calls(
    desk: Desk, clock: StoppedClock
) -> None:
    script = busy(90.0)
    with pytest.raises(ModelUnavailable, match="429"):
        await routed(desk, one("openai:sol", script)).complete(REQUEST)
    for rest in (90.0, 60.0, 1.0):
        # another worker, another message
        model = routed(desk, one("openai:sol", script))
        with pytest.raises(ModelUnavailable, match="wants to be left alone") as caught:
            await model.complete(replace(REQUEST, user=f"{rest}"))
        assert caught.value.wait == pytest.approx(rest)
        clock.advance(rest - {90.0: 60.0, 60.0: 1.0, 1.0: 0.0}[rest])
    assert len(script.requests) == 1
    back = answering()
    await routed(desk, one("openai:sol", back)).complete(REQUEST)
    await routed(desk, one("openai:sol", back)).complete(replace(REQUEST, user="more"))
    assert len(back.requests) == 2, "it answers again, so nobody waits for anybody"


async def test_the_books_say_that_a_server_wanted_no_calls_and_nothing_was_paid(
    desk: Desk,
) -> None:
    await allow(desk, "1")
    script = ScriptedModel([ModelUnavailable("It answered 429.", answered=429, wait=5.0)])
    with pytest.raises(ModelUnavailable):
        await routed(desk, one("openai:sol", script, DEAR)).complete(REQUEST)
    with pytest.raises(ModelUnavailable):
        await routed(desk, one("openai:sol", script, DEAR)).complete(REQUEST)
    (line,) = await rows(desk)
    assert (line["calls"], line["failed"], line["limited"]) == (1, 1, 1)
    async with desk.store.read() as unit:
        assert await unit.model_calls.spent(desk.workspace_id, Period.DAY.starts(unit.now)) == 0


async def test_a_stand_in_answers_meanwhile(desk: Desk) -> None:
    first, second = busy(60.0), answering()
    chain = Fallback((named("openai:sol", first), named("openai:terra", second)))
    for n in range(3):
        await routed(desk, chain).complete(replace(REQUEST, user=str(n)))
    assert (len(first.requests), len(second.requests)) == (1, 3)


async def test_when_all_want_no_calls_the_first_that_will_tells_when(desk: Desk) -> None:
    chain = Fallback((named("a", busy(60.0)), named("b", busy(20.0))))
    with pytest.raises(ModelUnavailable) as caught:
        await routed(desk, chain).complete(REQUEST)
    assert caught.value.wait == 20.0


async def test_a_longer_wait_stays_when_a_shorter_one_is_asked_for(
    desk: Desk, clock: StoppedClock
) -> None:
    begun, held = asyncio.Event(), asyncio.Event()

    class Slow:
        async def complete(self, request: ModelRequest) -> Completion:
            begun.set()
            await held.wait()
            raise ModelUnavailable("It answered 429.", answered=429, wait=1.0)

    under_way = asyncio.create_task(routed(desk, one("openai:sol", Slow())).complete(REQUEST))
    await begun.wait()
    with pytest.raises(ModelUnavailable):
        await routed(desk, one("openai:sol", busy(60.0))).complete(replace(REQUEST, user="b"))
    held.set()
    with pytest.raises(ModelUnavailable):
        await under_way
    clock.advance(30)
    with pytest.raises(ModelUnavailable, match="wants to be left alone"):
        await routed(desk, one("openai:sol", answering())).complete(REQUEST)


# ---------------------------------------------------------------- tiers


async def test_light_work_goes_to_the_light_model(desk: Desk) -> None:
    capable, light = answering(), answering()
    model = routed(desk, one("sol", capable), one("luna", light))
    await model.complete(replace(REQUEST, tier=Tier.LIGHT))
    assert (len(capable.requests), len(light.requests)) == (0, 1)


async def test_light_work_waits_while_the_light_model_is_away(desk: Desk) -> None:
    capable = answering()
    with pytest.raises(ModelUnavailable):
        await routed(desk, one("sol", capable), one("luna", away())).complete(
            replace(REQUEST, tier=Tier.LIGHT)
        )
    assert capable.requests == []


async def test_where_there_is_no_light_model_the_capable_one_does_it_and_says_so(
    desk: Desk,
) -> None:
    completion = await routed(desk, one("sol", answering())).complete(
        replace(REQUEST, tier=Tier.LIGHT)
    )
    assert completion.tier is Tier.CAPABLE


# ---------------------------------------------------------------- money


async def test_money_is_reserved_before_the_call(desk: Desk) -> None:
    # 100 tokens out and some in at a dollar a thousand: a call may cost more than 10 cents
    await allow(desk, "0.05")
    script = answering()
    with pytest.raises(ModelUnavailable, match=r"the daily budget for models, \$0\.05"):
        await routed(desk, one("sol", script, DEAR)).complete(REQUEST)
    assert script.requests == []
    assert await rows(desk) == []


async def test_what_was_reserved_and_not_spent_is_there_again(desk: Desk) -> None:
    await allow(desk, "0.30")
    model = routed(desk, one("sol", answering(cost=0.01), DEAR))
    for n in range(5):
        await model.complete(replace(REQUEST, user=str(n)))
    async with desk.store.read() as unit:
        spent = await unit.model_calls.spent(desk.workspace_id, Period.DAY.starts(unit.now))
    assert spent == 50_000


@pytest.mark.parametrize(
    ("fault", "is_held"),
    [
        (ModelUnavailable("It says no.", answered=503), False),
        (ModelUnavailable("Nobody listens.", arrived=False), False),
        (ModelUnavailable("It went silent."), True),
        (ReplyTruncated("output_cap", "It was cut."), True),
    ],
    ids=["refused", "not reached", "silent", "cut"],
)
async def test_what_may_be_billed_stays_reserved(
    desk: Desk, fault: Exception, is_held: bool
) -> None:
    await allow(desk, "1")
    with pytest.raises(type(fault)):
        await routed(desk, one("sol", ScriptedModel([fault]), DEAR)).complete(REQUEST)
    async with desk.store.read() as unit:
        spent = await unit.model_calls.spent(desk.workspace_id, Period.DAY.starts(unit.now))
    assert (spent >= 100_000) is is_held
    assert is_held or spent == 0


async def test_an_answer_without_a_bill_stays_reserved(desk: Desk) -> None:
    await allow(desk, "0.15")
    model = routed(desk, one("sol", answering(cost=None), DEAR))
    await model.complete(REQUEST)
    with pytest.raises(ModelUnavailable, match="daily budget"):
        await model.complete(replace(REQUEST, user="another"))


async def test_workers_that_call_at_once_never_spend_more_together(desk: Desk) -> None:
    await allow(desk, "0.50")
    everybody = asyncio.Event()
    asked: list[str] = []

    def note(n: str) -> None:
        asked.append(n)
        if len(set(asked)) == 12:
            everybody.set()

    class Slow:
        async def complete(self, request: ModelRequest) -> Completion:
            note(request.user)
            await everybody.wait()
            return answer(request, cost=0.11)

    async def call(n: str) -> Completion:
        try:
            return await routed(desk, one("sol", Slow(), DEAR)).complete(replace(REQUEST, user=n))
        finally:
            note(n)

    done = await asyncio.gather(*(call(str(n)) for n in range(12)), return_exceptions=True)
    answered = [one for one in done if isinstance(one, Completion)]
    refused = [one for one in done if isinstance(one, ModelUnavailable)]
    assert len(answered) + len(refused) == 12
    # each reserves between 10 and 12.5 cents
    assert len(answered) == 4
    async with desk.store.read() as unit:
        spent = await unit.model_calls.spent(desk.workspace_id, Period.DAY.starts(unit.now))
    assert spent <= 500_000


async def test_parts_are_not_begun_unless_there_is_money_for_all_of_them(desk: Desk) -> None:
    parts = [replace(REQUEST, user=f"part {n}") for n in range(5)]
    # each may cost between 10 and 11 cents
    await allow(desk, "0.40")
    model = routed(desk, one("sol", script := answering(cost=0.05), DEAR))
    with pytest.raises(ModelUnavailable, match=r"5 calls may cost \$0\.5"):
        await model.afford(parts)
    assert script.requests == []
    await model.afford(parts[:3])
    for part in parts[:3]:
        await model.complete(part)
    # what was answered before a crash costs nothing: 15 of 40 cents are spent
    await model.afford(parts[:5])


async def test_money_for_parts_is_counted_with_whoever_would_answer(desk: Desk) -> None:
    parts = [replace(REQUEST, user=f"part {n}") for n in range(5)]
    await allow(desk, "0.40")
    chain = Fallback(
        (
            named("dear", away(), DEAR),
            named("cheap", answering(cost=0.01), Prices(input=1, output=1)),
        )
    )
    await routed(desk, chain).afford(parts)
    only_dear = routed(desk, one("dear", away(), DEAR))
    for n in range(POLICY.account_failures):
        with pytest.raises(ModelUnavailable):
            await only_dear.complete(replace(REQUEST, user=str(n)))
    # nobody is refused for the price of one that rests: the call itself will say so
    await only_dear.afford(parts)


async def test_tomorrow_there_is_money_again(desk: Desk, clock: StoppedClock) -> None:
    await allow(desk, "0.30")
    model = routed(desk, one("sol", answering(cost=0.29), DEAR))
    await model.complete(REQUEST)
    with pytest.raises(ModelUnavailable, match="copydesk budgets set --models"):
        await model.complete(replace(REQUEST, user="more"))
    clock.advance(24 * 3600)
    await model.complete(replace(REQUEST, user="more"))


async def test_an_answer_from_memory_needs_no_money(desk: Desk) -> None:
    model = routed(desk, one("sol", answering(cost=0.29), DEAR))
    await model.complete(REQUEST)
    await allow(desk, "0.01")
    assert (await model.complete(REQUEST)).remembered


async def test_an_empty_purse_stops_a_model_whose_price_nobody_knows_too(desk: Desk) -> None:
    await allow(desk, "0")
    with pytest.raises(ModelUnavailable, match="was not asked"):
        await routed(desk, one("own", answering(cost=None))).complete(REQUEST)


async def test_somebody_is_told_once_a_period_that_money_runs_low(
    desk: Desk, clock: StoppedClock
) -> None:
    await allow(desk, "1")
    model = routed(desk, one("sol", answering(cost=0.27), DEAR))

    async def told() -> list[str]:
        async with desk.store.read() as unit:
            events = await unit.events.after(0)
        return [event.reason for event in events if event.noun == "model_budget"]

    for n in range(2):
        await model.complete(replace(REQUEST, user=str(n)))
    assert await told() == []
    for n in range(2, 4):
        with suppress(ModelUnavailable):
            await model.complete(replace(REQUEST, user=str(n)))
    assert len(await told()) == 1
    assert "$0.81 of the daily budget for models, $1.00" in (await told())[0]
    assert types_of("model_budget") == ("low",), "a webhook may ask for it by name"
    clock.advance(24 * 3600)
    for n in range(4, 7):
        await model.complete(replace(REQUEST, user=str(n)))
    assert len(await told()) == 2
