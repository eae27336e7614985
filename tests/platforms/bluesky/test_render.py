"""What a post becomes on Bluesky, and that nothing is cut on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.delivery import part_key
from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.bluesky import PLATFORM
from copydesk.platforms.bluesky.addresses import PostName, read_name
from copydesk.platforms.bluesky.facets import show
from copydesk.platforms.bluesky.tid import is_tid, record_key
from copydesk.testing.clocks import NOON
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import sample_case, sample_content, sample_media, sample_subject
from copydesk.transformation.counting import graphemes, utf8_bytes

URL = "https://example.org/desks"
LONG_URL = "https://example.org/posts/about-desks/2026?utm_source=bluesky"
LONG = "A sentence about desks. " * 40
ACCOUNT = {"identifier": "desk.example.org"}
KEY = "3jzfcijpj2z2a"


class TestBluesky(PlatformContract):
    name = "bluesky"
    settings = ACCOUNT


CASE = sample_case("bluesky", ACCOUNT)


def overridden(content: Content, **override: Any) -> Content:
    return replace(content, overrides={"bluesky": override})


def codes(content: Content) -> list[str]:
    return [f.code for f in PLATFORM.validate(CASE.render(content), CASE.account)]


def features(part: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what each facet of a part stands on, and what it leads to."""
    text = part["text"].encode()
    found = []
    for facet in part["facets"]:
        index, feature = facet["index"], facet["features"][0]
        target = next(value for key, value in feature.items() if key != "$type")
        found.append((text[index["byteStart"] : index["byteEnd"]].decode(), target))
    return found


def test_facets_stand_on_bytes_whatever_the_script() -> None:
    shown = show("Größe 👩‍👩‍👧: https://example.org/a, مرحبا #größe @ada.example.org!")
    assert features({"text": shown.text, "facets": shown.facets}) == [
        ("https://example.org/a", "https://example.org/a"),
        ("#größe", "größe"),
        ("@ada.example.org", "ada.example.org"),
    ]


def test_a_long_address_is_shown_in_short_and_leads_to_all_of_it() -> None:
    shown = show(f"See {LONG_URL}. Bye.")
    assert shown.text == "See example.org/posts/about-d…. Bye."
    assert features({"text": shown.text, "facets": shown.facets}) == [
        ("example.org/posts/about-d…", LONG_URL)
    ]
    assert show(f"See {URL}").text == f"See {URL}"


@pytest.mark.parametrize(
    "text",
    [
        "`https://example.org/posts/about-desks/2026`",
        "https://ada:secret@example.org/posts/about-desks",
    ],
)
def test_what_must_stay_readable_is_not_shortened(text: str) -> None:
    assert show(text).text == text


def test_names_that_are_no_handles_stay_plain_and_are_told() -> None:
    content = sample_content("Thanks @bob and @ada@social.example!")
    rendition = CASE.render(content)
    assert features(rendition.payload["parts"][0]) == [
        ("#newsroom", "newsroom"),
        ("#OpenSource", "OpenSource"),
    ]
    lost = [loss.what for loss in rendition.losses]
    assert lost == ["mention @bob", "mention @ada@social.example"]


def test_a_post_with_a_link_has_a_card_and_leaves_its_title_there() -> None:
    rendition = CASE.render(sample_content("Desks are open.", canonical_url=URL))
    (part,) = rendition.payload["parts"]
    assert part["text"] == f"Desks are open.\n\n{URL}\n\n#newsroom #OpenSource"
    assert (part["card"]["uri"], part["card"]["title"]) == (URL, "Copy desks")


def test_the_card_can_be_left_out() -> None:
    content = overridden(sample_content("Desks are open.", canonical_url=URL), card=False)
    (part,) = CASE.render(content).payload["parts"]
    assert part["card"] is None
    assert part["text"].startswith("Copy desks\n\nDesks are open.")


def test_images_take_the_place_of_the_card() -> None:
    content = sample_content(
        "![A desk, seen](pixel.png) Open.", canonical_url=URL, media=(sample_media(),)
    )
    (part,) = CASE.render(content).payload["parts"]
    assert part["images"] == [{"name": "pixel.png", "alt": "A desk, seen"}]
    assert part["card"] is None


def test_an_extract_shows_the_cover_in_its_card() -> None:
    media = (sample_media("map.png"), sample_media("cover.png"))
    content = replace(sample_content(LONG, canonical_url=URL, media=media), cover="cover.png")
    rendition = CASE.render(overridden(content, form="post"))
    (part,) = rendition.payload["parts"]
    assert (part["images"], part["card"]["thumb"]) == ([], "cover.png")
    assert [media.name for media in rendition.media] == ["cover.png"]
    assert "image map.png" in [loss.what for loss in rendition.losses]


def test_a_thread_splits_keeps_every_word_and_ends_with_link_and_card() -> None:
    words = " ".join(f"word{number:03}" for number in range(150))
    rendition = CASE.render(overridden(sample_content(words, canonical_url=URL), form="thread"))
    parts = rendition.payload["parts"]
    assert len(parts) > 1
    assert all(part["graphemes"] <= 300 for part in parts)
    for word in words.split():
        assert sum(word in part["text"] for part in parts) == 1
    assert [part["card"] is not None for part in parts] == [False] * (len(parts) - 1) + [True]
    assert URL in parts[-1]["text"]


def test_the_accounts_form_decides_unless_the_author_does() -> None:
    account = sample_case("bluesky", {**ACCOUNT, "form": "thread"}).account
    content = sample_content(LONG)
    assert len(PLATFORM.render(sample_subject(content), account).payload["parts"]) > 1
    one = overridden(content, form="post")
    assert len(PLATFORM.render(sample_subject(one), account).payload["parts"]) == 1


