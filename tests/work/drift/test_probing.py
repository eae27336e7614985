"""Messages with a known answer go down the live path, on time and once, and leave no post."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from copydesk.core.checks import RiskClass
from copydesk.core.drift import Watched
from copydesk.core.errors import Conflict, InputRefused
from copydesk.core.post import Tier
from copydesk.core.states import ProbeState
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.quality.probes import CERTAIN, Answer, ProbeKind
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.drift import probing
from copydesk.work.drift.probing import (
    FIRST,
    KINDS,
    WEEK,
    missed_for_certain,
    pass_through,
    plan_probes,
    send_next,
)
from copydesk.work.drift.probing import send_probe as send

NOTE = b"hi, order ORD-4821 is still not here!! plese refund $49.90 to Ada Nwosu"


async def found(desk: Desk) -> list[tuple[str, ProbeState]]:
    async with desk.store.read() as unit:
        return [(one.kind, one.state) for one in await unit.probes.newest(desk.workspace_id)]


async def test_a_text_of_ones_own_is_written_up_judged_and_kept_nowhere(desk: Desk) -> None:
    passed = await pass_through(desk, NOTE)
    assert passed.tier is Tier.RULES
    assert "ORD-4821" in passed.text
    assert "Please refund $49.90" in passed.text
    assert 0.7 < passed.similarity < 1
    assert passed.latency_ms >= 0
    assert passed.risk is RiskClass.HIGH
    assert [issue.check for issue in passed.issues] == ["risk"] * len(passed.issues)
    assert any("money" in reason for reason in passed.waits_because)
    async with desk.store.read() as unit:
        assert await unit.posts.newest(desk.workspace_id) == []
        assert await unit.submissions.newest(desk.workspace_id) == []


async def test_a_text_that_cannot_be_read_says_so(desk: Desk) -> None:
    with pytest.raises(InputRefused):
        await pass_through(desk, b"")


async def test_the_model_is_asked_where_there_is_one(desk: Desk) -> None:
    model = ScriptedModel(faithful_reply)
    passed = await pass_through(replace(desk, model=model), NOTE)
    assert passed.tier is Tier.CAPABLE
    assert len(model.requests) == 1
    assert passed.prompt_version.startswith("rewrite_and_polish.")


async def test_a_model_that_loses_something_is_found_out(desk: Desk) -> None:
    def forgetful(request: object) -> dict[str, object]:
        reply = dict(faithful_reply(request))  # type: ignore[arg-type]
        return {**reply, "rewritten": reply["rewritten"].partition(".")[0] + "."}

    lossy = replace(desk, model=ScriptedModel(forgetful))
    probe = await send(lossy, ProbeKind.TOLD, 6)
    assert probe.state in (ProbeState.CAUGHT, ProbeState.CLEARED), probe.because


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_ends_in_a_state_and_nothing_certain_is_missed(
    desk: Desk, kind: ProbeKind
) -> None:
    probe = await send(desk, kind, 6)
    assert await found(desk) == [(kind, probe.state)]
    assert probe.state is not ProbeState.SENT
    if kind in CERTAIN:
        assert probe.state is not ProbeState.MISSED, probe.because
    async with desk.store.read() as unit:
        assert await unit.probes.get(probe.id) == probe
        assert await unit.posts.newest(desk.workspace_id) == []
        events = await unit.events.history([probe.id])
    assert [event.to_state for event in events][-2:] == [ProbeState.SENT, probe.state]


async def test_what_became_of_a_probe_is_said_once(desk: Desk) -> None:
    probe = await send(desk, ProbeKind.INTACT, 1)
    async with desk.store.begin("test") as unit:
        with pytest.raises(Conflict):
            await unit.probes.conclude(probe)


async def test_the_schedule_goes_through_all_kinds_within_its_time(
    desk: Desk, clock: StoppedClock
) -> None:
    often = replace(desk, settings=replace(desk.settings, probes_per_week=len(KINDS) * 2))
    await plan_probes(often)
    await plan_probes(often)
    await send_next(often, desk.workspace_id)
    assert await found(desk) == [], "the first one waits a while"
    clock.advance(FIRST.total_seconds())
    for _ in KINDS:
        await send_next(often, desk.workspace_id)
        await send_next(often, desk.workspace_id)
        clock.advance((WEEK / (len(KINDS) * 2)).total_seconds())
    assert Counter(kind for kind, _ in await found(desk)) == dict.fromkeys(KINDS, 1)


async def test_a_schedule_can_be_turned_off(desk: Desk, clock: StoppedClock) -> None:
    off = replace(desk, settings=replace(desk.settings, probes_per_week=0))
    await plan_probes(off)
    clock.advance(WEEK.total_seconds())
    await send_next(off, desk.workspace_id)
    assert await found(desk) == []


async def test_the_sweep_finds_what_is_due(desk: Desk, clock: StoppedClock) -> None:
    await plan_probes(desk)
    async with desk.store.read() as unit:
        assert (await unit.workers.due(unit.now))["probes"] == []
    clock.advance(FIRST.total_seconds())
    async with desk.store.read() as unit:
        assert (await unit.workers.due(unit.now))["probes"] == [desk.workspace_id]


async def test_what_must_not_be_missed_and_was_is_an_alarm_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(*_: object, **__: object) -> Answer:
        return Answer(state=ProbeState.MISSED, because="the gate let it pass")

    monkeypatch.setattr(probing, "ask_gate", blind)
    missed = await send(desk, ProbeKind.NUMBER_CHANGED, 1)
    await send(desk, ProbeKind.NEGATION_DROPPED, 1)
    async with desk.store.read() as unit:
        alarms = await unit.drift.alarms(desk.workspace_id)
        counts = await unit.probes.counts(desk.workspace_id, missed.sent_at)
    assert [alarm.watched for alarm in alarms] == [Watched.PROBE]
    assert missed.id in alarms[0].message
    assert missed_for_certain(counts) == ["number_changed"]
