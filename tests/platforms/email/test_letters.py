"""What is in a letter: headers, thread, list headers, parts; read back by a strict parser."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import ReplyTarget
from copydesk.platforms.email import PLATFORM
from copydesk.platforms.email.message import Letter, Unwritable, compose
from copydesk.platforms.kit.contract import Subject
from tests.platforms.email.mail_servers import (
    PICTURE,
    WHEN,
    account,
    content,
    outgoing,
    parse,
    picture,
)


def letter(given_content: Any = None, **settings_: str) -> Letter:
    where = account(2525, **settings_)
    files = {media.name: PICTURE for media in (given_content or content()).media}
    return compose(outgoing(where, given_content), files)


def findings(given_content: Any, **settings_: str) -> Mapping[str, Severity]:
    where = account(2525, **settings_)
    made = PLATFORM.render(
        Subject(
            post_id="pst_1",
            revision=1,
            content=given_content,
            published_at=WHEN.isoformat(),
            updated_at=WHEN.isoformat(),
        ),
        where,
        PLATFORM.recipients(where, given_content)[0],
    )
    return {finding.code: finding.severity for finding in PLATFORM.validate(made, where)}


def test_a_newsletter_is_text_and_html_of_the_same_words() -> None:
    message = parse(letter(content(body="See [us](https://example.org/a) & **more**.")).data)
    assert message.get_content_type() == "multipart/alternative"
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "See us [1] & more." in text.get_content()
    assert "[1] https://example.org/a" in text.get_content()
    assert 'href="https://example.org/a"' in html.get_content()
    assert "<strong>more</strong>" in html.get_content()
    assert message["Precedence"] == "bulk"
    assert message["Auto-Submitted"] == "auto-generated"


class Tags(HTMLParser):
    """Collects the tags a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


def test_nothing_that_runs_comes_through() -> None:
    body = (
        "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3))\n\n"
        "![&lt;table onclick=alert(4) x=&quot;](https://example.org/a.png)"
    )
    html = parse(letter(content(body=body)).data).get_body(("html",))
    assert html is not None
    page = html.get_content()
    assert "<script" not in page
    reader = Tags()
    reader.feed(page)
    attributes = [(name, value or "") for _, found in reader.tags for name, value in found]
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert not [value for name, value in attributes if name == "href"]
    assert ("alt", '<table onclick=alert(4) x="') in attributes
    assert "table" not in [tag for tag, _ in reader.tags]


@pytest.mark.parametrize(
    ("unsubscribe", "one_click"),
    [
        ("https://example.org/leave?who={recipient}", True),
        ("mailto:leave@example.org https://example.org/leave", True),
        ("mailto:leave@example.org", False),
        ("", False),
    ],
)
def test_one_click_is_only_claimed_for_https(unsubscribe: str, one_click: bool) -> None:
    message = parse(letter(unsubscribe=unsubscribe, list_id="news.example.org").data)
    assert message["List-Id"] == "<news.example.org>"
    assert (message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") is one_click
    if unsubscribe.endswith("{recipient}"):
        expected = "<https://example.org/leave?who=reader%40example.com>"
        assert message["List-Unsubscribe"] == expected
    if not unsubscribe:
        assert message["List-Unsubscribe"] is None
    text = message.get_body(("plain",))
    assert text is not None
    assert ("Unsubscribe:" in text.get_content()) is bool(unsubscribe)


def test_a_reply_joins_its_thread() -> None:
    target = ReplyTarget(
        message_id="three@example.com",
        references=("one@example.com", "two@example.com"),
        address="asker@example.com",
        subject="Where is my order?",
    )
    message = parse(letter(content(title="", reply_to=target), mode="reply", list_id="a.b").data)
    assert message["To"] == "asker@example.com"
    assert message["Subject"] == "Re: Where is my order?"
    assert message["In-Reply-To"] == "<three@example.com>"
    assert message["References"] == "<one@example.com> <two@example.com> <three@example.com>"
    for absent in ("Precedence", "Auto-Submitted", "List-Id", "List-Unsubscribe"):
        assert message[absent] is None


@pytest.mark.parametrize("subject", ["Re: Order", "RE: Order", "AW: Order", "Re[2]: Order"])
def test_a_reply_to_a_reply_says_re_once(subject: str) -> None:
    target = ReplyTarget(message_id="a@example.com", address="b@example.com", subject=subject)
    message = parse(letter(content(reply_to=target), mode="reply").data)
    assert message["Subject"] == subject


def test_long_threads_keep_every_id_whole() -> None:
    ids = tuple(f"{'x' * 120}.{number}@mail.example.com" for number in range(40))
    target = ReplyTarget(message_id="last@example.com", references=ids, address="b@example.com")
    message = parse(letter(content(reply_to=target), mode="reply").data)
    assert str(message["References"]).split() == [f"<{i}>" for i in (*ids, "last@example.com")]


def test_an_id_that_no_header_can_carry_is_left_out_and_said() -> None:
    target = ReplyTarget(
        message_id="ok@example.com",
        references=("evil@example.com>\r\nBcc: all@example.com",),
        address="b@example.com",
    )
    where = account(2525, mode="reply")
    made = PLATFORM.render(
        Subject(
            post_id="p",
            revision=1,
            content=content(reply_to=target),
            published_at=WHEN.isoformat(),
            updated_at=WHEN.isoformat(),
        ),
        where,
        "b@example.com",
    )
    assert made.payload["references"] == ["ok@example.com"]
    assert any("evil@example.com" in loss.what for loss in made.losses)


def test_images_travel_inside_and_other_files_beside() -> None:
    given_content = content(
        body="![a map](img/map.png) and ![far](https://example.org/far.png)",
        media=(picture(), picture("Plän 1.pdf", "application/pdf")),
    )
    message = parse(letter(given_content).data)
    assert message.get_content_type() == "multipart/mixed"
    html = message.get_body(("html",))
    assert html is not None
    parts = {part.get_content_type(): part for part in message.walk()}
    image, document = parts["image/png"], parts["application/pdf"]
    assert image.get_content() == PICTURE
    assert f'src="cid:{image["Content-ID"][1:-1]}"' in html.get_content()
    assert 'src="https://example.org/far.png"' in html.get_content()
    assert document.get_content_disposition() == "attachment"
    assert document.get_filename() == "Plän 1.pdf"


def test_links_are_made_whole_with_the_sites_address() -> None:
    given_content = content(body="[here](/about) and [there](#below)")
    message = parse(letter(given_content, base_url="https://example.org/blog/").data)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "https://example.org/about" in text.get_content()
    assert 'href="https://example.org/about"' in html.get_content()
    assert 'href="#below"' in html.get_content()
    assert findings(given_content) == {"link_relative": Severity.WARNING}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "Hello\nBcc: everybody@example.com"}, "subject_invalid"),
        ({"title": "Hello\r\n\r\n<script>"}, "subject_invalid"),
        ({"title": "Hello\0"}, "subject_invalid"),
        ({"title": ""}, "subject_missing"),
        ({"body": "![gone](gone.png)"}, "image_missing"),
    ],
)
def test_what_cannot_be_sent_is_found_before(fields: dict[str, str], code: str) -> None:
    assert findings(content(**fields))[code] is Severity.ERROR


