"""What mail programs write around a reply, program by program and language by language."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.intake.segmentation import segment_mail

OWN = "Thanks, that worked for me.\nSee you on Friday then."

PROGRAMS = tomllib.loads(Path(__file__).with_name("mail_programs.toml").read_text(encoding="utf-8"))
ATTRIBUTIONS: dict[str, str] = PROGRAMS["attributions"]
HEADERS: dict[str, list[str]] = PROGRAMS["headers"]
DEVICES: list[str] = PROGRAMS["devices"]["lines"]
NOTICES: dict[str, str] = PROGRAMS["notices"]


def reply(text: str) -> str:
    found = segment_mail(text)
    return "".join(text[s.start : s.end] for s in found.segments if s.kept).strip("\n")


def wrapped(line: str) -> str:
    """The line as programs wrap it: in two, before the address if it has one."""
    at = line.find("<")
    at = at if at > 0 else line.find(" ", len(line) // 2)
    return f"{line[:at].rstrip()}\n{line[at:].lstrip()}"


@pytest.mark.parametrize("program", sorted(ATTRIBUTIONS))
@pytest.mark.parametrize("quote", ["> We sent it on Monday.\n> Jane\n", "We sent it.\nJane\n"])
def test_what_an_attribution_introduces_is_history(program: str, quote: str) -> None:
    assert reply(f"{OWN}\n\n{ATTRIBUTIONS[program]}\n\n{quote}") == OWN


@pytest.mark.parametrize("program", sorted(ATTRIBUTIONS))
def test_an_attribution_over_two_lines_introduces_a_quote_too(program: str) -> None:
    line = wrapped(ATTRIBUTIONS[program])
    assert reply(f"{OWN}\n\n{line}\n\n> We sent it on Monday.\n> Jane\n") == OWN


@pytest.mark.parametrize("program", sorted(ATTRIBUTIONS))
def test_a_reply_below_the_quote_is_kept_whole(program: str) -> None:
    assert reply(f"{ATTRIBUTIONS[program]}\n> We sent it.\n> Jane\n\n{OWN}\n") == OWN


@pytest.mark.parametrize("language", sorted(HEADERS))
@pytest.mark.parametrize("bold", ["", "*", "**"])
@pytest.mark.parametrize("rule", ["", "________________________________\n"])
def test_a_header_block_begins_history(language: str, bold: str, rule: str) -> None:
    values = ("Jane Doe <jane@mail.example>", "2026-01-05 10:15", "Bob <bob@mail.example>",
              "X <x@mail.example>", "RE: order")  # fmt: skip
    block = "\n".join(
        f"{bold}{n}:{bold} {v}" for n, v in zip(HEADERS[language], values, strict=True)
    )
    assert reply(f"{OWN}\n\n{rule}{block}\n\n1. We sent it.\n2. Again.\n") == OWN


@pytest.mark.parametrize("language", sorted(HEADERS))
def test_a_header_block_without_addresses_has_a_subject_and_a_day(language: str) -> None:
    values = ("Jane Doe", "Monday, 5 January 2026 10:15", "Bob", "Ann; Carl", "RE: order")
    block = "\n".join(f"{n}: {v}" for n, v in zip(HEADERS[language], values, strict=True))
    assert reply(f"{OWN}\n\n{block}\n\nWe sent it.\n") == OWN


def test_a_long_list_of_addressees_may_be_wrapped() -> None:
    many = ";\n".join(f"Person {n} <p{n}@mail.example>" for n in range(9))
    block = f"From: Jane\nSent: 5 January 2026 10:15\nTo: {many}\nSubject: RE: order"
    assert reply(f"{OWN}\n\n{block}\n\nWe sent it.\n") == OWN


@pytest.mark.parametrize("line", DEVICES)
def test_a_device_line_is_no_text(line: str) -> None:
    assert reply(f"{OWN}\n\n{line}\n") == OWN
    assert reply(f"{OWN}\n\n{line}\n\n{ATTRIBUTIONS['en']}\n\n> We sent it.\n") == OWN


@pytest.mark.parametrize("language", sorted(NOTICES))
def test_a_legal_notice_is_no_text(language: str) -> None:
    assert reply(f"{OWN}\n\n{NOTICES[language]}\n") == OWN


@pytest.mark.parametrize(
    "footer",
    [
        "You are receiving this email because you signed up.\nUnsubscribe: https://x.example/u",
        "Sie erhalten diese E-Mail, weil Sie sich angemeldet haben.",
        "To unsubscribe from this group and stop receiving emails from it, write to u@x.example",
        "Um den Newsletter abzubestellen, klicken Sie hier: https://x.example",
        "Se désabonner : https://x.example/u",
        "退订 https://x.example/u",
        "配信停止はこちら https://x.example",
        "Unsubscribe | Manage preferences | View in browser",
    ],
)
def test_what_a_list_adds_is_no_text(footer: str) -> None:
    assert reply(f"{OWN}\n\n{footer}\n") == OWN


@pytest.mark.parametrize(
    "line",
    [
        "##- Please type your reply above this line -##",
        "--- Please reply above this line ---",
        "## Bitte antworten Sie oberhalb dieser Zeile ##",
    ],
)
def test_nothing_below_a_help_desk_line_is_new(line: str) -> None:
    assert reply(f"{OWN}\n\n{line}\n\nYour ticket was updated.\n") == OWN


@pytest.mark.parametrize(
    "last",
    [
        "Sent from my desk, is much easier then my mobile phone.",
        "I use Outlook for iOS.",
        "Get Outlook working again please",
        "To unsubscribe I clicked the link three times.",
        "Please delete the confidential message you sent, the recipient was wrong.",
        "The message is confidential, so please notify only the addressee.",
        "I got a confidential e-mail that was not for me. The intended recipient is my colleague "
        "Bob and I will delete the message now; please send it to him again tomorrow.",
        "Please view this in your browser and tell me what you see.",
        "Write to Jane <jane@mail.example> at 10:15 if it fails.",
        "From: Berlin\nTo: Paris\nDate: 5 May",
    ],
)
def test_what_an_author_says_about_such_things_is_kept(last: str) -> None:
    assert reply(f"{OWN}\n\n{last}\n") == f"{OWN}\n\n{last}"


def test_a_newsletters_link_to_itself_is_no_text() -> None:
    link = "[View in browser](https://x.example/v)"
    assert reply(f"{link}\n\nWe launch a pump.\n") == "We launch a pump."


VOCABULARY = (
    "the pump order arrived on Monday with two parts and a note so please send Anna one more "
    "valve before Friday or call me back about price from here to there wrote sent date"
)
WORDS = st.sampled_from(VOCABULARY.split())
SENTENCES = st.lists(WORDS, min_size=3, max_size=12).map(lambda words: f"{' '.join(words)}.")
AROUND = st.sampled_from(
    [
        *(f"{line}\n\n> We sent it.\n" for line in ATTRIBUTIONS.values()),
        *(f"\n{line}\n" for line in DEVICES[:20]),
        *(f"\n{notice}\n" for notice in NOTICES.values()),
        "-- \nAnn Lee\n",
        "",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=4), AROUND, AROUND)
def test_whatever_a_program_adds_no_authored_sentence_is_lost(
    sentences: list[str], above: str, below: str
) -> None:
    text = f"{above}\n\n{chr(10).join(sentences)}\n\n{below}"
    found = reply(text)
    assert [sentence for sentence in sentences if sentence not in found] == []
