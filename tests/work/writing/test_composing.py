"""A message is carried as far as it goes, once; one that cannot be is set aside and says why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest

from copydesk.core.errors import InputRefused, StoreUnavailable
from copydesk.core.states import PostState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.platforms.kit import registry
from copydesk.testing.clocks import StoppedClock
from copydesk.work.company import Company
from copydesk.work.deliveries import distributing
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import MAX_KEPT, submit
from copydesk.work.writing import composing, writing_up
from copydesk.work.writing.composing import CLAIM, TRIES, compose
from copydesk.work.writing.drafting import Draft
from copydesk.work.writing.spelling import Speller
from tests.distribution.carrying import deliveries
from tests.store_fixtures import AddSandbox

LETTER = (
    b"From: Ada <ada@example.org>\r\nMessage-ID: <a@example.org>\r\nSubject: The lamp\r\n\r\n"
    b"The lamp looks lovely in our hall. It fits well.\r\n"
)


async def take(desk: Desk, raw: bytes, filename: str = "a.eml") -> Submission:
    return (await submit(desk, raw, filename=filename, actor="test")).submission


async def again(desk: Desk, submission: Submission) -> Submission:
    async with desk.store.read() as unit:
        return await unit.submissions.get(submission.id)


async def posts(desk: Desk) -> list[PostState]:
    async with desk.store.read() as unit:
        return [post.state for post, _ in await unit.posts.newest(desk.workspace_id)]


# ---------------------------------------------------------------- once


async def test_the_same_message_is_the_same_submission(desk: Desk) -> None:
    first = await submit(desk, LETTER, filename="a.eml", actor="test")
    second = await submit(desk, LETTER, filename="copy of a.eml", actor="test")
    other_road = await submit(desk, b"Received: by mx\r\n" + LETTER, filename="b.eml", actor="t")
    assert [first.is_new, second.is_new, other_road.is_new] == [True, False, False]
    assert {first.submission.id} == {second.submission.id, other_road.submission.id}
    async with desk.store.read() as unit:
        seen = (await unit.events.history([first.submission.id]))[-1]
        assert await unit.workspaces.load(seen.data["sha256"]) == b"Received: by mx\r\n" + LETTER


async def test_composing_and_distributing_twice_is_composing_once(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    submission = await take(desk, LETTER)
    for _ in range(2):
        await compose(desk, submission.id)
    done = await again(desk, submission)
    assert done.state is SubmissionState.COMPOSED
    assert done.post_id is not None
    assert await posts(desk) == [PostState.APPROVED]
    for _ in range(2):
        await distribute(desk, done.post_id)
    assert await posts(desk) == [PostState.DISTRIBUTED]
    assert len(await deliveries(desk)) == 1


async def test_two_workers_at_once_make_one_post(desk: Desk) -> None:
    submission = await take(desk, LETTER)
    await asyncio.gather(*(compose(desk, submission.id) for _ in range(4)), return_exceptions=True)
    assert (await again(desk, submission)).state is SubmissionState.COMPOSED
    assert len(await posts(desk)) == 1


async def test_a_dead_workers_claim_is_taken_over_when_it_ends(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def die(*_: object) -> None:
        raise Killed

    submission = await take(desk, LETTER)
    with monkeypatch.context() as patch:
        patch.setattr(composing, "write_up", die)
        with pytest.raises(Killed):
            await compose(desk, submission.id)
    assert (await again(desk, submission)).state is SubmissionState.PARSED
    await compose(desk, submission.id)
    assert await posts(desk) == [], "it is still claimed"
    clock.advance(CLAIM.total_seconds())
    await compose(desk, submission.id)
    assert len(await posts(desk)) == 1


# ---------------------------------------------------------------- poison


@pytest.mark.parametrize("fault", [ValueError("odd"), RecursionError("deep"), AssertionError()])
@pytest.mark.parametrize(
    ("module", "step"),
    [(composing, "read"), (writing_up, "clean_message")],
    ids=["read", "clean_message"],
)
async def test_poison_ends_failed_after_so_many_tries_and_stops_nothing(
    fault: Exception,
    module: ModuleType,
    step: str,
    desk: Desk,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = getattr(module, step)
    tried = 0

    def poison(text: object, /, *args: object, **options: object) -> object:
        nonlocal tried
        if "poison" in str(text):
            tried += 1
            raise fault
        return original(text, *args, **options)

    monkeypatch.setattr(module, step, poison)
    bad = await take(desk, LETTER.replace(b"lamp", b"poison").replace(b"<a@", b"<b@"))
    good = await take(desk, LETTER)
    for _ in range(TRIES * 2):
        await compose(desk, bad.id)
        await compose(desk, good.id)
        clock.advance(3600)
    failed = await again(desk, bad)
    assert (failed.state, failed.problem) == (SubmissionState.FAILED, "internal")
    assert type(fault).__name__ in failed.reason
    assert failed.wake_at is None
    assert tried == failed.attempts == TRIES
    assert (await again(desk, good)).state is SubmissionState.COMPOSED


async def test_a_message_that_failed_is_tried_again_when_it_is_given_again(
    desk: Desk, clock: StoppedClock
) -> None:
    def broken(*_: object) -> object:
        raise ValueError("odd")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing_up, "clean_message", broken)
        submission = await take(desk, LETTER)
        for _ in range(TRIES):
            await compose(desk, submission.id)
            clock.advance(3600)
    failed = await again(desk, submission)
    assert failed.state is SubmissionState.FAILED
    given = await take(desk, LETTER)
    assert given.id == submission.id
    await compose(desk, submission.id)
    mended = await again(desk, submission)
    assert mended.state is SubmissionState.COMPOSED
    assert mended.thread_id == failed.thread_id
    assert len(await posts(desk)) == 1


class KilledError(BaseException):
    """The process stops here: nothing after it is run, nothing is written."""


async def test_a_message_that_takes_its_process_with_it_is_set_aside(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> object:
        raise KilledError

    submission = await take(desk, LETTER)
    monkeypatch.setattr(writing_up, "clean_message", killed)
    for _ in range(TRIES):
        with pytest.raises(KilledError):
            await compose(desk, submission.id)
        await compose(desk, submission.id)
        assert (await again(desk, submission)).state is SubmissionState.PARSED, "still claimed"
        clock.advance(CLAIM.total_seconds())
    await compose(desk, submission.id)
    failed = await again(desk, submission)
    assert failed.state is SubmissionState.FAILED
    assert failed.reason.startswith(f"copydesk failed on it {TRIES} times: the process")


async def test_a_message_that_takes_its_process_with_it_spares_its_neighbours(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is at work when the process dies dies with it; nobody may be blamed for that."""
    write = writing_up.write_up
    dead = asyncio.Event()

    async def deadly(desk: Desk, submission: Submission, speller: Speller) -> Draft:
        assert submission.parsed is not None
        if "poison" in submission.parsed.text:
            dead.set()
            raise KilledError
        for _ in range(50):
            await asyncio.sleep(0)
        return await write(desk, submission, speller)

    monkeypatch.setattr(composing, "write_up", deadly)
    bad = await take(desk, LETTER.replace(b"lamp", b"poison").replace(b"<a@", b"<b@"))
    good = [await take(desk, LETTER.replace(b"<a@", f"<{n}@".encode())) for n in range(4)]
    for _ in range(TRIES + 1):
        dead.clear()
        process = replace(desk, company=Company())
        ids = [bad.id, *(one.id for one in good)]
        work = [asyncio.create_task(compose(process, id)) for id in ids]
        death = asyncio.ensure_future(dead.wait())
        ended = asyncio.gather(*work, return_exceptions=True)
        await asyncio.wait(
            [asyncio.ensure_future(x) for x in (death, ended)], return_when="FIRST_COMPLETED"
        )
        for task in (*work, death):
            task.cancel()
        await asyncio.wait(work)
        clock.advance(CLAIM.total_seconds())
    assert (await again(desk, bad)).state is SubmissionState.FAILED
    ends = [(await again(desk, one)) for one in good]
    assert {one.state for one in ends} == {SubmissionState.COMPOSED}
    assert max(one.attempts for one in ends) <= 2, "died once beside it, then was done alone"


