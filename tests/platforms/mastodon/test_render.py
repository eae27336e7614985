"""What a post becomes on Mastodon, and that nothing is cut on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.mastodon import PLATFORM
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import sample_case, sample_content, sample_media, sample_subject
from copydesk.transformation.hashtags import hashtag, hashtags

URL = "https://example.org/desk"
LONG = "A sentence about desks. " * 40


class TestMastodon(PlatformContract):
    name = "mastodon"


CASE = sample_case("mastodon")


def codes(content: Content) -> list[str]:
    return [f.code for f in PLATFORM.validate(CASE.render(content), CASE.account)]


def file(name: str, content_type: str, size: int = 9, alt: str = "described") -> Media:
    return Media(name=name, content_type=content_type, sha256=name, size=size, alt=alt)


def test_a_post_that_fits_goes_whole() -> None:
    rendition = CASE.render(
        sample_content(
            "Desks are *open*, see [the list](https://example.org/l).", canonical_url=URL
        )
    )
    assert rendition.text == (
        "Copy desks\n\n"
        "Desks are open, see the list (https://example.org/l).\n\n"
        "https://example.org/desk\n\n"
        "#newsroom #OpenSource"
    )
    assert rendition.payload["visibility"] == "public"
    assert rendition.payload["language"] == "en"
    assert [loss.what for loss in rendition.losses] == ["emphasis"]


def test_a_title_repeated_by_the_body_is_said_once() -> None:
    rendition = CASE.render(sample_content("# Copy desks\n\nOpen again."))
    assert rendition.text.count("Copy desks") == 1


def test_a_long_post_is_announced_and_the_loss_says_so() -> None:
    content = sample_content(LONG, summary="Desks, at length.", canonical_url=URL)
    rendition = CASE.render(content)
    assert rendition.text == f"Copy desks\n\nDesks, at length.\n\n{URL}\n\n#newsroom #OpenSource"
    assert rendition.losses[0].what == "body"
    assert "behind the link" in rendition.losses[0].how
    assert "500" in rendition.losses[0].why
    assert codes(content) == []


def test_a_long_post_with_a_summary_alone_does_not_promise_a_link() -> None:
    rendition = CASE.render(sample_content(LONG, summary="Desks, at length."))
    assert "left out" in rendition.losses[0].how


def test_a_long_post_without_either_is_refused_with_choices() -> None:
    content = sample_content(LONG)
    rendition = CASE.render(content)
    assert LONG.strip() in rendition.text
    (finding,) = PLATFORM.validate(rendition, CASE.account)
    assert finding.code == "text_too_long"
    assert f"{rendition.payload['characters']} characters" in finding.message
    assert "canonical URL" in finding.remedy


def test_the_accounts_limit_decides() -> None:
    account = sample_case("mastodon", {"max_characters": "5000"}).account
    content = sample_content(LONG)
    rendition = PLATFORM.render(sample_subject(content), account)
    assert PLATFORM.validate(rendition, account) == []
    assert PLATFORM.limits(account)["text"].value == 5000


def test_overrides_win_the_accounts_before_the_platforms() -> None:
    overrides: dict[str, dict[str, Any]] = {
        "mastodon": {"text": "For all.", "spoiler_text": "News", "visibility": "unlisted"},
        "sample": {"text": "For this one."},
    }
    rendition = CASE.render(replace(sample_content(LONG), overrides=overrides))
    assert rendition.payload["status"] == "For this one."
    assert rendition.payload["spoiler_text"] == "News"
    assert rendition.payload["sensitive"] is True
    assert rendition.payload["visibility"] == "unlisted"


def test_overrides_are_checked_and_unknown_ones_named() -> None:
    overrides = {"mastodon": {"text": "x" * 501, "visibility": "everyone", "colour": "red"}}
    content = replace(sample_content(), overrides=overrides)
    assert set(codes(content)) == {"text_too_long", "visibility_unknown"}
    assert "override 'colour'" in [loss.what for loss in CASE.render(content).losses]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=700), st.text(max_size=60), st.booleans())
def test_whatever_passes_validation_fits_and_nothing_is_cut(
    body: str, summary: str, linked: bool
) -> None:
    content = sample_content(body, summary=summary, canonical_url=URL if linked else "")
    rendition = CASE.render(content)
    errors = CASE.errors(rendition)
    assert bool(errors) == (rendition.payload["characters"] > 500)
    assert "…" not in rendition.text or "…" in body + summary
    assert rendition == CASE.render(content)


def test_media_in_the_body_is_attached_with_the_bodys_description() -> None:
    content = sample_content("![A desk, seen](pixel.png)", media=(sample_media(alt="other"),))
    rendition = CASE.render(content)
    assert [media.alt for media in rendition.media] == ["A desk, seen"]
    assert rendition.losses == ()


@pytest.mark.parametrize(
    ("media", "code"),
    [
        ((file("a.svg", "image/svg+xml"),), "media_type"),
        ((file("a.png", "image/png", 20_000_000),), "media_too_large"),
        ((file("a.png", "image/png", alt="x" * 1501),), "alt_too_long"),
        ((file("a.png", "image/png", alt=""),), "alt_missing"),
        ((file("a.mp4", "video/mp4"), file("b.png", "image/png")), "media_mixed"),
        (tuple(file(f"{n}.png", "image/png") for n in range(5)), "media_too_many"),
    ],
)
def test_files_are_judged(media: tuple[Media, ...], code: str) -> None:
    assert codes(sample_content(media=media)) == [code]


def test_a_missing_description_does_not_stop_a_post() -> None:
    content = sample_content(media=(file("a.png", "image/png", alt=""),))
    (finding,) = PLATFORM.validate(CASE.render(content), CASE.account)
    assert finding.severity is Severity.WARNING


def test_too_many_images_are_announced_when_there_is_a_link() -> None:
    media = tuple(file(f"{n}.png", "image/png") for n in range(5))
    rendition = CASE.render(sample_content(media=media, canonical_url=URL))
    assert [item.name for item in rendition.media] == ["0.png"]
    assert any("1.png" in loss.what for loss in rendition.losses)


def test_other_files_are_named_as_lost() -> None:
    rendition = CASE.render(sample_content(media=(file("notes.pdf", "application/pdf"),)))
    assert rendition.media == ()
    assert rendition.losses[0].what == "file notes.pdf"


@pytest.mark.parametrize(
    ("tag", "made"),
    [
        ("open source", "#OpenSource"),
        ("iOS", "#iOS"),
        ("snake_case", "#snake_case"),
        ("2026", ""),
        ("web 2.0", "#Web20"),
        ("größe zählt", "#GrößeZählt"),
        ("🙂", ""),
    ],
)
def test_hashtags(tag: str, made: str) -> None:
    assert hashtag(tag) == made


def test_hashtags_lose_nothing_silently() -> None:
    line, losses = hashtags(["c++", "News", "news", "2026"])
    assert line == "#c #News"
    assert [loss.what for loss in losses] == ["tag 'c++'", "tag '2026'"]


@pytest.mark.parametrize(
    "address",
    ["mastodon.example", "http://mastodon.example", "https://mastodon.example/@ada", "https://["],
)
def test_a_token_is_only_sent_to_a_proper_instance(address: str) -> None:
    findings = PLATFORM.check_settings({"base_url": address}, {"access_token": "t"})
    assert [finding.field for finding in findings] == ["base_url"]


def test_clear_text_is_fine_on_this_machine_alone() -> None:
    for address in ("http://127.0.0.1:3000", "http://localhost:3000/", "http://[::1]:3000"):
        assert PLATFORM.check_settings({"base_url": address}, {"access_token": "t"}) == []


@pytest.mark.parametrize("limit", ["0", "-5", "many", "5.5"])
def test_the_limit_must_be_a_number(limit: str) -> None:
    settings = {"base_url": "https://mastodon.example", "max_characters": limit}
    findings = PLATFORM.check_settings(settings, {"access_token": "t"})
    assert [finding.field for finding in findings] == ["max_characters"]
