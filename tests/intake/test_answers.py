"""Forms as form services send them: questions with answers, and bodies with several parts."""

from __future__ import annotations

import json

import pytest

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, SegmentKind, Source
from copydesk.intake.form import parse_form
from copydesk.intake.parsing import parse

TYPEFORM = {
    "event_id": "e1", "event_type": "form_response", "form_response": {
        "form_id": "f1", "token": "t-77", "submitted_at": "2026-11-21T09:00:00Z",
        "definition": {"id": "f1", "title": "Contact", "fields": [
            {"id": "a", "title": "Your name", "type": "short_text"},
            {"id": "b", "title": "How can we help? E.g. with an order.", "type": "long_text"},
            {"id": "c", "title": "Which product?", "type": "multiple_choice"},
            {"id": "d", "title": "Your email", "type": "email"}]},
        "answers": [
            {"type": "text", "text": "Ann Lee", "field": {"id": "a", "type": "short_text"}},
            {"type": "text", "text": "It broke. Twice!", "field": {"id": "b", "type": "long_text"}},
            {"type": "choice", "choice": {"label": "Lamp"}, "field": {"id": "c", "type": "x"}},
            {"type": "email", "email": "Ann@mail.example", "field": {"id": "d", "type": "email"}}],
    },
}  # fmt: skip
TALLY = {
    "eventId": "e2", "createdAt": "2026-11-21T09:00:00Z", "data": {
        "responseId": "r1", "formName": "Contact", "fields": [
            {"key": "q1", "label": "Your name", "type": "INPUT_TEXT", "value": "Ann Lee"},
            {"key": "q2", "label": "What is wrong?", "type": "TEXTAREA",
             "value": "It broke. Twice!"},
            {"key": "q3", "label": "Which product?", "type": "MULTIPLE_CHOICE", "value": ["o1"],
             "options": [{"id": "o1", "text": "Lamp"}]},
            {"key": "q4", "label": "Email", "type": "INPUT_EMAIL", "value": "ann@mail.example"}]},
}  # fmt: skip
JOTFORM = {
    "submissionID": "5", "answers": {
        "1": {"name": "name", "text": "Your name", "type": "control_fullname",
              "answer": {"first": "Ann", "last": "Lee"}},
        "2": {"name": "msg", "text": "Tell us more", "type": "control_textarea",
              "answer": "It broke. Twice!"},
        "3": {"name": "p", "text": "Which product?", "type": "control_dropdown", "answer": "Lamp"},
        "4": {"name": "e", "text": "E-mail", "type": "control_email",
              "answer": "ann@mail.example"}},
}  # fmt: skip
GOOGLE = {"namedValues": {
    "Your name": ["Ann Lee"], "Email address": ["ann@mail.example"], "Which product?": ["Lamp"],
    "How can we help you?": ["It broke. Twice!"],
}}  # fmt: skip


@pytest.mark.parametrize("form", [TYPEFORM, TALLY, JOTFORM, GOOGLE],
                         ids=["typeform", "tally", "jotform", "google"])  # fmt: skip
def test_form_services(form: dict[str, object]) -> None:
    message = parse(json.dumps(form).encode())
    assert message.source is Source.FORM
    assert message.reply == "It broke. Twice!"
    assert (message.author, message.author_address) == ("Ann Lee", "ann@mail.example")
    assert "Lamp" in message.meta.values()


def test_a_survey_keeps_each_answer_below_its_question() -> None:
    answers = [("What went wrong?", "The lamp\nflickers."), ("What did you expect?", "Light.")]
    fields = [{"label": label, "type": "TEXTAREA", "value": value} for label, value in answers]
    message = parse_form(json.dumps({"data": {"fields": fields}}).encode())
    message.check_tiling()
    assert message.reply == "The lamp\nflickers.\n\nLight."
    headers = [s for s in message.segments if s.kind is SegmentKind.HEADER]
    assert [message.text[s.start : s.end] for s in headers] == [
        "What went wrong?\n", "What did you expect?\n",
    ]  # fmt: skip
    assert all(segment.dropped_because for segment in headers)


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--XX\r\n" + part + b"\r\n" for part in parts) + b"--XX--\r\n"


def test_a_multipart_body() -> None:
    message: ParsedMessage = parse(multipart(
        b'Content-Disposition: form-data; name="email"\r\n\r\nann@mail.example',
        b'Content-Disposition: form-data; name="message"\r\nContent-Type: text/plain; '
        b"charset=iso-8859-1\r\n\r\ngr\xfc\xdfe\r\nyou",
        b'Content-Disposition: form-data; name="f"; filename="../a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\x01",
    ))  # fmt: skip
    assert (message.reply, message.author_address) == ("grüße\nyou", "ann@mail.example")
    (file,) = message.attachments
    assert (file.filename, file.content_type, file.data) == ("a.png", "image/png", b"\x89PNG\x01")


def test_a_multipart_body_of_a_thousand_parts_is_refused() -> None:
    part = b'Content-Disposition: form-data; name="a"\r\n\r\nx'
    with pytest.raises(InputRefused, match="more than 1000 fields"):
        parse_form(multipart(*[part] * 1200))


def test_what_somebody_else_wrote_is_no_message() -> None:
    row = {"message": "It broke.", "agent_reply": "We are sorry to hear that. " * 5, "name": "Ann"}
    message = parse_form(json.dumps(row).encode())
    assert message.reply == "It broke."
    assert "agent_reply" in message.meta
    assert any("agent_reply" in note for note in message.notes)


def test_an_address_is_one_wherever_it_stands() -> None:
    message = parse_form(b'{"column_1": "ann@mail.example", "column_2": "it is broken again"}')
    assert (message.author_address, message.reply) == ("ann@mail.example", "it is broken again")
    names = parse_form(b'{"Vorname": "Ann", "Nachname": "Lee", "Nachricht": "kaputt"}')
    assert names.author == "Ann Lee"
