"""Plain text: readable, and honest about what it could not show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.transformation.counting import codepoints, graphemes, utf8_bytes, utf16_units
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.excerpt import excerpt, excerpt_with_loss, shorten
from copydesk.transformation.text import to_text


def test_structure_stays_readable() -> None:
    text, _ = to_text(
        parse_markdown(
            "# Head\n\nPara *one*\nsoft  \nhard\n\n- a\n  - b\n- [x] c\n\n9. nine\n10. ten\n\n"
            "> quote\n>\n> > inner\n\n```\ncode  kept\n```\n\n---\n\n"
            "| h | i |\n|---|---|\n| 1 | 2 |"
        )
    )
    assert text == (
        "Head\n\nPara one soft\nhard\n\n- a\n  - b\n- [x] c\n\n9. nine\n10. ten\n\n"
        "> quote\n>\n> > inner\n\ncode  kept\n\n* * *\n\nh | i\n1 | 2"
    )


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ("inline", "See the docs (https://x.org/a) or https://y.org, a@b.co"),
        ("footnotes", "See the docs [1] or https://y.org, a@b.co\n\n[1] https://x.org/a"),
        ("drop", "See the docs or https://y.org, a@b.co"),
    ],
)
def test_links_go_where_asked(links: str, expected: str) -> None:
    document = parse_markdown("See [the docs](https://x.org/a) or https://y.org, <a@b.co>")
    text, losses = to_text(document, links=links)
    assert text == expected
    assert [loss.what for loss in losses] == (
        ["link to https://x.org/a"] if links == "drop" else []
    )


def test_a_footnote_number_is_shared_by_equal_targets() -> None:
    document = parse_markdown("[a](https://x.org) [b](https://x.org) [c](https://y.org)")
    text, _ = to_text(document, links="footnotes")
    assert text == "a [1] b [1] c [2]\n\n[1] https://x.org\n[2] https://y.org"


def test_every_downgrade_is_told() -> None:
    document = parse_markdown(
        "# H\n\n*e* *f* **s** ~~gone~~ ![Alt](a.png) ![](b.png) <u>u</u> <video src=x></video>\n\n"
        "| a |\n|---|\n| 1 |"
    )
    text, losses = to_text(document)
    assert "~gone~ [Alt]" in text
    told = {loss.what: loss.how for loss in losses}
    assert told["image a.png"] == "replaced by its alternative text"
    assert told["image b.png"] == "left out: it has no alternative text"
    assert set(told) == {
        "heading", "2 × emphasis", "strong emphasis", "strikethrough of 'gone'", "image a.png",
        "image b.png", "raw HTML element", "raw HTML <video>", "table of 1 rows",
    }  # fmt: skip


def test_text_without_markup_costs_nothing() -> None:
    assert to_text(parse_markdown("Just words.\n\n- and a list")) == (
        "Just words.\n\n- and a list",
        (),
    )


def test_images_may_be_left_to_the_caller() -> None:
    text, losses = to_text(parse_markdown("![Alt](a.png)\n\nWords"), images="drop")
    assert text == "Words"
    assert [loss.how for loss in losses] == ["left out of the text"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_any_document_can_be_read_aloud(text: str) -> None:
    for links in ("inline", "footnotes", "drop"):
        to_text(parse_markdown(text), links=links)


# -- excerpts -------------------------------------------------------------------------------------


def test_an_excerpt_ends_at_a_sentence() -> None:
    document = parse_markdown(
        "# T\n\nFirst one. Second one is longer. Third.\n\n## Section\n\nMore."
    )
    assert excerpt(document, 20) == "First one."
    assert excerpt(document, 34) == "First one. Second one is longer."
    assert excerpt_with_loss(document, 100) == ("First one. Second one is longer. Third.", ())


def test_an_excerpt_ends_at_a_word_with_an_ellipsis_and_says_so() -> None:
    document = parse_markdown("One endless sentence that never comes to its end at all")
    text, (loss,) = excerpt_with_loss(document, 24)
    assert text == "One endless sentence…"
    assert loss.what == "the last 35 characters of the text"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.integers(1, 60))
def test_an_excerpt_fits_and_begins_like_the_text(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert graphemes(short) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))


def test_an_excerpt_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        excerpt(parse_markdown("x"), 0)


# -- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", (3, 3, 3, 3)),
        ("é", (1, 1, 1, 2)),
        ("e\u0301", (1, 2, 2, 3)),
        ("👩‍👩‍👧", (1, 5, 8, 18)),
        ("🇩🇪", (1, 2, 4, 8)),
        ("\r\n", (1, 2, 2, 2)),
        ("", (0, 0, 0, 0)),
    ],
)
def test_each_unit_counts_its_own(text: str, expected: tuple[int, int, int, int]) -> None:
    assert (graphemes(text), codepoints(text), utf16_units(text), utf8_bytes(text)) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_units_agree_with_the_encoders(text: str) -> None:
    assert utf16_units(text) == len(text.encode("utf-16-le")) // 2
    assert utf8_bytes(text) == len(text.encode())
    assert graphemes(text) <= codepoints(text) <= utf16_units(text)