async def test_a_database_that_is_away_burns_no_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone")

    submission = await take(desk, LETTER)
    monkeypatch.setattr(composing, "_read", away)
    with pytest.raises(StoreUnavailable):
        await compose(desk, submission.id)
    assert (await again(desk, submission)).attempts == 0


async def test_a_post_that_cannot_be_planned_is_held_with_the_reason(
    desk: Desk, sandbox_account: AddSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sandbox_account()
    submission = await take(desk, LETTER)
    await compose(desk, submission.id)
    post_id = (await again(desk, submission)).post_id
    assert post_id is not None
    platform = registry.load_platform("sandbox")
    with monkeypatch.context() as patch:

        def crash(*_: object) -> None:
            raise ZeroDivisionError("a bug in the spoke")

        patch.setattr(platform, "render", crash)
        await distributing.distribute(desk, post_id)
    assert await posts(desk) == [PostState.HELD]
    async with desk.store.read() as unit:
        review = await unit.reviews.newest_of(post_id)
    assert review is not None
    assert "a bug in the spoke" in review.reasons[0]
    assert await deliveries(desk) == []


# ---------------------------------------------------------------- refused inputs

BOMB = b"<html><body>" + b"<div>" * 60_000 + b"x" + b"</div>" * 60_000 + b"</body></html>"
INPUTS = {
    "empty": b"",
    "blank": b" \r\n\t\r\n",
    "nul": b"\0" * 4096,
    "binary": bytes(range(256)) * 64,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "broken mime": (
        b"From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"%%%not base64%%%"
    ),
    "wrong charset": (
        b"From: a@b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xfc\xdfe an alle\r\n"
    ),
    "bomb": BOMB,
    "only quoted": b"From: a@b\r\nSubject: Re: x\r\n\r\n> nothing of my own\r\n",
}


@pytest.mark.parametrize("name", sorted(INPUTS))
async def test_whatever_comes_in_is_kept_and_ends_readable(name: str, desk: Desk) -> None:
    raw = INPUTS[name]
    endings = {"bomb": "html", "binary": "bin", "png": "png"}
    submission = await take(desk, raw, f"{name}.{endings.get(name, 'eml')}")
    async with asyncio.timeout(60):
        await compose(desk, submission.id)
    done = await again(desk, submission)
    assert done.state in {
        SubmissionState.COMPOSED,
        SubmissionState.REFUSED,
        SubmissionState.FAILED,
    }
    if done.state is not SubmissionState.COMPOSED:
        assert done.problem not in {"", "internal"}, done.reason
        assert len(done.reason) > 10
        assert "\0" not in done.reason
    async with desk.store.read() as unit:
        assert await unit.submissions.raw(done) == raw


@pytest.mark.parametrize("name", ["empty", "blank", "nul", "binary", "png"])
async def test_what_holds_no_text_is_refused(name: str, desk: Desk) -> None:
    submission = await take(desk, INPUTS[name], "thing")
    await compose(desk, submission.id)
    assert (await again(desk, submission)).state is SubmissionState.REFUSED


async def test_fifty_megabytes_are_kept_and_refused(desk: Desk) -> None:
    if not desk.store.embedded:
        pytest.skip("once is enough")
    raw = b"From: a@b\r\nSubject: big\r\n\r\n" + b"words and more words\r\n" * 2_500_000
    submission = await take(desk, raw)
    assert submission.size == len(raw)
    await compose(desk, submission.id)
    done = await again(desk, submission)
    assert (done.state, done.problem) == (SubmissionState.REFUSED, "too_large")


async def test_only_what_is_beyond_all_measure_is_not_kept(desk: Desk) -> None:
    if not desk.store.embedded:
        pytest.skip("once is enough")
    with pytest.raises(InputRefused, match="at most"):
        await submit(desk, bytes(MAX_KEPT + 1), filename="disk.img", actor="test")


async def test_a_resting_message_is_left_alone(desk: Desk, clock: StoppedClock) -> None:
    submission = await take(desk, LETTER)
    async with desk.store.begin("test") as unit:
        await unit.submissions.begin_try(submission, unit.now + timedelta(seconds=5))
    await compose(desk, submission.id)
    assert (await again(desk, submission)).state is SubmissionState.RECEIVED
    clock.advance(5)
    await compose(desk, submission.id)
    assert (await again(desk, submission)).state is SubmissionState.COMPOSED