def test_overrides_win_and_unknown_ones_are_named() -> None:
    content = replace(
        sample_content(LONG),
        overrides={
            "bluesky": {"text": "For all.", "labels": "nudity", "colour": "red"},
            "sample": {"text": "For this one.", "languages": ["de", "en"]},
        },
    )
    rendition = CASE.render(content)
    assert [part["text"] for part in rendition.payload["parts"]] == ["For this one."]
    assert rendition.payload["langs"] == ["de", "en"]
    assert rendition.payload["labels"] == ["nudity"]
    assert "override 'colour'" in [loss.what for loss in rendition.losses]


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"text": "x" * 301}, "text_too_long"),
        ({"text": "👩‍👩‍👧‍👦" * 299}, "text_too_long"),
        ({"languages": ["en", "de", "fr", "it"]}, "language_invalid"),
        ({"language": "englisch!"}, "language_invalid"),
        ({"labels": ["rude"]}, "label_unknown"),
        ({"quote": "https://example.org/"}, "quote_invalid"),
        ({"form": "sonnet"}, "form_unknown"),
        ({"parts": ["x"] * 26}, "thread_too_long"),
        ({"parts": ["x", ""]}, "empty"),
    ],
)
def test_what_the_server_would_refuse_is_said_before(override: dict[str, Any], code: str) -> None:
    assert code in codes(overridden(sample_content(), **override))


def picture(name: str, **more: Any) -> Media:
    return replace(sample_media(name), **more)


def test_files_are_judged() -> None:
    five = tuple(picture(f"{n}.png") for n in range(5))
    assert codes(sample_content(media=five)) == ["media_too_many"]
    linked = sample_content(media=five, canonical_url=URL)
    assert codes(linked) == []
    assert "image 4.png" in [loss.what for loss in CASE.render(linked).losses]
    (finding,) = PLATFORM.validate(
        CASE.render(sample_content(media=(picture("a.png", alt=""),))), CASE.account
    )
    assert (finding.code, finding.severity) == ("alt_missing", Severity.WARNING)
    film = picture("a.mp4", content_type="video/mp4")
    assert "file a.mp4" in [loss.what for loss in CASE.render(sample_content(media=(film,))).losses]


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=900),
    st.text(max_size=60),
    st.booleans(),
    st.sampled_from(["post", "thread", "announcement"]),
)
def test_whatever_passes_validation_fits(body: str, summary: str, linked: bool, form: str) -> None:
    content = overridden(
        sample_content(body, summary=summary, canonical_url=LONG_URL if linked else ""), form=form
    )
    rendition = CASE.render(content)
    too_long = [
        part
        for part in rendition.payload["parts"]
        if graphemes(part["text"]) > 300 or utf8_bytes(part["text"]) > 3000
    ]
    assert bool(too_long) == ("text_too_long" in codes(content))
    for part in rendition.payload["parts"]:
        features(part)
    if linked:
        assert LONG_URL in str(rendition.payload)
    assert rendition == CASE.render(content)


# -- keys and addresses ---------------------------------------------------------------------------


@given(st.text(max_size=40), st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1)))
@settings(max_examples=60, deadline=None)
def test_keys_are_tids_that_tell_the_second(key: str, at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    tid = record_key(key, moment)
    assert is_tid(tid)
    assert tid == record_key(key, moment)
    value = 0
    for character in tid:
        value = value << 5 | "234567abcdefghijklmnopqrstuvwxyz".index(character)
    assert (value >> 10) // 1_000_000 == max(0, int(moment.timestamp()))


def test_keys_of_one_second_stay_apart_and_parts_sort() -> None:
    keys = {record_key(f"key-{number}", NOON) for number in range(2_000)}
    assert len(keys) == 2_000
    parts = [record_key(part_key("key", number), NOON, number) for number in range(20)]
    assert parts == sorted(parts)


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        (f"https://bsky.app/profile/ada.example.org/post/{KEY}", f"at://ada.example.org/{KEY}"),
        (f"https://bsky.app/profile/did:plc:abc/post/{KEY}/", f"at://did:plc:abc/{KEY}"),
        (f"https://deer.social/profile/did%3Aplc%3Aabc/post/{KEY}", f"at://did:plc:abc/{KEY}"),
        (f"at://did:plc:abc/app.bsky.feed.post/{KEY}", f"at://did:plc:abc/{KEY}"),
        ("https://bsky.app/profile/ada.example.org", ""),
        (f"https://bsky.app/profile/nobody/post/{KEY}", ""),
        ("https://bsky.app/profile/ada.example.org/post/12", ""),
        ("at://did:plc:abc/app.bsky.feed.like/3jzfcijpj2z2a", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_addresses_are_read(url: str, uri: str) -> None:
    name = read_name(url)
    assert (name.uri.replace("app.bsky.feed.post/", "") if name else "") == uri
    if name:
        assert read_name(name.uri) == read_name(name.url) == PostName(name.repo, KEY)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"identifier": "ada@example.org"}, "identifier"),
        ({"identifier": "ada"}, "identifier"),
        ({"identifier": "ada.example.org", "base_url": "http://example.org"}, "base_url"),
        ({"identifier": "ada.example.org", "base_url": "https://example.org/xrpc"}, "base_url"),
        ({"identifier": "ada.example.org", "language": "deutsch!"}, "language"),
    ],
)
def test_settings_are_judged(settings: dict[str, str], field: str) -> None:
    findings = PLATFORM.check_settings(settings, {"app_password": "x"})
    assert [finding.field for finding in findings] == [field]
    good = {"identifier": "@ada.example.org"}
    assert PLATFORM.check_settings(good, {"app_password": "x"}) == []
