"""A file that holds several messages becomes as many submissions, once, whatever happens midway."""

from __future__ import annotations

import json

import pytest

from copydesk.core.errors import StoreUnavailable
from copydesk.core.states import SubmissionState
from copydesk.core.submission import Submission
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming import unpacking
from copydesk.work.incoming.submitting import keep, submit
from copydesk.work.writing.composing import CLAIM, compose

EXPORT = b"id,name,message\n1,ann,The lamp flickers.\n2,bob,The desk is too high.\n"
LOG = """[2026-11-04 10:02] <mika> hi, does anyone else see the csv export cut off at 500 rows?
[2026-11-04 10:03] <oskar> mika: which version? we fixed that in 4.1
[2026-11-04 10:04] <lena> hello, different question: is dark mode coming back this year?
[2026-11-04 10:05] <mika> oskar: 4.2.1, self hosted
[2026-11-04 10:06] <buildbot> deployed to staging
[2026-11-04 10:06] <oskar> lena: it is under Settings since 4.2
[2026-11-04 10:07] <lena> oskar: found it, thanks
[2026-11-04 10:08] <oskar> mika: then set EXPORT_PAGE_LIMIT to 0
"""


async def take(desk: Desk, raw: bytes, filename: str) -> Submission:
    return (await submit(desk, raw, filename=filename, actor="test")).submission


async def parts_of(desk: Desk, submission: Submission) -> list[Submission]:
    async with desk.store.read() as unit:
        ids = await unit.submissions.parts(submission.id)
        return [await unit.submissions.get(id) for id in ids]


async def again(desk: Desk, submission: Submission) -> Submission:
    async with desk.store.read() as unit:
        return await unit.submissions.get(submission.id)


async def test_rows_go_their_own_ways(desk: Desk) -> None:
    broken = EXPORT + b'3,cy,"not "closed\n4,di,All is well.\n'
    file = await take(desk, broken, "export.csv")
    await compose(desk, file.id)
    file = await again(desk, file)
    assert (file.state, file.wake_at) == (SubmissionState.UNPACKED, None)
    assert file.reason == "4 rows: 4 new, 0 here already"
    parts = await parts_of(desk, file)
    for part in parts:
        assert part.parent_id == file.id
        await compose(desk, part.id)
    states = [(await again(desk, part)).state for part in parts]
    assert states.count(SubmissionState.COMPOSED) == 3
    assert states.count(SubmissionState.REFUSED) == 1
    texts = [(await again(desk, part)).parsed for part in parts]
    assert {text.reply for text in texts if text} == {
        "The lamp flickers.", "The desk is too high.", "All is well.",
    }  # fmt: skip
    async with desk.store.read() as unit:
        assert await unit.submissions.raw(file) == broken


async def test_a_grown_export_adds_the_new_rows_only(desk: Desk) -> None:
    first = await take(desk, EXPORT, "export.csv")
    await compose(desk, first.id)
    grown = await take(desk, EXPORT + b"3,cy,Thank you.\n", "export (1).csv")
    await compose(desk, grown.id)
    assert (await again(desk, grown)).reason == "3 rows: 1 new, 2 here already"
    assert len(await parts_of(desk, grown)) == 1
    alone = b"id,name,message\n1,ann,The lamp flickers.\n"
    assert not (await submit(desk, alone, filename="x.csv", actor="test")).is_new


async def test_killed_midway_nothing_is_lost_or_doubled(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await take(desk, EXPORT, "export.csv")
    with monkeypatch.context() as patch:
        patch.setattr(unpacking, "_BATCH", 1)
        calls: list[int] = []

        async def dies(*args: object, **more: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise StoreUnavailable("gone")
            return await keep(*args, **more)  # type: ignore[arg-type]

        patch.setattr(unpacking, "keep", dies)
        with pytest.raises(StoreUnavailable):
            await compose(desk, file.id)
    assert (await again(desk, file)).state is SubmissionState.RECEIVED
    assert len(await parts_of(desk, file)) == 1
    clock.advance(CLAIM.total_seconds())
    await compose(desk, file.id)
    assert (await again(desk, file)).reason == "2 rows: 1 new, 1 here already"
    assert len(await parts_of(desk, file)) == 2


async def test_a_log_of_several_conversations_is_parted(desk: Desk) -> None:
    file = await take(desk, LOG.encode(), "help.irc")
    await compose(desk, file.id)
    file = await again(desk, file)
    assert file.state is SubmissionState.UNPACKED, file.reason
    assert file.reason.startswith("2 conversations: 2 new")
    found = []
    for part in await parts_of(desk, file):
        await compose(desk, part.id)
        parsed = (await again(desk, part)).parsed
        assert parsed is not None
        found.append((set(parsed.thread.participants), parsed.reply))
        assert parsed.thread.conversations == 1
        assert all(turn.why for turn in parsed.thread.turns)
    found.sort(key=lambda entry: "dark mode" in entry[1])
    assert [people for people, _ in found] == [{"mika", "oskar"}, {"lena", "oskar"}]
    assert "EXPORT_PAGE_LIMIT" in found[0][1]
    assert "deployed" not in found[0][1] + found[1][1]


async def test_a_feed_is_one_thread_of_an_author(desk: Desk) -> None:
    items = [
        {"id": str(n), "content_text": f"Entry {n} is about lamps.", "authors": [{"name": "Bo"}]}
        for n in range(3)
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Lamps",
            "feed_url": "https://lamps.example/feed", "items": items}  # fmt: skip
    file = await take(desk, json.dumps(feed).encode(), "feed.json")
    await compose(desk, file.id)
    parts = await parts_of(desk, file)
    for part in parts:
        await compose(desk, part.id)
    threads = {(await again(desk, part)).thread_id for part in parts}
    assert len(parts) == 3
    assert len(threads) == 1
