"""Chats: who said what, in every common shape; nothing a person wrote is lost."""

from __future__ import annotations

import json

import pytest

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage
from copydesk.intake.chat import parse_chat
from copydesk.intake.speakers import is_bot
from copydesk.intake.transcripts import is_transcript


def said(message: ParsedMessage) -> list[tuple[str, str]]:
    message.check_tiling()
    spans = [(s.speaker, message.text[s.start : s.end].strip()) for s in message.segments if s.kept]
    return [(speaker, text) for speaker, text in spans if text]


EXPECTED = [("ann", "hi, it broke"), ("bob", "which one?"), ("ann", "the big one: really")]


@pytest.mark.parametrize(
    "log",
    [
        "[10:02] ann: hi, it broke\n[10:03] bob: which one?\n[10:04] ann: the big one: really\n",
        "<ann> hi, it broke\n<bob> which one?\n<ann> the big one: really",
        "[2026-11-04 10:02:11] <ann> hi, it broke\n[2026-11-04 10:02:12] <@bob> which one?\n"
        "[2026-11-04 10:02:15] <ann> the big one: really\n",
        "room 2026-11-04 [10:02:11] <ann>\t hi, it broke\n"
        "room 2026-11-04 [10:02] <bob> which one?\n"
        "room 2026-11-04 [10:02] <ann> the big one: really\n",
        "ann: hi, it broke\nbob: which one?\nann: the big one: really\nbob: hm\n",
        "04.11.26, 10:02 - ann: hi, it broke\n04.11.26, 10:03 - bob: which one?\n"
        "04.11.26, 10:03 - ann: the big one: really",
        "ann 10:02 AM\nhi, it broke\nbob 10:03 AM\nwhich one?\nann 10:04 AM\nthe big one: really\n"
        "bob 10:05 AM\nhm\n",
        "10:02 ann: hi, it broke\n10:03 bob: which one?\n10:04 ann: the big one: really\n"
        "10:05 bob: hm\n",
    ],
)
def test_transcripts(log: str) -> None:
    found = said(parse_chat(log.encode()))
    assert found[:3] == EXPECTED
    assert is_transcript(log)


@pytest.mark.parametrize(
    "export",
    [
        [["ann", "hi, it broke"], ["bob", "which one?"], ["ann", "the big one: really"]],
        {"messages": [{"user": u, "text": t, "ts": f"17623{n:05}.000100"} for n, (u, t) in
                      enumerate(EXPECTED)]},
        {"channel": {"name": "help"}, "messages": [
            {"id": str(n), "timestamp": "2026-11-04T10:02:11+00:00", "content": t,
             "author": {"name": u + "_1", "nickname": u, "isBot": False}}
            for n, (u, t) in enumerate(EXPECTED)]},
        {"original": [[u, t] for u, t in EXPECTED], "convo_id": 7},
    ],
)  # fmt: skip
def test_exports(export: str) -> None:
    message = parse_chat(json.dumps(export).encode())
    assert said(message) == EXPECTED
    assert message.author == "ann"
    assert message.thread.participants == ("ann", "bob")


def test_what_no_person_wrote_is_dropped_with_a_reason() -> None:
    log = (
        "[10:01] -!- ann has joined #help\n[10:02] <ann> hi\n[10:02] <DeployBot> done\n"
        "[10:03] * ann waves\n[10:04] <bob> joined the wrong room lol\n"
        "[10:05] bob is now known as rob\n"
    )
    message = parse_chat(log.encode())
    assert said(message) == [
        ("ann", "hi"), ("ann", "ann waves"), ("bob", "joined the wrong room lol"),
    ]  # fmt: skip
    assert "ann, bob" in message.meta["speakers"]


def test_lines_without_a_label_go_with_the_speaker_and_notes_are_no_people() -> None:
    log = (
        "ann: steps:\n10:30 Berlin: change trains\nNote: bring water\nbob: ok\nann: yes\nbob: ty\n"
    )
    found = said(parse_chat(log.encode()))
    assert found[0][0] == "ann"
    text = " ".join(words for _, words in found)
    assert "10:30 Berlin: change trains" in text
    assert "Note: bring water" in text


def test_html_tags_and_arrows_are_not_labels() -> None:
    log = (
        "ann: it says\n<div>\n--> error 5\n*** please help ***\n<div>\nbob: hm\nann: yes\nbob: ok\n"
    )
    text = " ".join(words for _, words in said(parse_chat(log.encode())))
    assert text.count("<div>") == 2
    assert "--> error 5" in text
    assert "*** please help ***" in text


def test_code_in_a_transcript_keeps_its_lines_unless_somebody_speaks_inside() -> None:
    log = "ann: look\n```\nbob: 5\nx: 6\n```\nbob: ok\nann: yes\nbob: no\n"
    found = parse_chat(log.encode())
    assert "bob: no" not in found.reply
    assert "x: 6" in found.reply


def test_roles_name_the_customer_as_author() -> None:
    message = parse_chat(b"System: opened\nAgent: hello\nCustomer: my desk broke\nSystem: closed\n")
    assert message.author == "Customer"
    kept = [s.speaker for s in message.segments if s.kept and s.speaker]
    assert kept == ["Agent", "Customer"]


def test_a_label_that_occurs_once_may_be_a_persons_own_word() -> None:
    message = parse_chat(b"Agent: which one?\nCustomer: this\nSystem: Windows 11\nAction: help\n")
    assert "System: Windows 11" in message.reply
    assert "Action: help" in message.reply


def test_a_single_message_needs_no_label() -> None:
    assert said(parse_chat(b"hey can you help, it broke")) == [("", "hey can you help, it broke")]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b'{"messages": []}', "bad_json"), (b'[{"x": 1}]', "bad_json"), (b"[{]", "bad_json"),
     (b"[10:01] -!- ann has joined #help\n[10:02] <DeployBot> done\n", "no_text")],
)  # fmt: skip
def test_refusals(raw: bytes, problem: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_chat(raw, filename="x.json" if problem == "bad_json" else "x.txt")
    assert refused.value.problem == problem


@pytest.mark.parametrize("name", ["talbot", "Abbot", "elbot", "botond", "Robot Girl"])
def test_people_are_not_bots(name: str) -> None:
    assert not is_bot(name)


@pytest.mark.parametrize(
    "name", ["MootBot", "wm-bot", "help_bot", "bot", "slackbot", "deploy (bot)"]
)
def test_bots_are_bots(name: str) -> None:
    assert is_bot(name)
