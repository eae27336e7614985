"""The entry to intake: sources told apart, bad input refused, every text tiled."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, SegmentKind, Source
from copydesk.intake.language import detect_language
from copydesk.intake.parsing import MAX_BYTES, parse
from copydesk.intake.sources import detect_source

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
INBOX = sorted((EXAMPLES / "inbox").iterdir())

MAIL = b"From: a@mail.example\nSubject: x\n\nhello there\n"


@pytest.mark.parametrize(
    ("raw", "filename", "source"),
    [
        (MAIL, "", Source.EMAIL),
        (MAIL, "x.txt", Source.EMAIL),
        (b"hi\n\nOn 1 May 2026, Sam <s@mail.example> wrote:\n> one\n", "", Source.EMAIL),
        (b'{"message": "hi"}', "", Source.FORM),
        (b'{"message": ', "x.json", Source.FORM),
        (b"name=a&message=b", "", Source.FORM),
        (b'{"messages": [{"user": "a", "text": "b"}]}', "", Source.CHAT),
        (b"[10:01] ann: hi\n[10:02] bob: yo\n", "", Source.CHAT),
        (b"<ann> hi\n<bob> yo\n", "log.txt", Source.CHAT),
        (b"# Title\n\ntext\n", "", Source.COMMUNITY),
        (b"<!doctype html><p>text", "", Source.COMMUNITY),
        (b"<p>one</p>\n<p>two</p>\n<p>three</p>\n", "", Source.COMMUNITY),
        (b"just a text", "", Source.COMMUNITY),
        (b"x", "a.eml", Source.EMAIL),
        (b"x", "a.MD", Source.COMMUNITY),
    ],
)
def test_sources_are_told_apart(raw: bytes, filename: str, source: Source) -> None:
    assert detect_source(raw, filename) is source


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b"", "empty"), (b" \n\t", "empty"), (b"a" * (MAX_BYTES + 1), "too_large"),
     (b"%PDF-1.7\n...", "binary"), (b"\x00\x01", "binary")],
)  # fmt: skip
def test_bad_input_is_refused_with_a_remedy(raw: bytes, problem: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse(raw)
    assert refused.value.problem == problem
    assert refused.value.remedy


def test_a_post_keeps_everything_and_takes_its_title_from_the_heading() -> None:
    message = parse(b"# My title\n\n> said before\n\n```\ncode\n```\n-- \nme\n", filename="a.md")
    assert message.subject == "My title"
    assert all(segment.kept for segment in message.segments)
    assert SegmentKind.CODE in {segment.kind for segment in message.segments}


def test_front_matter_of_a_post_becomes_fields() -> None:
    message = parse(b"---\ntitle: A\ntags:\n  - x\n  - y\n---\n\nbody text\n", filename="a.md")
    message.check_tiling()
    assert (message.reply, message.subject, message.meta["tags"]) == ("body text", "A", "x, y")


SCRAPS = st.sampled_from(
    [b"\n", b"\r\n", b"> q\n", b"-- \n", b"From: a@b.example\n", b"Content-Type: text/html\n\n",
     b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b\n", b"--b--\n", b"<p>", b"</div>",
     b"<blockquote>", b'{"message":"', b'"}', b"[10:01] ann: ", b"<bob> ", b"name=a&message=",
     b"```\n", b"---\n", b"\xff\xfe", b"\xc3\xa9", b"\xe9", b"=?utf-8?Q?x?=", b"word word\n"]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.lists(SCRAPS | st.binary(max_size=20), min_size=1, max_size=25).map(b"".join),
    st.sampled_from([None, *Source]),
)
def test_any_bytes_are_tiled_or_refused(raw: bytes, source: Source) -> None:
    try:
        message = parse(raw, source=source)
    except InputRefused:
        return
    message.check_tiling()
    assert message.reply.strip()
    message.text.encode("utf-8")


@settings(max_examples=80, deadline=None)
@given(st.text(min_size=1), st.sampled_from(list(Source)))
def test_any_text_is_tiled_or_refused(text: str, source: Source) -> None:
    with suppress(InputRefused):
        parse(text.encode("utf-8", "replace"), source=source).check_tiling()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the desk has not arrived yet, can you check please", "en"),
        ("Der Tisch ist noch nicht angekommen, bitte prüfen Sie das", "de"),
        ("el pedido no ha llegado todavía, por favor", "es"),
        ("机がまだ届いていません", "ja"),
        ("thx!!", ""),
        ("12345 https://x.example/the/desk/has/not/arrived", ""),
        ("", ""),
    ],
)
def test_language_is_named_only_when_sure(text: str, language: str) -> None:
    assert detect_language(text) == language


SOURCES = {".eml": Source.EMAIL, ".json": Source.FORM, ".form": Source.FORM, ".txt": Source.CHAT,
           ".chat": Source.CHAT, ".md": Source.COMMUNITY, ".html": Source.COMMUNITY}  # fmt: skip


@pytest.mark.parametrize("path", INBOX, ids=lambda path: path.name)
def test_every_example_is_understood(path: Path) -> None:
    message = parse(path.read_bytes(), filename=path.name)
    message.check_tiling()
    assert message.source is SOURCES[path.suffix]
    expected = {"deutsch": "de", "espanol": "es", "japanese": "ja"}
    assert message.language == expected.get(path.name.split("-")[0], "en")
    if path.suffix == ".eml":
        assert message.author_address.endswith(".example")
        assert message.subject
        assert message.sent_at is not None


def example(name: str) -> ParsedMessage:
    return parse((EXAMPLES / "inbox" / name).read_bytes(), filename=name)


def test_the_example_thread_hangs_together() -> None:
    first, second = (
        example("thread-1-delivery-question.eml"),
        example("thread-2-delivery-follow-up.eml"),
    )
    assert first.thread.root == second.thread.root
    assert first.thread.message_id in second.thread.references
    assert "whitlock.example" not in first.reply
    assert "Good news" not in first.reply


def test_the_example_rant_is_whole() -> None:
    rant = example("rant-damaged-desk.eml")
    assert len(rant.reply) > 3000
    for fact in ("LS-18802", "$1,389.00", "R-77120", "50233, 50391 and 50544", "16 pieces M6x35"):
        assert fact in rant.reply


def test_the_hostile_example_is_harmless() -> None:
    message = example("hostile-newsletter.html")
    for trace in ("alert", "javascript:", "tracker.example", "previous instructions", "onerror"):
        assert trace not in message.text
    assert "holds up to 9 kg" in message.reply


def test_the_screenshot_example_has_its_picture() -> None:
    (picture,) = example("bug-report-with-screenshot.eml").attachments
    assert picture.data.startswith(b"\x89PNG")
    assert (picture.filename, picture.content_id) == (
        "week-view-wrong.png", "shot-1@ashby-garden.example",
    )  # fmt: skip
