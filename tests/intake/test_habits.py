"""Habits of people and programs at the edges of forms and chats: no word of theirs is lost."""

from __future__ import annotations

import json

import pytest

from copydesk.core.submission import Source
from copydesk.intake.bundles import Bundle
from copydesk.intake.reading import read


def words_of(raw: str | bytes, filename: str) -> str:
    """Return what authors say in an input, message by message."""
    found = read(raw.encode() if isinstance(raw, str) else raw, filename=filename)
    if not isinstance(found, Bundle):
        return found.reply
    parts = [read(each.raw, filename=each.filename, source=each.source) for each in found.pieces]
    return "\n".join("" if isinstance(part, Bundle) else part.reply for part in parts)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(
            "Ann,The pool opens at nine and closes at ten.\nBo,The library is shut, says Cy.\n",
            ["The pool opens at nine and closes at ten.", "The library is shut, says Cy."],
            id="no header, but sentences",
        ),
        pytest.param(
            "Export of 3 Nov 2026\n\nid,message\n1,The pool leaks.\n2,It is mended.\n",
            ["The pool leaks.", "It is mended."],
            id="a line above the header",
        ),
        pytest.param(
            'id,message\n1,"He said \\"no\\", to it"\n2,"Fine"\n',
            ['He said "no", to it', "Fine"],
            id="quotes escaped as programs do",
        ),
        pytest.param(
            "名前,メッセージ\nアン,プールは9時に開きます\nボブ,はい\n",
            ["プールは9時に開きます", "はい"],
            id="Japanese",
        ),
        pytest.param(
            "message\nHello, world of pools\nBye, world of pools\n",
            ["Hello, world of pools", "Bye, world of pools"],
            id="one column with commas",
        ),
    ],
)
def test_tables(raw: str, said: list[str]) -> None:
    found = words_of(raw, "export.csv")
    assert all(each in found for each in said), found


def test_a_question_above_the_answers_is_a_header() -> None:
    raw = "Your name?,What went wrong with the lamp in May?\nAnn,It flickers at night.\n"
    found = read(raw.encode(), filename="survey.csv")
    assert not isinstance(found, Bundle)
    assert found.reply == "It flickers at night."


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("[Update] The pool opens at nine again.\nPlease print that.\n", Source.COMMUNITY),
        ("{name} is what your mail called me.\n", Source.COMMUNITY),
        ('{"message": "cut off her', Source.FORM),
        ('[{"message": "cut off her', Source.FORM),
    ],
)
def test_a_bracket_at_the_beginning_is_not_yet_json(text: str, source: Source) -> None:
    if source is Source.FORM:
        with pytest.raises(ValueError, match="JSON"):
            words_of(text, "note.txt")
    else:
        assert words_of(text, "note.txt") == text.strip()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[4/11/2026, 10:00:00 ص]", "[4/11/2026, 10:01:00 م]"),
        ("[2026/11/4 上午10:00:00]", "[2026/11/4 下午10:01:00]"),
        ("[2026. 11. 4. 오전 10:00:00]", "[2026. 11. 4. 오후 10:01:00]"),
        ("[4/11/26, 10:00:00 a. m.]", "[4/11/26, 10:01:00 p. m.]"),
        ("[4/11/26, 10:00:00 π.μ.]", "[4/11/26, 10:01:00 μ.μ.]"),
    ],
    ids=["ar", "zh", "ko", "es", "el"],
)
def test_telephones_name_the_halves_of_the_day_in_their_own_way(first: str, second: str) -> None:
    log = f"{first} Ann: The pool leaks\n{second} Bo: Where: left?\n{second} Ann: Yes\n"
    found = read(log.encode(), filename="chat.txt")
    assert not isinstance(found, Bundle)
    assert found.thread.participants == ("Ann", "Bo")
    assert found.reply.split("\n") == ["The pool leaks", "Where: left?", "Yes"]


def test_cards_and_polls_say_something_too_and_previews_do_not() -> None:
    link = "https://a.example/manual"
    discord = {
        "channel": {"name": "help"},
        "messages": [
            {"id": "1", "content": f"See {link}", "author": {"name": "ann"},
             "embeds": [{"url": link, "title": "Somebody else's words"}]},
            {"id": "2", "content": "", "author": {"name": "bo"},
             "embeds": [{"title": "Plan", "description": "Open in May",
                         "fields": [{"name": "Day", "value": "Friday"}]}]},
        ],
    }  # fmt: skip
    found = words_of(json.dumps(discord), "help.json")
    assert "Somebody else" not in found
    assert "Plan\nOpen in May\nDay: Friday" in found
    poll = {"question": "When do we meet?", "answers": [{"text": "Monday"}, {"text": "Friday"}]}
    telegram = {"messages": [{"id": 1, "from": "Ann", "text": "", "poll": poll},
                             {"id": 2, "from": "Bo", "text": "Friday"}]}  # fmt: skip
    assert "When do we meet?\n- Monday\n- Friday" in words_of(json.dumps(telegram), "r.json")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("A poem:\n\n-- \nRoses are red,\nviolets are blue.\n", "violets are blue."),
        ("Hello.\n-- \nAnn\n\nI forgot: the hall has room for 80 people only.\n", "80 people"),
    ],
    ids=["announced", "below the signature"],
)
def test_a_delimiter_of_signatures_does_not_swallow_what_is_none(body: str, said: str) -> None:
    head = "From: ann@mail.example\nMessage-ID: <1@mail.example>\nSubject: x\n\n"
    assert said in words_of(head + body, "x.eml")
