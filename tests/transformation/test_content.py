"""Markdown files: fields an author may write, and clear words about what is wrong with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.transformation.content import read_markdown_file, with_overrides
from copydesk.transformation.frontmatter import read_front_matter, write_front_matter
from copydesk.transformation.slugs import is_slug, slugify

FULL = """---
title: "Rain: a field guide"
slug: rain-guide
description: How to
  stay dry.
tags: weather, Rain , weather
language: en-GB
canonical_url: https://example.com/rain
authors: [Ada, "Grace H."]
in_reply_to: <abc@mail.example>
date: 2026-11-21T09:00:00+01:00
platforms:
  mastodon: {title: Short}
mood: wet
---

# Rain: a field guide

Text ![A cloud](img/cloud.png).
"""


def test_every_field_arrives() -> None:
    file = read_markdown_file(FULL, filename="posts/rain.md")
    content = file.content
    assert content.title == "Rain: a field guide"
    assert content.body == "Text ![A cloud](img/cloud.png)."
    assert content.slug == "rain-guide"
    assert content.summary == "How to stay dry."
    assert content.tags == ("weather", "Rain")
    assert content.language == "en-GB"
    assert content.canonical_url == "https://example.com/rain"
    assert content.authors == ("Ada", "Grace H.")
    assert content.reply_to is not None
    assert content.reply_to.message_id == "abc@mail.example"
    assert content.overrides == {"mastodon": {"title": "Short"}}
    assert file.published_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert [image.path for image in file.images] == ["img/cloud.png"]
    assert not file.draft
    (finding,) = file.findings
    assert (finding.code, finding.field) == ("field_unknown", "mood")


def test_an_answer_may_be_addressed_as_in_a_mail() -> None:
    text = "---\nreply_to: Ann <ann@example.org>\nin_reply_to: <1@example.org>\n---\nIt left today."
    reply = read_markdown_file(text, filename="x.md").content.reply_to
    assert reply is not None
    assert (reply.message_id, reply.address) == ("1@example.org", "ann@example.org")
    text = text.replace("<1@example.org>", "{message_id: <1@example.org>, subject: late}")
    reply = read_markdown_file(text, filename="x.md").content.reply_to
    assert reply is not None
    assert (reply.message_id, reply.subject) == ("1@example.org", "late")
    assert reply.address == "ann@example.org"


def test_without_front_matter_the_heading_is_the_title_and_leaves_the_body() -> None:
    content = read_markdown_file("# Hello *there*\n\nText", filename="x.md").content
    assert (content.title, content.body, content.slug) == ("Hello there", "Text", "hello-there")


def test_a_heading_below_other_text_stays_where_it_is() -> None:
    content = read_markdown_file("Intro.\n\n# Part\n\nText", filename="x.md").content
    assert (content.title, content.body) == ("Part", "Intro.\n\n# Part\n\nText")


def test_a_heading_that_is_not_the_title_stays() -> None:
    content = read_markdown_file("---\ntitle: A\n---\n# B\n\nText", filename="x.md").content
    assert content.body == "# B\n\nText"


def test_without_any_title_the_file_names_the_address() -> None:
    file = read_markdown_file("Just text.", filename="notes/My Note.md")
    assert (file.content.title, file.content.slug) == ("", "my-note")
    assert [finding.code for finding in file.findings] == ["title_missing"]


def test_all_errors_are_told_at_once() -> None:
    text = "---\ntitle: [a]\ntags: 5\ncanonical_url: ftp://x\ndraft: maybe\nplatforms: x\n---\n"
    with pytest.raises(ContentInvalid) as caught:
        read_markdown_file(text, filename="x.md")
    assert {finding.field for finding in caught.value.findings} == {
        "title", "tags", "canonical_url", "draft", "platforms", "body",
    }  # fmt: skip


def test_a_time_without_zone_is_taken_as_utc_and_told() -> None:
    file = read_markdown_file("---\ntitle: A\ndate: 2026-11-21 09:00\n---\nx", filename="x")
    assert file.published_at is None or file.published_at.tzinfo is UTC
    assert "time_without_zone" in [finding.code for finding in file.findings]


# -- front matter ----------------------------------------------------------------------------------


def test_toml_is_read_and_dates_stay_dates() -> None:
    fields, body = read_front_matter("+++\ntitle = 'A'\nday = 2026-11-21\n+++\n\nBody\n")
    assert fields == {"title": "A", "day": date(2026, 11, 21)}
    assert body == "Body\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: a: b\n---\n", "line 2: mapping values are not allowed here"),
        ("---\ntitle: x\n\tbad: 1\n---\n", "line 3: found character '\\t'"),
        ("---\ntitle: x\n", "line 1: the block opened with --- is not closed"),
        ("---\n- a\n---\n", "line 2: it is not a list of `key: value` lines"),
        ("---\na: 1\nd: 2026-13-40\n---\n", "line 3: month must be in 1..12"),
        ("---\na: 1\nb: \x01\n---\n", "line 3: the character"),
        ("---\nx: !!python/object/apply:os.system [ls]\n---\n", "line 2: could not determine"),
        ("+++\na = 1\nb = [\n+++\n", "line 3: Invalid value"),
        ("+++\na = 1\n", "line 1: the block opened with +++ is not closed"),
    ],
)
def test_faults_name_line_and_problem(text: str, expected: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_front_matter(text)
    assert expected in caught.value.findings[0].message


@pytest.mark.parametrize("text", ["plain", "---\n\nA rule above.", "", "-- no --\n"])
def test_text_without_front_matter_is_all_body(text: str) -> None:
    assert read_front_matter(text) == ({}, text)


def test_byte_order_mark_and_windows_line_ends_are_understood() -> None:
    assert read_front_matter("\ufeff---\r\ntitle: A\r\n---\r\nB\r\n") == ({"title": "A"}, "B\n")


def test_writing_is_exact() -> None:
    text = write_front_matter(
        {
            "title": 'No "tabs"\there: #1',
            "on": "yes",
            "count": 3,
            "date": datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=1))),
            "utc": datetime(2026, 11, 21, 8, tzinfo=UTC),
            "day": date(2026, 11, 21),
            "tags": ["a", "no"],
            "empty": [],
            "params": {"canonical": "https://x.org", "list": [{"k": "v"}]},
        },
        "Body\n",
    )
    assert text == (
        '---\ntitle: "No \\"tabs\\"\\there: #1"\n"on": "yes"\ncount: 3\n'
        "date: 2026-11-21T09:00:00+01:00\nutc: 2026-11-21T08:00:00Z\nday: 2026-11-21\n"
        'tags:\n  - "a"\n  - "no"\nempty: []\n'
        'params:\n  canonical: "https://x.org"\n  list:\n    - k: "v"\n---\n\nBody\n'
    )
    assert "\t" not in text


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        write_front_matter({"date": datetime(2026, 1, 1)}, "")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.text(max_size=20),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5), st.text(max_size=40))
def test_what_is_written_is_read_back(mapping: dict[str, Any], body: str) -> None:
    body = body.replace("\r", "").lstrip("\n")
    text = write_front_matter(mapping, body)
    assert "\t" not in text.removesuffix(body)
    assert read_front_matter(text) == (mapping, body)
    # and any other YAML reader agrees
    assert (yaml.safe_load(text.removesuffix(body).strip().strip("-")) or {}) == mapping


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["---", "+++"]))
def test_bad_front_matter_raises_nothing_else(text: str, fence: str) -> None:
    caught: list[ContentInvalid] = []
    try:
        read_front_matter(f"{fence}\n{text}\n{fence}\nbody")
    except ContentInvalid as error:
        caught.append(error)
    assert all(error.findings[0].message.startswith("line ") for error in caught)


# -- slugs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Über Straße & Käse", "uber-strasse-kase"),
        ("Привет мир", "privet-mir"),
        ("😀", "my-file"),
        ("Go", "go-my-file"),
        ("a" * 100, "a" * 80),
        ("word " * 40, ("word-" * 16)[:-1]),
    ],
)
def test_slugs_are_transliterated_and_bounded(title: str, expected: str) -> None:
    assert slugify(title, "my-file") == expected


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=20))
def test_every_slug_is_safe(title: str, fallback: str) -> None:
    assert is_slug(slugify(title, fallback))


def test_a_cover_is_a_file_to_load_or_an_address() -> None:
    read = read_markdown_file(
        "---\ncover: pics/desk.jpg\ncover_alt: A desk\nseries: Motors\ncampaign: autumn\n"
        "platforms: {devto: {cover: wide.png}}\n---\n# T\n\n![x](in.png)\n",
        filename="a.md",
    )
    assert (read.content.cover, read.content.series, read.content.campaign) == (
        "pics/desk.jpg",
        "Motors",
        "autumn",
    )
    assert [tuple(image) for image in read.images] == [
        ("in.png", "x", ""),
        ("pics/desk.jpg", "A desk", ""),
        ("wide.png", "", ""),
    ]
    assert with_overrides(read.content, "devto").cover == "wide.png"
    assert read.findings == ()
    for wrong in ("javascript:x", "//x.org/a.png", "/etc/passwd", "ftp://x.org/a.png"):
        with pytest.raises(ContentInvalid) as caught:
            read_markdown_file(f"---\ncover: {wrong}\n---\n# T\n\nx", filename="a.md")
        assert [f.code for f in caught.value.findings] == ["cover_invalid"]


def test_a_canonical_address_has_neither_fragment_nor_tags() -> None:
    read = read_markdown_file(
        "---\ncanonical_url: https://x.org/a?p=1&utm_source=y&b=%20#top\n---\n# T\n\nx",
        filename="a.md",
    )
    assert read.content.canonical_url == "https://x.org/a?p=1&b=%20"
    assert [f.code for f in read.findings] == ["url_changed"]
