"""What a post becomes on Paragraph, and what is refused before it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content
from copydesk.testing.samples import Case, sample_case, sample_content, sample_media

PAGE = "https://example.org/posts/copy-desks/"


@pytest.fixture
def case() -> Case:
    return sample_case("paragraph")


def payload(case: Case, content: Content) -> dict[str, Any]:
    return dict(case.render(content).payload)


def codes(case: Case, content: Content) -> list[str]:
    findings = case.platform.validate(case.render(content), case.account)
    return [f.code for f in findings if f.severity is Severity.ERROR]


def overridden(content: Content, **override: Any) -> Content:
    return replace(content, overrides={"paragraph": override})


def test_the_whole_post_goes(case: Case) -> None:
    content = replace(
        sample_content("# Part one\n\nWords.", canonical_url=PAGE, summary="In short."),
        cover="https://example.org/cover.png",
    )
    made = payload(case, content)
    assert made == {
        "title": "Copy desks",
        "subtitle": "In short.",
        "slug": "copy-desks",
        "markdown": made["markdown"],
        "categories": ["newsroom", "open source"],
        "author_ids": [],
        "image": "https://example.org/cover.png",
        "state": "published",
        "newsletter": False,
        "not_public": [],
    }
    heading, words, credit = made["markdown"].strip().split("\n\n")
    assert (heading, words) == ("## Part one", "Words.")
    assert f"Originally published at [example.org/posts/copy-desks]({PAGE})" in credit


@pytest.mark.parametrize(
    ("credit", "line"),
    [
        ("Zuerst auf {url} erschienen", f"Zuerst auf [example.org/posts/copy-desks]({PAGE}) er"),
        ("none", ""),
    ],
)
def test_the_line_of_the_canonical_page_is_the_accounts(credit: str, line: str) -> None:
    case = sample_case("paragraph", {"credit": credit})
    markdown = payload(case, sample_content(canonical_url=PAGE))["markdown"]
    assert line in markdown
    assert (PAGE in markdown) == bool(line)


def test_images_stand_where_they_are_public(case: Case) -> None:
    content = replace(
        sample_content("![a](img/a%20b.png)", canonical_url=PAGE), cover="cover.png", media=()
    )
    made = payload(case, content)
    assert f"![a]({PAGE}img/a%20b.png)" in made["markdown"]
    assert made["image"] == f"{PAGE}cover.png"
    own = sample_case("paragraph", {"images_url": "https://cdn.example/{slug}"})
    assert "https://cdn.example/copy-desks/img/a%20b.png" in payload(own, content)["markdown"]


def test_images_without_a_public_address_are_refused_each(case: Case) -> None:
    content = replace(sample_content("![a](a.png)\n\n![b](b.png)"), cover="c.png")
    findings = case.errors(case.render(content))
    assert [f.field for f in findings] == ["media.a.png", "media.b.png", "media.c.png"]
    assert all("images_url" in f.remedy for f in findings)


def test_files_that_nothing_shows_are_noted(case: Case) -> None:
    rendition = case.render(sample_content(media=(sample_media("extra.png"),)))
    assert [loss.what for loss in rendition.losses] == ["file extra.png"]


def test_a_long_summary_is_left_out_not_cut(case: Case) -> None:
    rendition = case.render(sample_content(summary="s" * 301))
    assert rendition.payload["subtitle"] == ""
    (loss,) = rendition.losses
    assert (loss.what, loss.why) == ("summary", "301 of 300 codepoints")


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"title": "t" * 201}, "title_too_long"),
        ({"subtitle": "s" * 301}, "subtitle_too_long"),
        ({"slug": "s" * 257}, "slug_too_long"),
        ({"author_ids": [str(n) for n in range(21)]}, "authors_too_many"),
        ({"text": " "}, "empty"),
    ],
)
def test_what_paragraph_would_refuse_is_refused_first(
    case: Case, override: dict[str, Any], code: str
) -> None:
    assert codes(case, overridden(sample_content(), **override)) == [code]


def test_overrides_win_and_unknown_ones_are_noted(case: Case) -> None:
    content = overridden(
        sample_content(), title="Other", text="Mine.", categories="a, b", colour="red"
    )
    rendition = case.render(content)
    assert rendition.payload["title"] == "Other"
    assert rendition.payload["markdown"].strip() == "Mine."
    assert rendition.payload["categories"] == ["a", "b"]
    assert [loss.what for loss in rendition.losses] == ["override 'colour'"]


@budget(max_examples=60, deadline=None)
@given(
    st.text(max_size=400), st.text(max_size=400), st.text(max_size=220), st.sampled_from(["", PAGE])
)  # fmt: skip
def test_any_text_renders_within_limits_or_is_refused(
    body: str, summary: str, title: str, url: str
) -> None:
    case = sample_case("paragraph")
    content = sample_content(body, title=title, summary=summary, canonical_url=url)
    rendition = case.render(content)
    made = rendition.payload
    within = (
        0 < len(made["title"].strip()) <= len(made["title"]) <= 200
        and len(made["subtitle"]) <= 300
        and made["markdown"].strip() != ""
        and not made["not_public"]
    )
    assert within == (not case.errors(rendition))
    assert made["state"] == "published"
