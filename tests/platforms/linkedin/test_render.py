"""What a post becomes on LinkedIn: whole, with pictures, as a document, or behind a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.linkedin import PLATFORM
from copydesk.testing.contract import PlatformContract
from copydesk.testing.fake_linkedin import PAGE, PERSON, read_little
from copydesk.testing.samples import sample_case, sample_content, sample_media

URL = "https://example.org/desk"
LONG = "\n\n".join(f"Sentence {n} about desks (and *chairs*). It goes on." for n in range(120))
CASE = sample_case("linkedin", {"author": PERSON})


class TestLinkedIn(PlatformContract):
    name = "linkedin"
    settings: ClassVar[Mapping[str, str]] = {"author": PAGE}


def file(name: str, content_type: str, **more: Any) -> Media:
    given = {"sha256": name, "size": 9, "alt": "described", **more}
    return Media(name=name, content_type=content_type, **given)


def codes(content: Content, case: Any = CASE) -> list[str]:
    return [f.code for f in PLATFORM.validate(case.render(content), case.account)]


def kind(content: Content) -> str:
    found: str = CASE.render(content).payload["content"]["kind"]
    return found


def with_override(content: Content, **override: Any) -> Content:
    return replace(content, overrides={"linkedin": override})


def test_a_post_that_fits_goes_whole_with_its_hashtags() -> None:
    rendition = CASE.render(sample_content("Desks are (almost) open."))
    assert rendition.text == ("Copy desks\n\nDesks are (almost) open.\n\n#newsroom #OpenSource")
    assert rendition.payload["commentary"] == (
        "Copy desks\n\nDesks are \\(almost\\) open.\n\n"
        "{hashtag|\\#|newsroom} {hashtag|\\#|OpenSource}"
    )
    assert rendition.losses == ()


def test_a_mention_in_markdown_stays_one() -> None:
    rendition = CASE.render(sample_content("Thanks @[Acme](urn:li:organization:1234)!"))
    assert "Thanks @[Acme](urn:li:organization:1234)!" in rendition.payload["commentary"]
    assert "Thanks Acme!" in rendition.text


def test_a_link_alone_becomes_a_card_of_our_own_making() -> None:
    rendition = CASE.render(
        replace(sample_content(canonical_url=URL), summary="Where copy is edited.")
    )
    assert rendition.payload["content"] == {
        "kind": "article",
        "files": [],
        "source": URL,
        "title": "Copy desks",
        "description": "Where copy is edited.",
    }
    assert URL not in rendition.text


def test_a_card_does_not_repeat_the_text_above_it() -> None:
    content = sample_content(LONG, canonical_url=URL, summary="Where copy is edited.")
    rendition = CASE.render(content)
    assert "Where copy is edited." in rendition.text
    assert rendition.payload["content"]["description"] == ""


def test_a_long_post_is_announced_by_a_card_with_its_cover() -> None:
    cover = file("cover.jpg", "image/jpeg")
    inner = file("inner.png", "image/png")
    content = sample_content(
        f"![inner](inner.png)\n\n{LONG}", media=(inner, cover), canonical_url=URL
    )
    rendition = CASE.render(replace(content, cover="cover.jpg"))
    assert rendition.payload["content"]["kind"] == "article"
    assert [media.name for media in rendition.media] == ["cover.jpg"]
    assert any("inner.png" in loss.what for loss in rendition.losses)
    assert any("sentences" in loss.what for loss in rendition.losses)
    assert not CASE.errors(rendition)


def test_pictures_of_a_whole_post_go_along_and_the_link_stands_in_the_text() -> None:
    content = sample_content(
        "![one](a.png)\n\nLook.\n\n![two](b.png)",
        media=(file("a.png", "image/png"), file("b.png", "image/png", alt="")),
        canonical_url=URL,
    )
    rendition = CASE.render(content)
    assert rendition.payload["content"]["kind"] == "images"
    assert [f["alt"] for f in rendition.payload["content"]["files"]] == ["one", "two"]
    assert URL in rendition.text


def test_a_file_that_does_not_stand_in_the_text_goes_along_too() -> None:
    assert kind(sample_content(media=(sample_media(),))) == "image"


def test_a_document_is_shown_as_one_and_the_rest_is_told() -> None:
    content = sample_content(
        "![The report](report.pdf)\n\n![a map](map.png)\n\nRead it.",
        media=(file("report.pdf", "application/pdf"), file("map.png", "image/png")),
    )
    rendition = CASE.render(content)
    assert rendition.payload["content"]["kind"] == "document"
    assert rendition.payload["content"]["files"][0]["title"] == "The report"
    (loss,) = [loss for loss in rendition.losses if "map.png" in loss.what]
    assert "one document" in loss.why


def test_what_linkedin_does_not_take_is_told() -> None:
    film = file("film.mp4", "video/mp4")
    rendition = CASE.render(sample_content("![film](film.mp4)\n\nWatch.", media=(film,)))
    assert rendition.media == ()
    assert any("film.mp4" in loss.what for loss in rendition.losses)
    remote = CASE.render(sample_content("![map](https://example.org/map.png)\n\nLook."))
    assert any("addresses of images" in loss.why for loss in remote.losses)


def test_an_image_of_another_type_is_made_anew_and_that_is_told() -> None:
    rendition = CASE.render(
        sample_content("![x](x.webp)", media=(file("x.webp", "image/webp", width=9, height=9),))
    )
    assert any("made anew" in loss.how for loss in rendition.losses)


@pytest.mark.parametrize(
    ("attach", "found"), [("article", "article"), ("images", "image"), ("none", "")]
)
def test_the_author_chooses_what_is_attached(attach: str, found: str) -> None:
    content = sample_content("![A](pixel.png)", media=(sample_media(),), canonical_url=URL)
    assert kind(with_override(content, attach=attach)) == found


def test_the_author_s_own_text_goes_before_all() -> None:
    content = with_override(
        sample_content(LONG, canonical_url=URL), text="My words.", visibility="LOGGED_IN", x=1
    )
    rendition = CASE.render(content)
    assert rendition.text == "My words."
    assert rendition.payload["visibility"] == "LOGGED_IN"
    assert [loss.what for loss in rendition.losses if loss.how == "ignored"] == ["override 'x'"]


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample_content("", title=""), "empty"),
        (with_override(sample_content(), text="(" * 1501), "text_too_long"),
        (with_override(sample_content(), text="👩" * 1501), "text_too_long"),
        (with_override(sample_content(), visibility="FRIENDS"), "visibility_unknown"),
        (with_override(sample_content(), attach="poll"), "attachment_unknown"),
        (with_override(sample_content(), attach="document"), "attachment_missing"),
        (with_override(sample_content(), form="thread"), "form_unknown"),
        (sample_content(title="", canonical_url=URL), "title_missing"),
    ],
)
def test_what_linkedin_would_refuse_is_refused_here(content: Content, code: str) -> None:
    content = replace(content, tags=())
    assert codes(content) == [code]


def test_a_text_at_the_limit_is_taken() -> None:
    assert codes(with_override(sample_content(), text="(" * 1500)) == []


def test_files_have_limits() -> None:
    many = tuple(file(f"{n}.png", "image/png") for n in range(21))
    assert codes(sample_content("Look.", media=many)) == ["media_too_many"]
    heavy = file("x.pdf", "application/pdf", size=105_000_000)
    assert codes(sample_content("Read.", media=(heavy,))) == ["media_too_large"]
    mute = replace(sample_media(), alt="")
    rendition = CASE.render(sample_content("Look.", media=(mute,)))
    (finding,) = PLATFORM.validate(rendition, CASE.account)
    assert (finding.code, finding.severity) == ("alt_missing", Severity.WARNING)
    wordy = replace(sample_media(), alt="a" * 4087)
    assert codes(sample_content("Look.", media=(wordy,))) == ["alt_too_long"]


def test_a_page_has_no_connections() -> None:
    page = sample_case("linkedin", {"author": PAGE, "visibility": "CONNECTIONS"})
    person = sample_case("linkedin", {"author": PERSON, "visibility": "CONNECTIONS"})
    assert codes(sample_content(), page) == ["visibility_impossible"]
    assert codes(sample_content(), person) == []


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"base_url": "http://example.org"}, "base_url"),
        ({"auth_url": "ftp://example.org"}, "auth_url"),
        ({"author": "Ada"}, "author"),
        ({"visibility": "public"}, "visibility"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, str], field: str) -> None:
    findings = PLATFORM.check_settings(settings, {"access_token": "x"})
    assert [finding.field for finding in findings] == [field]


# -- whatever comes -------------------------------------------------------------------------------

BODIES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            [
                "# Head (x)",
                "- a\n- b",
                "| a | b |\n|---|---|\n| 1 | 2 |",
                "```\nif (x) { y[0] }\n```",
                "See [words](https://example.org/a_(b)) and #tag_two.",
                "@[Acme](urn:li:organization:1234)",
                "A sentence that is repeated often enough to become too long for a post. " * 20,
            ]
        ),
    ),
    max_size=6,
).map("\n\n".join)


@given(BODIES, st.sampled_from(["", URL]), st.sampled_from(["", "What it says (in short)."]))
@settings(max_examples=60, deadline=None)
def test_any_post_fits_uncut_or_is_refused(body: str, url: str, summary: str) -> None:
    rendition = CASE.render(sample_content(body, canonical_url=url, summary=summary))
    commentary = rendition.payload["commentary"]
    assert read_little(commentary) == rendition.text, "LinkedIn would cut it"
    if len(commentary.encode("utf-16-le")) // 2 > 3000:
        assert CASE.errors(rendition)
