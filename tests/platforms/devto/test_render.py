"""What a post becomes on dev.to, and that neither Liquid nor front matter gets hold of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Severity
from copydesk.core.post import Content
from copydesk.platforms.devto import PLATFORM
from copydesk.platforms.devto.liquid import guard, strays
from copydesk.testing.contract import PlatformContract
from copydesk.testing.fake_devto import FakeDevto, liquid_error
from copydesk.testing.samples import NODES, sample_case, sample_content, sample_media

PAGE = "https://example.org/posts/desk/"


class TestDevto(PlatformContract):
    name = "devto"


CASE = sample_case("devto")


def body_of(content: Content) -> str:
    body: str = CASE.render(content).payload["article"]["body_markdown"]
    return body


def codes(content: Content) -> list[str]:
    return [f.code for f in PLATFORM.validate(CASE.render(content), CASE.account)]


def override(content: Content, **fields: Any) -> Content:
    return replace(content, overrides={"devto": fields})


# -- fields ---------------------------------------------------------------------------------------


def test_everything_goes_into_fields() -> None:
    content = replace(
        sample_content(title="Copy\n desks", summary="In short.", canonical_url=PAGE),
        series="The desk",
        cover="https://example.org/cover.png",
        language="en-GB",
    )
    assert CASE.render(content).payload["article"] == {
        "title": "Copy desks",
        "body_markdown": "Desks are open again.",
        "description": "In short.",
        "tags": ["newsroom", "opensource"],
        "series": "The desk",
        "canonical_url": PAGE,
        "main_image": "https://example.org/cover.png",
        "language": "en",
    }


def test_a_title_repeated_by_the_body_is_said_once() -> None:
    assert body_of(sample_content("# Copy desks\n\nOpen again.")) == "Open again."


def test_an_authors_own_fields_win() -> None:
    content = override(sample_content(), series="Mine", organization_id=7, wording="x")
    rendition = CASE.render(content)
    assert rendition.payload["article"]["series"] == "Mine"
    assert rendition.payload["article"]["organization_id"] == 7
    assert [loss.what for loss in rendition.losses if "override" in loss.what] == [
        "override 'wording'"
    ]


@pytest.mark.parametrize("number", ["7", "the-desk"])
def test_an_organization_is_named_by_its_number(number: str) -> None:
    content = override(sample_content(), organization_id=number)
    assert ("organization_invalid" in codes(content)) is (number != "7")


def test_too_many_tags_are_a_loss() -> None:
    rendition = CASE.render(replace(sample_content(), tags=("a", "b", "c-d", "e", "f")))
    assert rendition.payload["article"]["tags"] == ["a", "b", "cd", "e"]
    assert any("f" in loss.what for loss in rendition.losses)


# -- images ---------------------------------------------------------------------------------------


def test_images_stand_beside_the_canonical_page() -> None:
    content = sample_content("![A pixel](a%20b.png)", canonical_url=PAGE)
    assert body_of(content) == f"![A pixel]({PAGE}a%20b.png)"


def test_images_stand_where_the_account_says() -> None:
    case = sample_case("devto", {"images_url": "https://cdn.example.org/{slug}"})
    content = replace(sample_content("![A pixel](pixel.png)", canonical_url=PAGE), cover="c.png")
    article = case.render(content).payload["article"]
    assert article["body_markdown"] == "![A pixel](https://cdn.example.org/copy-desks/pixel.png)"
    assert article["main_image"] == "https://cdn.example.org/copy-desks/c.png"


@pytest.mark.parametrize(
    "content",
    [
        sample_content("![A pixel](pixel.png)", media=(sample_media(),)),
        sample_content('<img src="pixel.png" alt="A pixel">', media=(sample_media(),)),
        replace(sample_content(), cover="pixel.png"),
    ],
)
def test_images_without_a_public_address_are_refused(content: Content) -> None:
    assert codes(content) == ["image_not_public"]


def test_an_image_without_a_description_is_pointed_out() -> None:
    content = sample_content("![](https://example.org/a.png)")
    (finding,) = PLATFORM.validate(CASE.render(content), CASE.account)
    assert (finding.code, finding.severity) == ("alt_missing", Severity.WARNING)


# -- the dialect ----------------------------------------------------------------------------------


def test_embeds_and_buttons_are_tags() -> None:
    body = body_of(
        sample_content(
            "::embed[A film]{url=https://youtu.be/abc}\n\n"
            "::cta[Get {{ it }}]{url=https://example.org/get}"
        )
    )
    assert body == (
        "{% embed https://youtu.be/abc %}\n\n"
        "{% cta https://example.org/get %} Get {% raw %}{{ it }}{% endraw %} {% endcta %}"
    )


def test_line_ends_in_a_paragraph_are_no_breaks() -> None:
    assert body_of(sample_content("One\ntwo  \nthree")) == "One two  \nthree"


def test_headings_start_below_the_title_and_tables_stay() -> None:
    body = body_of(sample_content("# First\n\n## Second\n\n| a |\n| - |\n| b |"))
    assert body.startswith("## First\n\n### Second\n\n| a |")


def test_footnotes_become_endnotes_with_a_loss() -> None:
    rendition = CASE.render(sample_content("A word.[^1]\n\n[^1]: A note."))
    assert "A note." in rendition.text
    assert any("footnote" in loss.what for loss in rendition.losses)


def test_html_that_is_not_shown_there_is_told() -> None:
    losses = CASE.render(sample_content("<details><b>x</b></details>")).losses
    assert [loss.what for loss in losses] == ["raw HTML <details>"]


def test_code_with_a_fence_of_its_own_keeps_it() -> None:
    body = body_of(sample_content("````md\n```js\n{{ x }}\n```\n````"))
    assert body == "~~~md\n```js\n{{ x }}\n```\n~~~"


def test_dashes_that_get_longer_are_told() -> None:
    code = "```yaml\n---\na: 1\n---\nb: 2\n---\nc: 3\n```"
    (loss,) = CASE.render(sample_content(code)).losses
    assert "---" in loss.what
    assert CASE.render(sample_content("```yaml\n---\na: 1\n```")).losses == ()


@pytest.mark.parametrize(
    "body", ["---\n\ntext\n\n---\n\nmore", "---foo\ntitle: x\n\n---\n\nmore", "***\n\na\n\n---\n"]
)
def test_a_body_never_begins_as_front_matter(body: str) -> None:
    assert not body_of(sample_content(body)).lstrip().startswith("---")


# -- Liquid ---------------------------------------------------------------------------------------

LIQUID = ["{{ x }}", "{% x %}", "{{ open", "{% open", "{% raw %}", "{% endraw %}", "{{ a {% b %}"]


@pytest.mark.parametrize("token", LIQUID)
@pytest.mark.parametrize("shape", ["{}", "# {}", "- {}", "| {} |\n| - |", "<p>{}</p>", "*{}*"])
def test_what_looks_like_liquid_is_shown_as_it_stands(token: str, shape: str) -> None:
    content = sample_content(f"Before.\n\n{shape.replace('{}', token)}\n\nAfter {token}.")
    body = body_of(content)
    assert liquid_error(body) == ""
    assert codes(content) == []


@pytest.mark.parametrize("code", ["`{{ x }}`", "```\n{% x %}\n```", "    {{ x }}", "``{% `x %}``"])
def test_code_needs_no_guard(code: str) -> None:
    body = body_of(sample_content(f"Before.\n\n{code}\n\nAfter."))
    assert "raw" not in body
    assert liquid_error(body) == ""


def test_an_author_who_writes_liquid_may() -> None:
    content = override(sample_content("{% youtube abc %}"), liquid=True)
    assert body_of(content) == "{% youtube abc %}"
    assert codes(content) == []


def test_what_no_guard_could_save_is_refused() -> None:
    assert strays("Text {{ x }} and {% embed https://example.org %}") == ["{{ x }}"]
    assert strays(guard("{{ x }} {% endraw %} {{ y")) == []


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample_content(title=""), "title_missing"),
        (sample_content(title="x" * 129), "title_too_long"),
        (sample_content(""), "body_missing"),
        (sample_content("ö" * 409_601), "text_too_long"),
        (sample_content(" ".join(f"@name{n}" for n in range(8))), "mentions_too_many"),
        (sample_content(canonical_url="http://localhost/a"), "canonical_url_invalid"),
        (sample_content(canonical_url="http://192.168.1.2/a"), "canonical_url_invalid"),
        (sample_content(canonical_url="https://example.org/a b"), "canonical_url_invalid"),
        (replace(sample_content(), cover="ftp://example.org/a.png"), "cover_invalid"),
    ],
)  # fmt: skip
def test_what_dev_to_would_refuse_is_refused_here(content: Content, code: str) -> None:
    assert code in codes(content)


@pytest.mark.parametrize(
    "content",
    [
        sample_content(title="x" * 128),
        sample_content("ö" * 409_600),
        sample_content(" ".join(f"`@name{n}`" for n in range(9))),
        sample_content("https://example.org/@a/b and me@example.org"),
    ],
)
def test_what_is_within_the_limits_is_taken(content: Content) -> None:
    assert codes(content) == []


PIECES = st.sampled_from(
    [*NODES.values(), *LIQUID, "---", "title: x", "`", "``", "```", "~~~", "@name", "::embed[x]{url=https://e.org}"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=30), max_size=8), st.sampled_from(["\n\n", "\n", " "]))
@settings(max_examples=60, deadline=None)
def test_any_post_is_taken_there_or_refused_here(pieces: list[str], between: str) -> None:
    content = sample_content(between.join(pieces), canonical_url=PAGE)
    rendition = CASE.render(content)
    article = rendition.payload["article"]
    if CASE.errors(rendition):
        return
    assert liquid_error(article["body_markdown"]) == ""
    assert not article["body_markdown"].lstrip().startswith("---")
    forem = FakeDevto()
    draft = forem.add("Draft")
    assert forem.apply(draft, {**article, "published": False}) == ""
    assert (draft.title, draft.published) == (article["title"], False)
