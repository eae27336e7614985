"""What was said before in a thread: the newest, in order, and by whom."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from copydesk.core.submission import Submission
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from copydesk.work.writing.gathering import gather


async def mail(desk: Desk, clock: StoppedClock, number: int) -> Submission:
    clock.advance(60)
    earlier = f"In-Reply-To: <m{number - 1}@example.org>\n" if number else ""
    references = f"References: <m0@example.org> <m{number - 1}@example.org>\n" if number else ""
    raw = (
        f"From: Ana Vogel <ana@example.org>\nTo: desk@example.org\nSubject: Lamp\n"
        f"Message-ID: <m{number}@example.org>\n{earlier}{references}\nThis is message {number}.\n"
    )
    done = await submit(desk, raw.encode(), filename="m.eml", actor="test")
    await compose(desk, done.submission.id)
    async with desk.store.read() as unit:
        return await unit.submissions.get(done.submission.id)


async def test_the_newest_messages_are_shown_and_the_others_counted(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copydesk.work.writing.gathering.MOST", 3)
    *_, third = [await mail(desk, clock, number) for number in range(3)]
    texts = [message.text for message in await gather(desk, third)]
    assert texts == ["This is message 0.", "This is message 1."]
    *_, last = [await mail(desk, clock, number) for number in range(3, 6)]
    first, *said = await gather(desk, last)
    assert first.text == "[2 messages before these are not shown]"
    assert [message.text for message in said] == [
        f"This is message {number}." for number in range(2, 5)
    ]
    assert {message.author for message in said} == {"Ana Vogel"}


async def test_a_message_alone_has_nothing_before_it(desk: Desk, clock: StoppedClock) -> None:
    assert await gather(desk, await mail(desk, clock, 0)) == ()


async def test_who_says_what_in_an_earlier_chat_is_kept(desk: Desk, clock: StoppedClock) -> None:
    log = [
        {"type": "message", "user": "ana", "text": "is the lamp back?", "ts": "1763800000.000100"},
        {"type": "message", "user": "ben", "text": "on Monday.", "ts": "1763800060.000200"},
    ]
    done = await submit(desk, json.dumps(log).encode(), filename="general.json", actor="test")
    await compose(desk, done.submission.id)
    async with desk.store.read() as unit:
        chat = await unit.submissions.get(done.submission.id)
    assert chat.parsed is not None
    later = replace(chat, id="sub_zzzzzzzzzzzzzzzzzzzzzzzzzz")
    assert chat.thread_id
    (message,) = await gather(desk, later)
    assert "ana: is the lamp back?" in message.text
    assert "ben: on Monday." in message.text
