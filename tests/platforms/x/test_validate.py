"""What X would refuse is said before it is asked, with what can be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Media
from copydesk.platforms.x import PLATFORM
from copydesk.testing.samples import sample_case
from tests.platforms.x.desk import film, payload, picture

ACCOUNT = sample_case("x").account


def account(**settings: str) -> Account:
    return replace(ACCOUNT, settings={**ACCOUNT.settings, **settings})


def judged(given: dict[str, Any], *media: Media, **settings: str) -> list[Finding]:
    rendition = Rendition(payload=given, text="", media=media)
    return PLATFORM.validate(rendition, account(**settings))


def errors(given: dict[str, Any], *media: Media, **settings: str) -> list[str]:
    found = judged(given, *media, **settings)
    assert all(f.remedy and f.field and f.message for f in found)
    return [f.code for f in found if f.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 280, True),
        ("a" * 281, False),
        ("日" * 140, True),
        ("日" * 141, False),
        ("👨‍👩‍👧‍👦" * 140, True),
        (f"{'a' * 257}https://example.org/{'x' * 300}", False),
        (f"{'a' * 256} https://example.org/{'x' * 300}", True),
        (f"{'a' * 257} https://example.org", False),
    ],
)
def test_280_characters_as_x_counts_them(text: str, fits: bool) -> None:
    assert (errors(payload(text)) == []) is fits


def test_premium_accounts_write_long_posts() -> None:
    long = "A sentence. " * 500
    assert errors(payload(long)) == ["text_too_long"]
    assert errors(payload(long), premium="yes") == []
    assert errors(payload("a" * 25_001), premium="yes") == ["text_too_long"]


def test_too_long_names_the_choices_and_the_part() -> None:
    found = judged(payload("One.", "a" * 281))
    (finding,) = [f for f in found if f.code == "text_too_long"]
    assert finding.field == "part 2"
    for choice in ("x.form: thread", "x.text", "summary", "shorten"):
        assert choice in finding.remedy


def test_nothing_to_say_is_refused_unless_a_file_says_it() -> None:
    assert errors(payload("")) == ["empty"]
    assert errors(payload("One.", "  ")) == ["empty"]
    assert errors(payload("", media=[[picture()]]), picture()) == []


@pytest.mark.parametrize("text", ["Buy $DESK and $PAPER", "$A $B"])
def test_one_cashtag_on_self_serve_plans(text: str) -> None:
    assert errors(payload(text)) == ["cashtags_too_many"]
    assert errors(payload(text), plan="enterprise") == []


@pytest.mark.parametrize("text", ["$DESK is up", "It costs $20 or $30", "${A} ${B} us$er a$b"])
def test_amounts_are_no_cashtags(text: str) -> None:
    assert errors(payload(text)) == []


def test_characters_x_takes_nowhere() -> None:
    assert errors(payload("\ufeffHello")) == ["characters_invalid"]


def test_a_thread_warns_that_it_may_stop() -> None:
    codes = {f.code: f for f in judged(payload("One.", "Two."))}
    assert codes["thread_may_stop"].severity is Severity.WARNING
    assert not judged(payload("One.", "Two."), plan="enterprise")


def test_a_thread_has_an_end_and_does_not_repeat_itself() -> None:
    assert errors(payload(*(f"Part {n}." for n in range(26)))) == ["parts_too_many"]
    assert errors(payload(*(f"Part {n}." for n in range(25)))) == []
    assert errors(payload("Same.", "Other.", "Same. ")) == ["parts_repeated"]


def test_choices_x_does_not_have() -> None:
    given = payload("Hello.", form="carousel", reply_settings="friends")
    assert errors(given) == ["form_unknown", "reply_settings_unknown"]


@pytest.mark.parametrize(
    "poll",
    [
        {"options": ["Yes"], "duration_minutes": 60},
        {"options": ["Yes", "No", "a", "b", "c"], "duration_minutes": 60},
        {"options": ["Yes", "x" * 26], "duration_minutes": 60},
        {"options": ["Yes", ""], "duration_minutes": 60},
        {"options": ["Yes", "No"], "duration_minutes": 4},
        {"options": ["Yes", "No"], "duration_minutes": 10_081},
        {"options": ["Yes", "No"], "duration_minutes": True},
        {"options": ["Yes", "No"]},
        "Yes or no?",
        [],
    ],
)
def test_polls_that_are_none(poll: Any) -> None:
    assert set(errors(payload("Open?", poll=poll))) == {"poll_invalid"}


def test_a_poll_is_fine_but_not_with_files() -> None:
    poll = {"options": ["Yes", "No"], "duration_minutes": 60}
    assert errors(payload("Open?", poll=poll)) == []
    found = errors(payload("Open?", poll=poll, media=[[picture()]]), picture())
    assert found == ["poll_invalid"]


def test_files_that_go_together() -> None:
    four = [picture(f"{n}.png") for n in range(4)]
    assert errors(payload("Four.", media=[four]), *four) == []
    five = [*four, picture("5.png")]
    assert errors(payload("Five.", media=[five]), *five) == ["media_too_many"]
    mixed = [film(), picture()]
    assert errors(payload("Both.", media=[mixed]), *mixed) == ["media_mixed"]
    two = [film(), film("wave.gif", size=5)]
    assert errors(payload("Films.", media=[two]), *two) == ["media_mixed"]


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (film(size=512_000_001), "media_too_large"),
        (film("wave.gif", size=15_000_001), "media_too_large"),
        (replace(film(), content_type="video/webm"), "media_type"),
        (replace(film(), content_type="audio/mpeg"), "media_type"),
        (replace(picture(), content_type="image/svg+xml"), "media_unfit"),
        (picture(alt="a" * 1001), "alt_too_long"),
    ],
)
def test_files_x_does_not_take(media: Media, code: str) -> None:
    assert errors(payload("File.", media=[[media]]), media) == [code]


def test_a_gif_that_may_fail_is_warned_about() -> None:
    large = replace(film("wave.gif", size=5), width=1281, height=700)
    found = judged(payload("Wave.", media=[[large]]), large)
    assert [(f.code, f.severity) for f in found] == [("gif_large", Severity.WARNING)]
    fitting = replace(large, width=1280)
    assert judged(payload("Wave.", media=[[fitting]]), fitting) == []


def test_a_file_nobody_described_is_warned_about() -> None:
    silent = picture(alt="")
    found = judged(payload("File.", media=[[silent]]), silent)
    assert [(f.code, f.severity) for f in found] == [("alt_missing", Severity.WARNING)]


@pytest.mark.parametrize("text", ["See https://example.org", "See example.org"])
def test_a_link_is_told_with_its_price(text: str) -> None:
    (note,) = judged(payload(text))
    assert (note.code, note.severity) == ("link_costs", Severity.NOTE)
    assert "$0.20" in note.message
    thread = {f.code: f for f in judged(payload(text, "Two."))}
    assert "$0.215" in thread["link_costs"].message
