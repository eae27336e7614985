"""A release on trial from end to end: shadow, canary, promotion, and every way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.errors import Conflict, ContentInvalid, TransitionNotAllowed
from copydesk.core.release import Arm, Guard, Policy, Release, Tally, Version
from copydesk.core.states import ReleaseState
from copydesk.editorial import reviewing
from copydesk.generation.capabilities import Capability
from copydesk.generation.consolidated import CURRENT_VERSION
from copydesk.generation.port import ModelRequest
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.drift.counting import count, to_count
from copydesk.work.incoming.submitting import submit
from copydesk.work.pipelines.bench import opened_bench
from copydesk.work.pipelines.transformed import Ask
from copydesk.work.pipelines.transforming import transform
from copydesk.work.releases import releasing, trials
from copydesk.work.releases.shadowing import write_shadow
from copydesk.work.writing.composing import compose

OLD, NEW = f"rewrite_and_polish.v{CURRENT_VERSION}", "rewrite_and_polish.v1"
QUICK = Policy(shadow_items=3, stage_items=2, stages=(50,))


def faithful(request: ModelRequest) -> Mapping[str, Any]:
    return faithful_reply(request)


def forgetful_under_new(request: ModelRequest) -> Mapping[str, Any] | str:
    """A model that is cut off under the new prompt and faithful under the old one."""
    reply = faithful_reply(request)
    return "{" if request.prompt_version.startswith(NEW) else reply


def writing(desk: Desk, script: Any = faithful) -> Desk:
    return replace(desk, model=ScriptedModel(script))


def mail(number: int, *, thread: int | None = None) -> bytes:
    reference = f"In-Reply-To: <root-{thread}@example.org>\n" if thread is not None else ""
    return (
        f"Message-ID: <root-{number}@example.org>\n{reference}"
        f"From: Ada <ada{number}@example.org>\nSubject: Broken parcel {number}\n\n"
        f"my parcel number {number} arrived with a torn lid, can you send another one please\n"
    ).encode()


async def compose_one(desk: Desk, number: int, *, thread: int | None = None) -> str:
    raw = mail(number, thread=thread)
    if thread is not None:
        raw = raw.replace(f"ada{number}@".encode(), f"ada{thread}@".encode())
    taken_in = await submit(desk, raw, filename=f"{number}.eml", actor="test")
    await compose(desk, taken_in.submission.id)
    return taken_in.submission.id


async def begin(desk: Desk, policy: Policy = QUICK, **options: Any) -> Release:
    async with desk.store.begin("ada") as unit:
        await releasing.create(unit, desk, "next", Version(prompt=NEW), policy=policy)
        return await releasing.start(unit, desk, "next", **options)


async def look(desk: Desk) -> Release:
    """Do every job that is due, as a worker would, and return the release."""
    async with desk.store.read() as unit:
        due = await unit.shadows.due(unit.now, limit=100)
    for shadow in due:
        await write_shadow(desk, shadow)
    await count(desk, desk.workspace_id)
    return await current(desk)


async def current(desk: Desk) -> Release:
    async with desk.store.read() as unit:
        return await unit.releases.get(desk.workspace_id, "next")


async def prompts_of(desk: Desk, submission_id: str) -> str:
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(submission_id)
        assert submission.post_id is not None
        post = await unit.posts.get(submission.post_id)
        return (await unit.posts.revision(post.revision_id)).prompt_version


async def test_in_shadow_both_versions_write_and_only_the_old_one_is_stored(desk: Desk) -> None:
    desk = writing(desk)
    release = await begin(desk)
    assert release.state is ReleaseState.SHADOWED
    submission_id = await compose_one(desk, 1)
    assert (await prompts_of(desk, submission_id)).startswith(OLD)
    release = await look(desk)
    assert release.counted.shadow[Guard.FAILED] == Tally(neither=1)
    async with desk.store.read() as unit:
        assert len(await unit.posts.newest(desk.workspace_id)) == 1


async def test_past_messages_are_replayed_under_both_versions(
    desk: Desk, clock: StoppedClock
) -> None:
    desk = writing(desk)
    for number in range(3):
        await compose_one(desk, number)
    clock.advance(3600)
    await begin(desk, replayed=2)
    release = await look(desk)
    assert release.counted.shadow[Guard.FAILED].pairs == 2
    assert isinstance(desk.model, ScriptedModel)
    asked = [request.prompt_version.partition("+")[0] for request in desk.model.requests]
    assert asked.count(NEW) == 2
    # what was answered before under the old version is remembered, and says nothing about its cost
    assert Guard.DEARER not in release.counted.shadow


async def test_from_shadow_over_a_canary_to_a_persons_promotion(desk: Desk) -> None:
    desk = writing(desk)
    await begin(desk)
    for number in range(3):
        await compose_one(desk, number)
    release = await look(desk)
    assert (release.state, release.share) == (ReleaseState.CANARIED, 50)
    arms = set()
    for number in range(10, 20):
        arms.add((await prompts_of(desk, await compose_one(desk, number))).partition("+")[0])
    assert arms == {OLD, NEW}
    release = await look(desk)
    assert release.counted.canary[Guard.FLAGGED].pairs >= 2
    async with desk.store.begin("ada") as unit:
        shown = await trials.show(unit, desk, "next")
        assert shown.next is not None
        assert "may still be up to" in shown.next.because
        await releasing.promote(unit, desk, "next", "read thirty of them")
    assert (await prompts_of(desk, await compose_one(desk, 40))).startswith(NEW)
    async with desk.store.begin("ada") as unit:
        taken = await releasing.roll_back(unit, desk)
    assert taken.state is ReleaseState.ROLLED_BACK
    assert (await prompts_of(desk, await compose_one(desk, 41))).startswith(OLD)
    async with desk.store.read() as unit:
        history = [(e.to_state, e.actor) for e in await unit.events.history([taken.id])]
    assert history == [
        ("created", "ada"),
        ("shadowed", "ada"),
        ("canaried", "release"),
        ("promoted", "ada"),
        ("rolled_back", "ada"),
    ]


async def test_a_version_that_leaves_texts_incomplete_is_rolled_back_by_itself(
    desk: Desk,
) -> None:
    desk = writing(desk, forgetful_under_new)
    await begin(desk, replace(QUICK, shadow_items=50))
    for number in range(9):
        await compose_one(desk, number)
    release = await look(desk)
    assert release.state is ReleaseState.ROLLED_BACK
    assert release.reason == "failed: 0.0% → 100.0%; evidence 102, 100 was the limit"
    async with desk.store.read() as unit:
        assert await unit.shadows.waiting(release.id) == 0


async def test_a_version_that_leaves_as_many_texts_incomplete_as_the_old_one_stays(
    desk: Desk,
) -> None:
    """What both versions cannot write is the messages' fault: here one that no model answers in
    full, four times over."""
    desk = writing(desk, lambda _: "{")
    await begin(desk, replace(QUICK, shadow_items=50))
    for number in range(4):
        await compose_one(desk, number)
    release = await look(desk)
    assert release.state is ReleaseState.SHADOWED
    assert release.counted.shadow[Guard.FAILED] == Tally(both=4)


async def test_a_conversation_keeps_its_version_while_shares_grow(desk: Desk) -> None:
    desk = writing(desk)
    began_before = await compose_one(desk, 1)
    assert (await prompts_of(desk, began_before)).startswith(OLD)
    await begin(desk, replace(QUICK, stages=(1, 99), stage_items=1000), skip_shadow=True)
    first = {n: (await prompts_of(desk, await compose_one(desk, n)))[:21] for n in range(100, 104)}
    async with desk.store.begin("ada") as unit:
        await releasing.advance(unit, desk, "next", "in a hurry")
    for number, prompt in first.items():
        again = await compose_one(desk, number + 100, thread=number)
        assert (await prompts_of(desk, again)).startswith(prompt)
    assert (await prompts_of(desk, await compose_one(desk, 201, thread=1))).startswith(OLD)


async def test_only_the_first_message_of_a_conversation_counts(desk: Desk) -> None:
    desk = writing(desk)
    await begin(desk, replace(QUICK, stage_items=1000), skip_shadow=True)
    for number in range(4):
        await compose_one(desk, number)
    once = (await look(desk)).counted
    for number in range(4):
        await compose_one(desk, number + 100, thread=number)
    assert (await look(desk)).counted == once


async def test_counting_twice_counts_once(desk: Desk) -> None:
    desk = writing(desk)
    await begin(desk, replace(QUICK, stage_items=1000), skip_shadow=True)
    for number in range(8):
        await compose_one(desk, number)
    once = await look(desk)
    assert await look(desk) == once
    async with desk.store.read() as unit:
        assert await to_count(unit, unit.now) == []


async def test_time_runs_out_and_the_old_version_stays(desk: Desk, clock: StoppedClock) -> None:
    desk = writing(desk)
    await begin(desk)
    clock.advance(28 * 86_400 + 1)
    async with desk.store.read() as unit:
        assert await to_count(unit, unit.now) == [desk.workspace_id]
    release = await look(desk)
    assert release.state is ReleaseState.UNDECIDED
    assert release.reason.startswith("inconclusive after 28 days")
    assert (await prompts_of(desk, await compose_one(desk, 1))).startswith(OLD)


async def test_without_automatic_a_person_takes_every_step_forward(desk: Desk) -> None:
    desk = writing(desk)
    await begin(desk, replace(QUICK, automatic=False))
    for number in range(4):
        await compose_one(desk, number)
    assert (await look(desk)).state is ReleaseState.SHADOWED
    async with desk.store.begin("ada") as unit:
        assert trials.needs_person(await trials.show(unit, desk, "next"))
        release = await releasing.advance(unit, desk, "next", "looks good")
    assert (release.state, release.share) == (ReleaseState.CANARIED, 50)


async def test_a_model_that_cannot_be_opened_takes_the_release_back(desk: Desk) -> None:
    desk = writing(desk)
    async with desk.store.begin("ada") as unit:
        version = Version(model="openai:another-model")
        await releasing.create(unit, desk, "next", version, policy=replace(QUICK, stages=(99,)))
        await releasing.start(unit, desk, "next", skip_shadow=True)
    for number in range(4):
        assert (await prompts_of(desk, await compose_one(desk, number))).startswith(OLD)
    release = await current(desk)
    assert release.state is ReleaseState.ROLLED_BACK
    assert "needs an API key" in release.reason


async def test_one_release_is_tried_at_a_time_and_never_the_same_version(desk: Desk) -> None:
    with pytest.raises(Conflict, match="No model is configured"):
        await begin(desk)
    desk = writing(desk)
    await begin(desk)
    async with desk.store.begin("ada") as unit:
        await releasing.create(unit, desk, "other", Version(temperature=0.9))
        await releasing.create(unit, desk, "same", Version(prompt=OLD))
        with pytest.raises(Conflict, match="on trial already"):
            await releasing.start(unit, desk, "other")
        with pytest.raises(Conflict, match="nothing to try"):
            await releasing.start(unit, desk, "same")
        with pytest.raises(Conflict, match="already"):
            await releasing.create(unit, desk, "other", Version(prompt=NEW))


async def test_a_person_who_skips_the_evidence_says_why(desk: Desk) -> None:
    await begin(writing(desk))
    async with desk.store.begin("ada") as unit:
        with pytest.raises(ContentInvalid, match="say why"):
            await releasing.promote(unit, desk, "next", " ")
        with pytest.raises(ContentInvalid, match="say why"):
            await releasing.advance(unit, desk, "next", "")


async def test_what_was_rolled_back_stays_so_and_what_it_replaced_returns(desk: Desk) -> None:
    async with desk.store.begin("ada") as unit:
        await releasing.create(unit, desk, "one", Version(temperature=0.1))
        await releasing.create(unit, desk, "next", Version(temperature=0.3))
        await releasing.promote(unit, desk, "one", "first")
        await releasing.promote(unit, desk, "next", "second")
        assert (await unit.releases.get(desk.workspace_id, "one")).state == "superseded"
        await releasing.roll_back(unit, desk)
        assert (await unit.releases.get(desk.workspace_id, "one")).state == "promoted"
        with pytest.raises(TransitionNotAllowed):
            await releasing.promote(unit, desk, "next", "again")


async def test_what_people_reject_or_rewrite_counts_against_the_version_that_wrote_it(
    desk: Desk,
) -> None:
    desk = writing(desk)
    await begin(desk, replace(QUICK, stage_items=1000), skip_shadow=True)
    async with desk.store.begin("ada") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    held = [await compose_one(desk, number) for number in range(8)]
    async with desk.store.begin("ada") as unit:
        trial = await unit.releases.get(desk.workspace_id, "next")
        for submission_id in held:
            submission = await unit.submissions.get(submission_id)
            assert submission.post_id is not None
            assigned = await unit.releases.assignment_of(trial.id, submission_id)
            assert assigned is not None
            decide = reviewing.reject if assigned.arm is Arm.NEW else reviewing.accept
            await decide(unit, await unit.reviews.get(submission.post_id))
    await look(desk)
    release = await look(desk)
    edited = release.counted.canary[Guard.EDITED]
    assert edited.worse == edited.pairs > 0


async def test_a_text_put_through_a_pipeline_gets_the_version_that_messages_get(
    desk: Desk,
) -> None:
    texts = [f"the parcel number {n} arrived with a torn lid".encode() for n in range(16)]

    async def asked(pipeline: Capability = Capability.REWRITE_AND_POLISH) -> list[str]:
        """Which prompts were used, text by text."""
        used = []
        for text in texts:
            async with opened_bench(writing(desk), text) as bench:
                done = await transform(Ask(pipeline=(pipeline,), raw=text), bench)
            (stage,) = done.stages
            used.append(stage.prompt_version)
            on_trial = any(note.code == "on_trial" for note in done.notes)
            assert on_trial == (bool(bench.trial) and stage.prompt_version == NEW)
        return used

    assert set(await asked()) == {OLD}
    async with desk.store.begin("ada") as unit:
        await releasing.create(unit, desk, "next", Version(prompt=NEW), policy=QUICK)
        await releasing.start(unit, writing(desk), "next")
    assert set(await asked()) == {OLD}, "in shadow nobody gets it"
    async with desk.store.begin("ada") as unit:
        await releasing.advance(unit, desk, "next", "seen")
    half = await asked()
    assert 1 < half.count(NEW) < 15
    assert half == await asked(), "the same text always gets the same"
    async with desk.store.begin("ada") as unit:
        await releasing.promote(unit, desk, "next", "seen")
    assert set(await asked()) == {NEW}
    async with desk.store.begin("ada") as unit:
        await releasing.roll_back(unit, desk)
    assert set(await asked()) == {OLD}