def test_a_reply_without_an_address_is_refused_not_dropped() -> None:
    where = account(2525, mode="reply")
    assert PLATFORM.recipients(where, content()) == ("",)
    assert findings(content(), mode="reply")["address_missing"] is Severity.ERROR


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", "Hello\nBcc: everybody@example.com"),
        ("title", "Hello\rBcc: everybody@example.com"),
    ],
)
def test_a_line_break_never_reaches_a_header(key: str, value: str) -> None:
    with pytest.raises(Unwritable) as caught:
        letter(content(**{key: value}))
    assert caught.value.field == "title"


def test_a_recipient_with_a_line_break_is_refused() -> None:
    with pytest.raises(Unwritable) as caught:
        compose(outgoing(account(2525), recipient="a@example.com\r\nRCPT TO:<b@example.com>"), {})
    assert caught.value.field == "to"


def test_the_recipients_of_a_list_are_each_addressed_once() -> None:
    where = account(2525, to='"Doe, Jane" <jane@example.com>, b@example.com, jane@example.com,')
    assert PLATFORM.recipients(where, content()) == ("jane@example.com", "b@example.com")


words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=200
)


@settings(max_examples=60, deadline=None)
@given(title=words.filter(lambda text: bool(text.strip())), body=st.text(max_size=400))
def test_any_title_comes_back_as_it_was_and_lines_stay_short(title: str, body: str) -> None:
    if any(0xD800 <= ord(c) < 0xE000 for c in body):
        return
    data = letter(content(title=title, body=body)).data
    message = parse(data)
    assert " ".join(message["Subject"].split()) == " ".join(title.strip(" ").split())
    head = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 78
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Precedence", "Auto-Submitted",
        "MIME-Version", "Content-Type",
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(name=words)
def test_any_sender_name_comes_back_as_it_was(name: str) -> None:
    shown = " ".join(name.replace("\\", "").replace('"', "").split())
    data = letter(**{"from": f'"{shown}" <desk@example.org>'}).data
    assert parse(data)["From"].addresses[0].addr_spec == "desk@example.org"
    # the modern parser puts a space between adjacent encoded words of a name (CPython 3.11.7)
    phrase, _ = parseaddr(message_from_bytes(data)["From"])
    assert " ".join(str(make_header(decode_header(phrase))).split()) == shown


def test_the_preview_frames_the_letter_and_escapes_the_rest() -> None:
    folder = Path(__file__).parents[3] / "src/copydesk/platforms/email"
    jinja = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = jinja.from_string((folder / "preview.html").read_text(encoding="utf-8"))
    payload = outgoing(account(2525), content(title="<b>x</b>", body="**bold**")).payload
    reader = Tags()
    reader.feed(template.render(payload=payload))
    frames = [dict(found) for tag, found in reader.tags if tag == "iframe"]
    assert frames[0]["srcdoc"] == payload["html"]
    assert frames[0]["sandbox"] is None
    assert "b" not in [tag for tag, _ in reader.tags]
