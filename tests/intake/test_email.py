"""Mails: headers, MIME structure, alternatives, attachments, threads, broken ones."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from copydesk.core.errors import InputRefused
from copydesk.core.submission import SegmentKind
from copydesk.intake.email import parse_email


def mail(body: str, headers: str = "", kind: str = "text/plain; charset=utf-8") -> bytes:
    head = f"From: Ann Lee <ann@mail.example>\nMIME-Version: 1.0\nContent-Type: {kind}\n{headers}"
    return f"{head}\n{body}".encode()


def parts(subtype: str, *inner: str) -> tuple[str, str]:
    body = "".join(f"--b1\n{part}\n" for part in inner) + "--b1--\n"
    return body, f'multipart/{subtype}; boundary="b1"'


def alternative(plain: str, html: str) -> bytes:
    body, kind = parts(
        "alternative",
        f"Content-Type: text/plain; charset=utf-8\n\n{plain}",
        f"Content-Type: text/html; charset=utf-8\n\n{html}",
    )
    return mail(body, kind=kind)


def test_headers_are_decoded() -> None:
    message = parse_email(
        mail(
            "hi there\n",
            "Subject: =?utf-8?Q?R=C3=BCckfrage?=\n =?iso-8859-1?Q?_f=FCr_Sie?=\n"
            "Date: Mon, 02 Nov 2026 09:05:12 +0100\nMessage-ID: <3@mail.example>\n"
            "In-Reply-To: <2@desk.example>\nReferences: <1@mail.example>\n\t<2@desk.example>\n"
            "To: Desk <desk@desk.example>, bob@mail.example\n",
        )
    )
    assert message.subject == "Rückfrage für Sie"
    assert (message.author, message.author_address) == ("Ann Lee", "ann@mail.example")
    assert message.sent_at == datetime(2026, 11, 2, 8, 5, 12, tzinfo=UTC)
    assert message.thread.message_id == "3@mail.example"
    assert message.thread.references == ("1@mail.example", "2@desk.example")
    assert message.thread.root == "1@mail.example"
    assert "bob@mail.example" in message.thread.participants


def test_raw_utf8_and_latin_headers_are_read() -> None:
    raw = "From: Jörg <j@mail.example>\nSubject: Größe\nContent-Type: text/plain\n\nhi"
    assert parse_email(raw.encode()).author == "Jörg"
    assert parse_email(raw.encode("cp1252")).subject == "Größe"


@pytest.mark.parametrize(
    "date", ["yesterday", "Mon, 99 Foo 2026", "Mon, 02 Nov 99999 09:05:12 +0100"]
)
def test_a_date_that_cannot_be_read_is_noted(date: str) -> None:
    message = parse_email(mail("hi\n", f"Date: {date}\n"))
    assert message.sent_at is None
    assert any("date" in note for note in message.notes)


@pytest.mark.parametrize(
    "text", ["One: is this\n\nTwo: it is", "Subject: my text\nTo: all of you\n\nhello", "Hi\nthere"]
)
def test_a_text_without_headers_is_all_body(text: str) -> None:
    assert parse_email(text.encode()).reply == text


def test_html_only() -> None:
    message = parse_email(mail("<p>Hello <b>you</b></p>", kind="text/html"))
    assert message.reply == "Hello **you**"


def test_the_plain_text_is_taken_when_both_say_the_same() -> None:
    message = parse_email(alternative("Hello you\n", "<p>Hello <b>you</b></p>"))
    assert (message.reply, message.notes) == ("Hello you", ())


def test_the_html_is_taken_for_its_links() -> None:
    message = parse_email(
        alternative("see here\n", '<p>see <a href="https://x.example">here</a></p>')
    )
    assert message.reply == "see [here](https://x.example)"


def test_when_both_differ_the_longer_is_taken_and_nothing_of_the_other_is_lost() -> None:
    message = parse_email(
        alternative("Please cancel it\n", "<p>View this mail in a better app</p>")
    )
    assert "View this mail in a better app" in message.reply
    assert "Please cancel it" in message.reply
    assert message.segments[-1].kind is SegmentKind.UNKNOWN
    assert any("differ" in note for note in message.notes)
    message.check_tiling()


def test_attachments_keep_name_type_and_content_id() -> None:
    picture = base64.b64encode(b"\x89PNG....").decode()
    body, kind = parts(
        "mixed",
        "Content-Type: text/plain; charset=utf-8\n\nsee picture\n",
        "Content-Type: image/png\nContent-ID: <p1@mail.example>\n"
        "Content-Transfer-Encoding: base64\n"
        f"Content-Disposition: attachment; filename*=utf-8''..%2F%2Fb%C3%BCro.png\n\n{picture}\n",
        'Content-Type: text/plain; name="server.log"\n\nlog line\n',
        "Content-Type: text/plain; charset=utf-8\n\nthat is all\n",
    )
    message = parse_email(mail(body, kind=kind))
    assert message.reply.split() == ["see", "picture", "that", "is", "all"]
    first, second = message.attachments
    assert (first.filename, first.content_type) == ("büro.png", "image/png")
    assert (first.content_id, first.data) == ("p1@mail.example", b"\x89PNG....")
    assert second.filename == "server.log"


def test_flowed_text_is_joined_by_quote_depth() -> None:
    body = "a long \nline\n> quoted \n> text\n-- \nAnn\n"
    message = parse_email(mail(body, kind="text/plain; format=flowed; charset=utf-8"))
    assert message.text.startswith("a long line\n> quoted text\n-- \nAnn")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "nonsense", "us-ascii"])
def test_a_wrong_charset_loses_no_letter(charset: str) -> None:
    raw = mail("Füße\n", "Content-Transfer-Encoding: 8bit\n", f"text/plain; charset={charset}")
    assert parse_email(raw).reply in ("Füße", "FÃ¼ÃŸe")


def test_a_forward_as_attachment_is_read() -> None:
    body, kind = parts(
        "mixed",
        "Content-Type: text/plain\n\n\n",
        "Content-Type: message/rfc822\n\nFrom: bob@mail.example\nSubject: x\n\nthe inner words\n",
    )
    message = parse_email(mail(body, kind=kind))
    message.check_tiling()
    assert message.reply == "the inner words"
    assert message.segments[-1].kind is SegmentKind.FORWARDED
    assert message.attachments[0].filename == "forwarded.eml"


def test_a_mail_cut_off_in_the_middle_is_read_and_noted() -> None:
    body, kind = parts("mixed", "Content-Type: text/plain\n\nhello\n")
    message = parse_email(mail(body.replace("--b1--\n", ""), kind=kind))
    assert message.reply == "hello"
    assert any("ends in the middle" in note for note in message.notes)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (mail("text\n", kind="multipart/mixed"), "broken_mime"),
        (mail("x\n", kind='multipart/mixed; boundary="no"'), "broken_mime"),
        (mail("x\n", "X: multipart/\n" * 200), "broken_mime"),
        (mail("<div>" * 3000, kind="text/html"), "html_bomb"),
        (mail("\n\n"), "no_text"),
        (mail("On 1 May 2026, Bob <b@mail.example> wrote:\n> hi\n"), "no_text"),
        (mail("Sent from my iPhone\n\n> hi\n> you\n"), "no_text"),
    ],
)
def test_refusals(raw: bytes, problem: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_email(raw)
    assert refused.value.problem == problem
    assert refused.value.remedy


def test_deeply_nested_multiparts_end_in_a_refusal_or_a_result() -> None:
    head, body = "", ""
    for depth in range(90):
        head = f'Content-Type: multipart/mixed; boundary="b{depth}"\n\n--b{depth}\n'
        body += head
    raw = f"From: a@mail.example\n{body}Content-Type: text/plain\n\ninnermost\n".encode()
    assert parse_email(raw).reply == "innermost"
