"""Forms: which field is the message, what becomes of the others, what is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from copydesk.core.errors import InputRefused
from copydesk.intake.form import parse_form


def form(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_json_form() -> None:
    message = parse_form(
        form(name="Jo  Doe", email="Jo@Mail.example", subject="help", message="hi\n\n- a\n- b",
             submitted_at="2026-11-05T14:22:31+01:00", product={"name": "Planner", "seats": 12},
             tags=["a", "b"], urgent=True)
    )  # fmt: skip
    message.check_tiling()
    assert (message.author, message.author_address) == ("Jo Doe", "jo@mail.example")
    assert (message.subject, message.reply) == ("help", "hi\n\n- a\n- b")
    assert message.sent_at == datetime(2026, 11, 5, 13, 22, 31, tzinfo=UTC)
    assert message.meta["product.seats"] == "12"
    assert (message.meta["tags"], message.meta["urgent"]) == ("a, b", "true")


def test_a_form_encoded_body() -> None:
    message = parse_form(b"name=Pri+Ya&message=gr%C3%BC%C3%9Fe%0D%0Ayou&empty=&topic=x")
    assert (message.reply, message.subject, message.author) == ("grüße\nyou", "x", "Pri Ya")
    assert parse_form(b"_charset_=iso-8859-1&message=gr%FC%DFe").reply == "grüße"


def test_a_csv_with_one_row() -> None:
    message = parse_form(b'name;message\nAnn;"hello; you"\n', filename="x.csv")
    assert (message.author, message.reply) == ("Ann", "hello; you")


def test_a_name_used_twice_loses_nothing() -> None:
    message = parse_form(b'{"message": "one", "message": "two", "x": "1", "x": "2"}')
    assert message.reply == "one\n\ntwo"
    assert (message.meta["x"], message.meta["x#2"]) == ("1", "2")


def test_without_a_message_field_the_longest_prose_is_taken_and_noted() -> None:
    message = parse_form(form(email="a@mail.example", q17="it does not start at all", q18="no"))
    assert message.reply == "it does not start at all"
    assert "q17" in message.notes[0]


def test_html_in_a_message_is_read() -> None:
    assert parse_form(form(message="<p>one</p><p>two</p>")).reply == "one\n\ntwo"


def test_a_date_without_a_zone_is_left_open() -> None:
    message = parse_form(form(message="hi", date="2026-11-05T14:22:31"))
    assert message.sent_at is None
    assert message.notes


def test_files_are_attachments_or_stay_fields() -> None:
    good = {
        "filename": "../a.png",
        "content_type": "image/png",
        "data": base64.b64encode(b"x").decode(),
    }
    message = parse_form(form(message="see", attachments=[good]))
    assert (message.attachments[0].filename, message.attachments[0].data) == ("a.png", b"x")
    broken = parse_form(form(message="see", attachments=[{"filename": "a", "data": "no base64!"}]))
    assert broken.meta["attachments.0.data"] == "no base64!"


@pytest.mark.parametrize(
    ("raw", "filename", "problem"),
    [
        (b'{"message": ', "", "bad_json"),
        (b"[]", "", "bad_json"),
        (b'[{"message": "a"}, {"message": "b"}]', "", "bad_json"),
        (b'"text"', "a.json", "bad_json"),
        (b"[" * 100_000, "", "bad_json"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "", "bad_json"),
        (b'{"n": 1' + b"1" * 5000 + b"}", "", "bad_json"),
        (b"just words", "", "bad_form"),
        (b"a=1&" * 2000, "", "bad_form"),
        (b"name,message\na,b\nc,d\n", "a.csv", "bad_csv"),
        (b'name,message\na,"b\n', "a.csv", "bad_csv"),
        (b'{"name": "Jo"}', "", "no_text"),
    ],
)
def test_refusals(raw: bytes, filename: str, problem: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_form(raw, filename=filename)
    assert refused.value.problem == problem
    assert refused.value.remedy


def test_bad_json_says_where() -> None:
    with pytest.raises(InputRefused, match="line 2, column"):
        parse_form(b'{"a": 1,\n "b" 2}')
