"""Short forms: whose words go first, what an extract takes, and what it says it left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.post import Adaptation, Content, Tier
from copydesk.transformation.condensing import Brief, Short, condense
from copydesk.transformation.counting import graphemes
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.forms import Form
from copydesk.transformation.room import Bound, Room

LINK = "https://desk.example/archive"
ARTICLE = """We moved an archive. It took seven months.

![Shelves](shelves.jpg)

## The first attempt

We began with a script. It printed a line for each article. It stopped after nine hours.

```python
print("stopped")
```

## Twins

Which articles are the same? Those that a reader would call the same. We asked students.

![Twins](twins.jpg)

## Numbers

| system | articles |
|--------|----------|
| Alpha  | 1,200    |

## Money

Three people worked on it. [Storage](https://store.example) costs 38 euros a month.
"""


def content(body: str = ARTICLE, **changes: Any) -> Content:
    return Content(title="Forty years of a local paper", body=body, slug="forty-years", **changes)


def short(post: Content, form: Form, most: int, **changes: Any) -> Short:
    settings: dict[str, Any] = {"link": LINK, "override": {}, "platform": "x", **changes}
    room = Room((Bound(graphemes, most, "graphemes"),))
    return condense(post, parse_markdown(post.body), Brief(form=form, room=room, **settings))


def names(images: tuple[Any, ...]) -> list[list[str]]:
    return [[image.path for image in part] for part in images]


def test_a_post_that_fits_goes_whole_with_its_images() -> None:
    made = short(content("A *short* note.\n\n![Cat](cat.jpg)"), Form.POST, 200, tags="#cats")
    assert made.texts == (f"Forty years of a local paper\n\nA short note.\n\n{LINK}\n\n#cats",)
    assert made.is_whole
    assert names(made.images) == [["cat.jpg"]]
    assert [loss.what for loss in made.losses] == ["emphasis"]


def test_the_title_is_not_said_twice() -> None:
    made = short(content("# Forty years of a local paper\n\nA note."), Form.POST, 200, link="")
    assert made.texts == ("Forty years of a local paper\n\nA note.",)
    carded = short(content("A note."), Form.POST, 200, link="", repeats_title=False)
    assert carded.texts == ("A note.",)


def test_a_longer_one_becomes_title_summary_link_and_tags() -> None:
    made = short(content(summary="How we moved it."), Form.POST, 120, tags="#archive")
    assert made.texts == (
        f"Forty years of a local paper\n\nHow we moved it.\n\n{LINK}\n\n#archive",
    )
    assert not made.is_whole
    assert names(made.images) == [["shelves.jpg"]]
    assert [f"{loss.what}: {loss.how}" for loss in made.losses] == [
        "10 of the 10 sentences: stays behind the link",
        "a code block: stays behind the link",
        "a table: stays behind the link",
        "image twins.jpg: stays behind the link",
    ]
    assert made.losses[0].why.startswith("the whole post has ")


def test_without_a_summary_the_first_sentences_stand_for_it() -> None:
    made = short(content(), Form.POST, 90, tags="#a-rather-long-hashtag-that-has-no-room")
    assert made.texts == (f"Forty years of a local paper\n\nWe moved an archive.\n\n{LINK}",)
    assert "tags #a-rather-long-hashtag-that-has-no-room" in [loss.what for loss in made.losses]


def test_a_thread_says_what_each_section_says_and_ends_with_the_link() -> None:
    made = short(content(), Form.THREAD, 110, most_parts=5, numbered=True, tags="#archive")
    assert made.texts == (
        "Forty years of a local paper\n\nWe moved an archive. It took seven months. (1/5)",
        "The first attempt\n\nWe began with a script. It printed a line for each article. (2/5)",
        "Twins\n\nWhich articles are the same? Those that a reader would call the same. "
        "We asked students. (3/5)",
        "Money\n\nThree people worked on it. Storage costs 38 euros a month. (4/5)",
        f"{LINK}\n\n#archive (5/5)",
    )
    assert names(made.images)[0] == ["shelves.jpg"]
    assert "section 'Numbers'" in [loss.what for loss in made.losses]


def test_sections_for_which_there_are_no_parts_left_are_named() -> None:
    made = short(content(), Form.THREAD, 110, most_parts=2)
    assert made.texts[-1].endswith(LINK)
    lost = [loss.what for loss in made.losses]
    assert {"section 'The first attempt'", "section 'Twins'", "section 'Money'"} <= set(lost)


def test_a_thread_of_few_enough_parts_is_the_whole_post_with_images_where_they_stand() -> None:
    made = short(content(), Form.THREAD, 200, most_parts=10)
    assert made.is_whole
    with_twins = [part for part, images in zip(made.texts, made.images, strict=True) if images]
    assert "We moved an archive." in with_twins[0]
    assert "We asked students." in with_twins[-1]
    assert not any(text.endswith(("The first attempt", "Twins", "Money")) for text in made.texts)


def test_a_thread_without_headings_is_made_of_paragraphs() -> None:
    body = "\n\n".join(f"Paragraph {n} begins. {'It goes on. ' * 12}" for n in range(1, 9))
    made = short(content(body), Form.THREAD, 120, most_parts=4)
    assert len(made.texts) == 3
    assert made.texts[1].startswith("Paragraph 2 begins.\n\nParagraph 3 begins.")
    assert made.texts[-1].endswith(LINK)


def test_a_newsletter_gets_title_lead_points_and_link() -> None:
    made = short(content(), Form.SUMMARY, 5_000)
    assert made.texts == (
        "Forty years of a local paper\n\n"
        "We moved an archive. It took seven months.\n\n"
        "- The first attempt: We began with a script. It printed a line for each article.\n"
        "- Twins: Which articles are the same? Those that a reader would call the same.\n"
        "- Numbers\n"
        "- Money: Three people worked on it. Storage costs 38 euros a month.\n\n"
        f"{LINK}",
    )


def test_an_announcement_is_headline_gist_and_link() -> None:
    made = short(content(summary="How we moved it."), Form.ANNOUNCEMENT, 2_000)
    assert made.texts == (f"Forty years of a local paper\n\nHow we moved it.\n\n{LINK}",)
    assert made.losses[0].why == "an announcement was asked for"


def test_without_an_address_what_is_left_out_says_so() -> None:
    made = short(content(), Form.ANNOUNCEMENT, 2_000, link="")
    assert made.texts[0].endswith("It took seven months.")
    assert made.losses[0].how == "left out: the post has no address that could lead to it"


def test_a_note_that_nothing_can_stand_for_stays_too_long() -> None:
    body = "Words and words. " * 30
    made = short(replace(content(body), title=""), Form.POST, 100, link="")
    assert made.is_whole
    assert made.texts == (body.strip(),)


def test_the_authors_own_text_goes_before_all() -> None:
    adapted = {"x": Adaptation(texts=("By a model.",), tier=Tier.LIGHT)}
    post = content(adaptations=adapted)
    made = short(post, Form.POST, 30, override={"text": "My own words, however long they may be."})
    assert made.texts == ("My own words, however long they may be.",)
    assert made.tier is Tier.PERSON
    parts = short(post, Form.THREAD, 30, override={"parts": ["One.", "Two."]}, most_parts=5)
    assert parts.texts == ("One.", "Two.")


def test_parts_where_there_are_no_threads_become_one_text_and_it_is_said() -> None:
    made = short(content(), Form.POST, 300, override={"parts": ["One.", "Two."]})
    assert made.texts == ("One.\n\nTwo.",)
    assert made.losses[0].how == "written as one text"


def test_a_long_text_of_the_author_becomes_a_thread_where_one_was_asked_for() -> None:
    words = "A sentence of the author. " * 8
    made = short(content(), Form.THREAD, 80, override={"text": words}, most_parts=9)
    assert len(made.texts) > 1
    assert " ".join(made.texts) == words.strip()


def test_what_was_written_for_the_platform_goes_before_the_rules() -> None:
    post = content(adaptations={"x": Adaptation(texts=("By a model.",), tier=Tier.LIGHT)})
    made = short(post, Form.POST, 120, tags="#archive")
    assert made.texts == (f"By a model.\n\n{LINK}\n\n#archive",)
    assert made.tier is Tier.LIGHT
    elsewhere = short(post, Form.POST, 120, platform="bluesky")
    assert "By a model." not in elsewhere.texts[0]


def test_what_was_written_but_has_no_room_gives_way_and_it_is_said() -> None:
    post = content(adaptations={"x": Adaptation(texts=("Long " * 60,), tier=Tier.CAPABLE)})
    made = short(post, Form.POST, 120)
    assert made.tier is Tier.RULES
    assert made.losses[0].what == "the text written for x"
    assert "of 120 graphemes" in made.losses[0].why


def test_the_cover_goes_with_a_short_form() -> None:
    made = short(content(cover="twins.jpg"), Form.ANNOUNCEMENT, 2_000)
    assert names(made.images) == [["twins.jpg"]]


BLOCKS = st.lists(
    st.sampled_from(
        [
            "## A heading",
            "### A deeper heading",
            "Some words. And *more* of them, [linked](https://x.example/a(b)).",
            "See https://example.org/path?q=1, @name and #tag.",
            "- one. two\n- three",
            "> said somebody. Truly.",
            "```\ncode. more\n```",
            "| a | b |\n|---|---|\n| c | d |",
            "![alt](a.png)",
            "今日は晴れです。明日は雨。",
            "مرحبا بالعالم. كيف الحال؟",
            "👩🏽‍🚀🇩🇪 yes! 🙌🏿",
            "<div>html</div>",
            "Note[^1]\n\n[^1]: said below.",
            "word " * 40,
            "unbroken" * 30,
            "***",
        ]
    ),
    max_size=14,
).map("\n\n".join)


@settings(deadline=None)
@given(
    body=BLOCKS,
    form=st.sampled_from(list(Form)),
    most=st.sampled_from([40, 120, 280, 3_000]),
    parts=st.sampled_from([1, 3, 12]),
    link=st.sampled_from(["", LINK]),
    tags=st.sampled_from(["", "#one #two"]),
    title=st.sampled_from(["", "A title", "A title that is much too long " * 10]),
    summary=st.sampled_from(["", "In short. It is this.", "Much too long a summary " * 30]),
    numbered=st.booleans(),
)
def test_any_post_takes_any_form_within_its_room_or_is_whole_or_has_too_long_a_title(
    body: str, form: Form, most: int, parts: int, link: str, tags: str,
    title: str, summary: str, numbered: bool,
) -> None:  # fmt: skip
    post = Content(title=title, body=body, slug="s", summary=summary)
    made = short(post, form, most, most_parts=parts, link=link, tags=tags, numbered=numbered)
    assert len(made.texts) == len(made.images)
    fits = len(made.texts) <= parts and all(graphemes(text) <= most for text in made.texts)
    if not fits:
        # nothing was cut: the whole post, or a title that is too long by itself
        assert made.is_whole or graphemes(f"{title}\n\n{link}") > most
    if not made.is_whole and link:
        assert link in made.texts[-1]
    again = short(post, form, most, most_parts=parts, link=link, tags=tags, numbered=numbered)
    assert again == made
