"""A chat that is sent again, longer: its new messages are taken in, and nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from copydesk.core.states import SubmissionState
from copydesk.core.submission import Source, Submission
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing import composing
from copydesk.work.writing.composing import compose
from copydesk.work.writing.gathering import gather

#: What has nothing to do with the store is proved on one.
EMBEDDED = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SAID = [
    ("ann", "The projector in the reading room flickers since Tuesday."),
    ("bo", "Which one, the old or the new?"),
    ("ann", "The new one, serial 4711."),
    ("bo", "A replacement comes on Friday at 10:30."),
    ("ann", "Thank you, that is in time for the lecture."),
]


def discord(said: list[tuple[str, str]], *, edited: dict[int, str] | None = None) -> bytes:
    messages: list[dict[str, Any]] = [
        {
            "id": f"11000{n}",
            "type": "Default",
            "timestamp": f"2026-11-04T10:0{n}:00+00:00",
            "content": (edited or {}).get(n, words),
            "author": {"name": who},
        }
        for n, (who, words) in enumerate(said)
    ]
    return json.dumps({"channel": {"name": "help"}, "messages": messages}).encode()


def whatsapp(said: list[tuple[str, str]], *, edited: dict[int, str] | None = None) -> bytes:
    return "".join(
        f"[04.11.26, 10:0{n}:00] {who}: {(edited or {}).get(n, words)}\n"
        for n, (who, words) in enumerate(said)
    ).encode()


def plain(said: list[tuple[str, str]], *, edited: dict[int, str] | None = None) -> bytes:
    return "".join(
        f"{who}: {(edited or {}).get(n, words)}\n" for n, (who, words) in enumerate(said)
    ).encode()


FORMS = pytest.mark.parametrize(
    ("write", "filename"),
    [
        pytest.param(discord, "help.json", id="export"),
        pytest.param(whatsapp, "chat.txt", id="stamped"),
        pytest.param(plain, "desk.chat", id="plain"),
    ],
)


async def take(desk: Desk, raw: bytes, filename: str) -> Submission:
    submission = (
        await submit(desk, raw, filename=filename, source=Source.CHAT, actor="test")
    ).submission
    await compose(desk, submission.id)
    async with desk.store.read() as unit:
        return await unit.submissions.get(submission.id)


def reply(submission: Submission) -> str:
    assert submission.parsed is not None, submission.reason
    return submission.parsed.reply


@FORMS
async def test_only_what_is_new_is_taken_and_the_rest_is_what_it_answers(
    desk: Desk, write: Any, filename: str
) -> None:
    first = await take(desk, write(SAID[:4]), filename)
    second = await take(desk, write(SAID), filename)
    assert reply(second).strip() == SAID[4][1]
    assert second.parsed is not None
    assert f"taken in before, as {first.id}" in second.parsed.notes[-1]
    assert not second.parsed.doubts
    second.parsed.check_tiling()
    assert second.thread_id == first.thread_id
    said = "\n".join(each.text for each in await gather(desk, second))
    assert all(words in said for _, words in SAID[:4])
    third = await take(desk, write([*SAID, ("bo", "The old one goes to the archive.")]), filename)
    assert reply(third).strip() == "The old one goes to the archive."


@FORMS
@EMBEDDED
async def test_an_edited_message_is_new_and_waits_for_a_person(
    desk: Desk, write: Any, filename: str
) -> None:
    said = [*SAID, ("bo", "Good."), ("ann", "See you.")]
    await take(desk, write(said[:6]), filename)
    second = await take(
        desk, write(said, edited={3: "A replacement comes on Monday at 9:00."}), filename
    )
    assert "Monday at 9:00" in reply(second)
    assert "See you." in reply(second)
    assert SAID[0][1] not in reply(second)
    assert second.parsed is not None
    assert second.parsed.doubts


@EMBEDDED
async def test_what_was_deleted_meanwhile_is_said(desk: Desk) -> None:
    await take(desk, discord(SAID[:4]), "help.json")
    whole = json.loads(discord(SAID))
    del whole["messages"][1]
    second = await take(desk, json.dumps(whole).encode(), "help.json")
    assert reply(second).strip() == SAID[4][1]
    assert second.parsed is not None
    assert "no longer in this chat" in second.parsed.doubts[0]


@EMBEDDED
async def test_a_chat_we_have_whole_ends_in_words(desk: Desk) -> None:
    first = await take(desk, discord(SAID), "help.json")
    again = await take(desk, discord(SAID) + b"\n", "help (1).json")
    assert (again.state, again.problem) == (SubmissionState.REFUSED, "nothing_new")
    assert first.id in again.reason


async def test_what_we_failed_on_is_had_by_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as broken:
        broken.setattr(composing, "TRIES", 1)
        broken.setattr(composing, "write_up", fail)
        first = await take(desk, discord(SAID[:4]), "help.json")
    assert first.state is SubmissionState.FAILED
    second = await take(desk, discord(SAID), "help.json")
    assert all(words in reply(second) for _, words in SAID)


@EMBEDDED
async def test_another_chat_that_begins_alike_is_another(desk: Desk) -> None:
    greeting = [("ann", "Hello."), ("bo", "Hello, what can I do?")]
    said = [*greeting, ("ann", "When do you open?"), ("bo", "At nine.")]
    other = [*greeting, ("ann", "My card is blocked."), ("bo", "Since when?"), ("ann", "Monday.")]
    first = await take(desk, plain(said), "a.chat")
    second = await take(desk, plain(other), "b.chat")
    assert reply(second).startswith("Hello.")
    assert second.thread_id != first.thread_id


@EMBEDDED
async def test_ids_that_count_from_one_in_every_chat_prove_nothing(desk: Desk) -> None:
    def telegram(words: list[str]) -> bytes:
        return json.dumps(
            {
                "name": "chat",
                "messages": [
                    {"id": n, "type": "message", "from": "ann", "text": text}
                    for n, text in enumerate(words, start=1)
                ],
            }
        ).encode()

    await take(desk, telegram(["The lamp is broken.", "Please send somebody."]), "a.json")
    second = await take(desk, telegram(["The door is broken.", "Please send somebody."]), "b.json")
    assert reply(second) == "The door is broken.\nPlease send somebody."


async def test_a_conversation_of_a_log_that_goes_on_is_known_again(desk: Desk) -> None:
    log = json.loads(discord([*SAID, ("cy", "Different question: is the pool open on Sunday?")]))
    log["messages"][5]["reference"] = None
    for n, message in enumerate(log["messages"][:5]):
        if n:
            message["reference"] = {"messageId": f"11000{n - 1}"}
    first = await take(desk, json.dumps(log).encode(), "help.json")
    more = dict(log["messages"][4], id="119", timestamp="2026-11-04T11:00:00+00:00")
    more |= {"content": "It works again.", "reference": {"messageId": "110004"}}
    grown = await take(
        desk, json.dumps({**log, "messages": [*log["messages"], more]}).encode(), "help.json"
    )
    async with desk.store.read() as unit:
        before = await unit.submissions.parts(first.id)
        after = await unit.submissions.parts(grown.id)
    if first.state is SubmissionState.UNPACKED:
        for id in (*before, *after):
            await compose(desk, id)
        assert len(after) == 1
        async with desk.store.read() as unit:
            grown = await unit.submissions.get(after[0])
    assert reply(grown).strip() == "It works again."
