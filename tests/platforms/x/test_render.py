"""What a post becomes on X: whole, short, or a thread; with its files; and never cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Severity
from copydesk.core.post import Adaptation, Content, Media, Tier
from copydesk.platforms.x import PLATFORM
from copydesk.testing.fake_x_rules import check_create, weigh
from copydesk.testing.samples import sample_case, sample_content, sample_subject
from copydesk.transformation.tracking import Tracking
from tests.platforms.x.desk import film, picture

ACCOUNT = sample_case("x").account
LONG = "\n\n".join(f"Paragraph {n} says something that takes its place here." for n in range(12))


def rendered(content: Content, **settings: str) -> Rendition:
    account = replace(ACCOUNT, settings={**ACCOUNT.settings, **settings})
    return PLATFORM.render(sample_subject(content), account)


def texts(rendition: Rendition) -> list[str]:
    return [part["text"] for part in rendition.payload["parts"]]


def files(rendition: Rendition) -> list[list[str]]:
    return [[item["name"] for item in part["media"]] for part in rendition.payload["parts"]]


def errors(rendition: Rendition) -> list[str]:
    found = PLATFORM.validate(rendition, ACCOUNT)
    return [f.code for f in found if f.severity is Severity.ERROR]


def with_override(content: Content, **override: Any) -> Content:
    return replace(content, overrides={"x": override})


def test_a_short_post_goes_whole_with_link_and_hashtags() -> None:
    rendition = rendered(sample_content(canonical_url="https://example.org/desks"))
    assert texts(rendition) == [
        "Copy desks\n\nDesks are open again.\n\nhttps://example.org/desks\n\n#newsroom #OpenSource"
    ]
    assert rendition.payload["parts"][0]["length"] == weigh(texts(rendition)[0])
    assert rendition.losses == ()


def test_the_account_or_the_author_choose_the_form() -> None:
    long = sample_content(LONG)
    assert len(texts(rendered(long, form="thread"))) > 1
    assert len(texts(rendered(with_override(long, form="thread")))) > 1
    whole = rendered(with_override(long, form="post"), form="thread")
    assert len(texts(whole)) == 1
    assert errors(whole) == ["text_too_long"]


def test_a_thread_says_everything_in_parts_that_fit() -> None:
    rendition = rendered(sample_content(LONG, canonical_url="https://example.org/a"), form="thread")
    assert all(weigh(text) <= 280 for text in texts(rendition))
    said = " ".join(" ".join(texts(rendition)).split())
    for number in range(12):
        assert f"Paragraph {number} says something that takes its place here." in said
    assert errors(rendition) == []


def test_premium_writes_it_whole() -> None:
    assert (
        texts(rendered(sample_content(LONG), premium="yes", form="post"))[0].count("Paragraph")
        == 12
    )


def test_what_leads_to_our_site_is_tagged() -> None:
    content = sample_content(canonical_url="https://example.org/desks")
    tracking = Tracking(host="example.org", source="x", medium="social", campaign="desks")
    subject = replace(sample_subject(content), tracking=tracking)
    rendition = PLATFORM.render(subject, ACCOUNT)
    assert "https://example.org/desks?utm_source=x&utm_medium=social" in rendition.text


def test_the_authors_own_words_win() -> None:
    content = with_override(sample_content(LONG), text="My own words.")
    assert texts(rendered(content)) == ["My own words."]
    thread = with_override(sample_content(LONG), parts=["One.", "Two."])
    assert texts(rendered(thread)) == ["One.", "Two."]
    named = replace(content, overrides={"x": {"text": "X."}, "sample": {"text": "Sample."}})
    assert texts(rendered(named)) == ["Sample."]


def test_then_what_was_written_for_x() -> None:
    adapted = {"x": Adaptation(texts=("Shorter, by a model.",), tier=Tier.CAPABLE)}
    rendition = rendered(replace(sample_content(LONG, title="T"), adaptations=adapted, tags=()))
    assert texts(rendition) == ["Shorter, by a model."]
    assert any("written for x" in loss.why for loss in rendition.losses)


def test_choices_come_from_the_post_then_from_the_account() -> None:
    poll = {"options": ["Yes", "No"], "duration_minutes": 60}
    chosen = with_override(
        sample_content(),
        reply_settings="verified",
        made_with_ai=True,
        paid_partnership=True,
        poll=poll,
    )
    payload = rendered(chosen, reply_settings="following").payload
    assert payload["reply_settings"] == "verified"
    assert (payload["made_with_ai"], payload["paid_partnership"]) == (True, True)
    assert payload["poll"] == poll
    plain = rendered(sample_content(), reply_settings="following").payload
    assert plain["reply_settings"] == "following"
    assert (plain["made_with_ai"], plain["paid_partnership"], plain["poll"]) == (False, False, None)


def test_an_override_x_does_not_know_is_a_loss() -> None:
    rendition = rendered(with_override(sample_content(), quote="https://x.com/a/status/1"))
    (loss,) = rendition.losses
    assert "'quote'" in loss.what
    assert "reply_settings" in loss.why


# -- files ----------------------------------------------------------------------------------------


def test_images_go_with_the_part_they_stand_in() -> None:
    body = f"{LONG}\n\n![Last](b.png)"
    content = sample_content(
        f"![First](a.png)\n\n{body}", media=(picture("a.png"), picture("b.png"))
    )
    rendition = rendered(content, form="thread")
    assert files(rendition)[0] == ["a.png"]
    assert files(rendition)[-1] == ["b.png"]
    alts = [item["alt"] for part in rendition.payload["parts"] for item in part["media"]]
    assert alts == ["First", "Last"]


def test_a_file_without_a_place_in_the_text_goes_first() -> None:
    rendition = rendered(sample_content(media=(picture("a.png"),)))
    assert files(rendition) == [["a.png"]]
    assert [media.name for media in rendition.media] == ["a.png"]


def test_what_finds_no_place_is_a_loss() -> None:
    media = tuple(picture(f"{n}.png") for n in range(6))
    rendition = rendered(sample_content(media=media))
    assert files(rendition) == [["0.png", "1.png", "2.png", "3.png"]]
    assert [loss.what for loss in rendition.losses] == ["file 4.png", "file 5.png"]
    assert errors(rendition) == []


def test_a_film_goes_alone() -> None:
    rendition = rendered(sample_content(media=(film(), picture(), film("wave.gif", size=9))))
    assert files(rendition) == [["clip.mp4"]]
    assert [loss.what for loss in rendition.losses] == ["file a.png", "file wave.gif"]


@pytest.mark.parametrize("kind", ["audio/mpeg", "application/pdf", "image/svg+xml", "video/webm"])
def test_what_x_does_not_take_is_a_loss(kind: str) -> None:
    odd = replace(picture("odd"), content_type=kind)
    rendition = rendered(sample_content(media=(odd,)))
    assert files(rendition) == [[]]
    assert [loss.what for loss in rendition.losses] == ["file odd"]


def test_an_image_that_is_made_to_fit_says_so() -> None:
    large: Media = replace(picture("a.png"), size=6_000_000, width=4000, height=3000)
    rendition = rendered(sample_content(media=(large,)))
    assert files(rendition) == [["a.png"]]
    (loss,) = rendition.losses
    assert (loss.what, loss.how) == ("file a.png", "made anew to fit")


def test_the_author_may_choose_the_files() -> None:
    content = sample_content(media=(picture("a.png"), picture("b.png"), film()))
    assert files(rendered(with_override(content, media=["b.png"]))) == [["b.png"]]
    assert files(rendered(with_override(content, media=[]))) == [[]]
    both = rendered(with_override(content, media=["b.png", "clip.mp4"]))
    assert errors(both) == ["media_mixed"]
    missing = rendered(with_override(content, media=["c.png"]))
    assert [loss.what for loss in missing.losses] == ["file c.png"]


# -- any post -------------------------------------------------------------------------------------

LETTERS = st.sampled_from("ab 日é🙂\u200d.!?\n#@$&<>*_`[]()-") | st.characters(codec="utf-8")
WORDS = st.text(LETTERS, max_size=400) | st.sampled_from(
    [
        "https://example.org/" + "x" * 300,
        "@someone@example.org and example.com",
        "A sentence of words. " * 40,
        "![alt](a.png)",
        "| a | b |\n| - | - |\n| c | d |",
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(WORDS, max_size=5),
    title=WORDS,
    url=st.sampled_from(["", "https://example.org/p"]),
    form=st.sampled_from(["post", "thread"]),
)
def test_any_post_fits_or_is_refused(parts: list[str], title: str, url: str, form: str) -> None:
    content = sample_content(
        "\n\n".join(parts), title=title, canonical_url=url, media=(picture("a.png"),)
    )
    rendition = rendered(content, form=form)
    refused = errors(rendition)
    for part in rendition.payload["parts"]:
        body: dict[str, Any] = {"text": part["text"]}
        if part["media"]:
            body["media"] = {"media_ids": [str(n) for n, _ in enumerate(part["media"])]}
        check_create(body)
        too_long = weigh(part["text"]) > 280
        assert not too_long or "text_too_long" in refused
    assert len(rendition.payload["parts"]) <= 25 or "parts_too_many" in refused
