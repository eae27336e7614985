"""What a post becomes on Medium: what it cannot show is said in another way, and told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.medium import PLATFORM
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import sample_case, sample_content, sample_media

CASE = sample_case("medium")
HTML = sample_case("medium", {"format": "html"})
FETCHING = sample_case("medium", {"images": "fetch"})


class TestMedium(PlatformContract):
    name = "medium"


def body(content: Content, case: Any = CASE) -> str:
    found: str = case.render(content).payload["content"]
    return found


def codes(content: Content, case: Any = CASE) -> list[str]:
    return [f.code for f in PLATFORM.validate(case.render(content), case.account)]


def lost(content: Content) -> list[str]:
    return [loss.what for loss in CASE.render(content).losses]


def test_the_title_is_the_first_heading_and_stands_there_once() -> None:
    assert body(sample_content("# Copy desks\n\nOpen.\n\n# More")) == (
        "# Copy desks\n\nOpen.\n\n## More\n"
    )
    assert body(sample_content("Open."), HTML) == "<h1>Copy desks</h1>\n<p>Open.</p>\n"


def test_a_title_with_markup_characters_reads_as_written() -> None:
    content = replace(sample_content("Open."), title="C# *and* <b>\n& co")
    assert body(content).startswith("# C# \\*and\\* ")
    assert body(content, HTML).startswith("<h1>C# *and* &lt;b&gt; &amp; co</h1>")


def test_tables_footnotes_and_struck_words_are_said_in_another_way() -> None:
    content = sample_content(
        "| desk | open |\n|---|---|\n| one | yes |\n\nA claim.[^1] ~~Old~~.\n\n[^1]: Its source."
    )
    for case in (CASE, HTML):
        shown = body(content, case)
        assert "|" not in shown
        assert "<table" not in shown
        assert all(word in shown for word in ("one", "open", "yes", "Its source", "Old"))
    assert len(lost(content)) == 3


def test_raw_html_leaves_its_words_and_its_images() -> None:
    content = sample_content(
        '<figure><img src="pixel.png" alt="A pixel"><figcaption>Small.</figcaption></figure>',
        media=(sample_media(),),
    )
    rendition = CASE.render(content)
    assert "Small." in rendition.text
    assert "<figure" not in rendition.text
    assert [media.name for media in rendition.media] == ["pixel.png"]
    assert rendition.losses


def test_an_embed_is_its_address_on_a_line_of_its_own() -> None:
    content = sample_content("Before.\n\n::embed[A film]{url=https://example.org/film}\n\nAfter.")
    assert "\n\nhttps://example.org/film\n\n" in body(content)
    assert ">https://example.org/film</a></p>" in body(content, HTML)


def test_three_tags_of_25_characters_are_used_and_the_others_told() -> None:
    tags = ("Open Source", "a tag that is far too long for them", "news", "desk", "copy")
    rendition = CASE.render(replace(sample_content(), tags=tags))
    assert rendition.payload["tags"] == ["Open Source", "news", "desk"]
    assert [loss.what for loss in rendition.losses] == [f"tag {tags[1]!r}", "tag 'copy'"]


def test_the_canonical_link_is_declared_as_it_is() -> None:
    assert (
        CASE.render(sample_content(canonical_url="https://example.org/x?a=1")).payload[
            "canonical_url"
        ]
        == "https://example.org/x?a=1"
    )


def test_images_are_fetched_where_they_are_public_or_refused() -> None:
    content = sample_content("![A](pixel.png)", media=(sample_media(),))
    assert codes(content) == []
    assert codes(content, FETCHING) == ["image_not_public"]
    beside = replace(content, canonical_url="https://example.org/desk/")
    assert "https://example.org/desk/pixel.png" in body(beside, FETCHING)
    base = sample_case(
        "medium", {"images": "fetch", "images_url": "https://cdn.example.org/{slug}"}
    )
    assert "https://cdn.example.org/copy-desks/pixel.png" in body(content, base)
    drawing = Media(name="d.svg", content_type="image/svg+xml", sha256="d", size=9, alt="x")
    assert codes(sample_content("![A](d.svg)", media=(drawing,))) == ["image_not_public"]


def test_an_image_of_another_type_is_made_anew_and_that_is_told() -> None:
    picture = Media(name="x.webp", content_type="image/webp", sha256="x", size=9, alt="x")
    content = sample_content("![x](x.webp)", media=(picture,))
    assert any("made anew" in loss.how for loss in CASE.render(content).losses)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample_content("Open.", title=""), "title_missing"),
        (sample_content("Open.", title="a" * 101), "title_too_long"),
        (sample_content(""), "empty"),
        (
            replace(sample_content(), overrides={"medium": {"publish_status": "live"}}),
            "publish_status_unknown",
        ),
        (replace(sample_content(), overrides={"medium": {"format": "rtf"}}), "format_unknown"),
        (replace(sample_content(), overrides={"medium": {"license": "mit"}}), "license_unknown"),
    ],
)
def test_what_medium_would_refuse_or_ignore_is_refused_here(content: Content, code: str) -> None:
    assert codes(content) == [code]


def test_an_image_that_nobody_described_is_mentioned() -> None:
    content = sample_content("![](pixel.png)", media=(sample_media(),))
    (finding,) = PLATFORM.validate(CASE.render(content), CASE.account)
    assert (finding.code, finding.severity) == ("alt_missing", Severity.WARNING)


def test_an_override_that_medium_does_not_have_is_told() -> None:
    content = replace(sample_content(), overrides={"medium": {"paywall": True}})
    assert lost(content) == ["override 'paywall'"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"base_url": "http://example.org"}, "base_url"),
        ({"publication": "about-desks"}, "publication"),
        ({"images_url": "somewhere"}, "images_url"),
        ({"publish_status": "live"}, "publish_status"),
    ],
)
def test_settings_that_cannot_work_are_named(given: dict[str, str], field: str) -> None:
    findings = PLATFORM.check_settings(given, {"access_token": "x"})
    assert [finding.field for finding in findings] == [field]


PARTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "# Head",
            "| a | b |\n|---|---|\n| 1 | ~~2~~ |",
            "A claim.[^n]\n\n[^n]: Its source.",
            "<div>raw <img src='a.png' alt='x'></div>",
            "::embed[A film]{url=https://example.org/film}",
            "- [x] done\n- [ ] open",
            "```html\n<table>\n```",
        ]
    ),
)


@given(st.lists(PARTS, max_size=6).map("\n\n".join), st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_can_be_sent_or_is_refused(text: str, title: str) -> None:
    content = sample_content(text, title=title)
    for case in (CASE, HTML):
        rendition = case.render(content)
        if case.errors(rendition):
            continue
        payload = rendition.payload
        assert payload["title"]
        assert len(payload["title"]) <= 100
        assert payload["publish_status"] == "draft"
        assert len(payload["tags"]) <= 3
        assert "<script" not in payload["content"] or case is CASE
