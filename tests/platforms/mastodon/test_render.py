"""What a post becomes on Mastodon, and that nothing is cut on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.mastodon import PLATFORM
from copydesk.platforms.mastodon.software import SOFTWARE, named_in
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import Case, sample_case, sample_content, sample_media, sample_subject
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
    assert "sentences" in rendition.losses[0].what
    assert "behind the link" in rendition.losses[0].how
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
    assert "form: thread" in finding.remedy


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
        ((file("a.svg", "image/svg+xml"),), "media_cannot_fit"),
        ((file("a.mp4", "video/mp4", 120_000_000),), "media_too_large"),
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


def test_of_too_many_images_the_first_go_along_when_there_is_a_link() -> None:
    media = tuple(file(f"{n}.png", "image/png") for n in range(6))
    rendition = CASE.render(sample_content(media=media, canonical_url=URL))
    assert [item.name for item in rendition.media] == ["0.png", "1.png", "2.png", "3.png"]
    behind = [loss.what for loss in rendition.losses if "behind" in loss.how]
    assert behind == ["file 4.png", "file 5.png"]


def test_a_large_image_is_made_smaller_instead_of_refused() -> None:
    assert codes(sample_content(media=(file("a.png", "image/png", 20_000_000),))) == []


def test_what_stands_for_a_post_shows_its_cover() -> None:
    media = (file("a.png", "image/png"), file("cover.png", "image/png"))
    content = replace(sample_content(LONG, canonical_url=URL, media=media), cover="cover.png")
    assert [item.name for item in CASE.render(content).media] == ["cover.png"]


def threaded(body: str, **more: Any) -> dict[str, Any]:
    content = replace(sample_content(body, canonical_url=URL), **more)
    overrides = {"mastodon": {"form": "thread", **content.overrides.get("mastodon", {})}}
    return dict(CASE.render(replace(content, overrides=overrides)).payload)


def test_a_thread_keeps_every_word_and_only_its_first_part_is_public() -> None:
    words = [f"word{number:03}" for number in range(250)]
    parts = threaded(" ".join(words))["parts"]
    assert len(parts) > 2
    assert all(part["characters"] <= 500 for part in parts)
    for word in words:
        assert sum(word in part["status"] for part in parts) == 1
    assert [part["visibility"] for part in parts] == ["public"] + ["unlisted"] * (len(parts) - 1)
    private = threaded(" ".join(words), overrides={"mastodon": {"visibility": "private"}})
    assert {part["visibility"] for part in private["parts"]} == {"private"}


def test_the_content_warning_takes_its_share_of_every_part() -> None:
    payload = threaded(LONG, overrides={"mastodon": {"spoiler_text": "w" * 100}})
    assert all(len(part["status"]) <= 400 for part in payload["parts"])


def test_a_thread_that_fits_is_one_status() -> None:
    payload = threaded("Short.")
    assert "parts" not in payload
    assert payload["status"].startswith("Copy desks")


def on(software: str) -> Case:
    return sample_case("mastodon", {"software": software})


def test_only_mastodon_itself_is_trusted_to_know_a_key() -> None:
    assert PLATFORM.idempotency(CASE.account) is Idempotency.KEY_HEADER
    for name in SOFTWARE.keys() - {"mastodon"}:
        assert PLATFORM.idempotency(on(name).account) is Idempotency.NONE
        assert PLATFORM.reconcile(on(name).account).find


def test_limits_and_rules_are_those_of_the_software() -> None:
    assert PLATFORM.limits(on("gotosocial").account)["text"].value == 5000
    pixelfed = on("pixelfed")
    refused = {f.code for f in pixelfed.errors(pixelfed.render(sample_content()))}
    assert refused == {"media_needed"}
    direct = replace(sample_content(), overrides={"mastodon": {"visibility": "direct"}})
    assert "visibility_unknown" in {f.code for f in pixelfed.errors(pixelfed.render(direct))}


@pytest.mark.parametrize(
    ("version", "source", "name"),
    [
        ("4.5.0", "https://github.com/mastodon/mastodon", "mastodon"),
        ("4.3.0+glitch", "https://github.com/glitch-soc/mastodon", "mastodon"),
        ("2.7.2 (compatible; Pleroma 2.6.0)", "", "pleroma"),
        ("2.7.2 (compatible; Akkoma 3.13.2)", "", "pleroma"),
        ("3.5.3 (compatible; Pixelfed 0.12.1)", "", "pixelfed"),
        ("0.19.1", "https://codeberg.org/superseriousbusiness/gotosocial", "gotosocial"),
        ("4.2.1 (compatible; Somebody 1.0)", "", "other"),
    ],
)
def test_an_instance_says_what_it_runs(version: str, source: str, name: str) -> None:
    assert named_in(version, source) == name


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
