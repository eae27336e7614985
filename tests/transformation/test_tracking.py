"""Tracking: our own links tell where a visit came from, and nobody else's are touched."""

from __future__ import annotations

import pytest

from copydesk.transformation.document import parse_markdown, walk
from copydesk.transformation.nodes import CallToAction, Embed, Link
from copydesk.transformation.text import to_text
from copydesk.transformation.tracking import Tracking

TRACKING = Tracking(
    host="example.org", source="mastodon", medium="social", campaign="Autumn Desk & Co"
)
TAGS = "utm_source=mastodon&utm_medium=social&utm_campaign=autumn-desk-%26-co"


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://example.org/a", f"https://example.org/a?{TAGS}"),
        ("https://www.Example.org", f"https://www.Example.org?{TAGS}"),
        ("https://example.org/a?b=%20c#top", f"https://example.org/a?b=%20c&{TAGS}#top"),
    ],
)
def test_links_to_our_site_are_tagged(url: str, tagged: str) -> None:
    assert TRACKING.tag(url) == tagged


@pytest.mark.parametrize(
    "url",
    [
        "https://other.org/a",
        "https://example.org.evil.org/",
        "mailto:me@example.org",
        "tel:+431",
        "#top",
        "/relative",
        "https://example.org/a?utm_source=mine",
        "https://example.org/f.zip?X-Amz-Signature=1&x=2",
        "https://example.org/f.zip?token=1",
        "https://user@example.org/",
        "https://[broken",
    ],
)
def test_everything_else_is_left_alone(url: str) -> None:
    assert TRACKING.tag(url) == url


def test_a_tagged_link_is_not_tagged_twice() -> None:
    once = TRACKING.tag("https://example.org/a")
    assert TRACKING.tag(once) == once


def test_links_and_buttons_of_a_document_are_tagged_but_no_embed() -> None:
    document = TRACKING.tag_links(
        parse_markdown(
            "[a](https://example.org/a) https://example.org/b\n\n"
            "::cta[Go]{url=https://example.org/c}\n::embed{url=https://example.org/d}\n"
        )
    )
    urls = [n.url for n in walk(document) if isinstance(n, Link | CallToAction | Embed)]
    assert urls == [
        f"https://example.org/a?{TAGS}",
        f"https://example.org/b?{TAGS}",
        f"https://example.org/c?{TAGS}",
        "https://example.org/d",
    ]
    assert (
        f"a (https://example.org/a?{TAGS}) https://example.org/b?{TAGS}\n" in (to_text(document)[0])
    )


def test_nothing_is_ours_without_a_site() -> None:
    tracking = Tracking(host="", source="x", medium="social", campaign="y")
    assert tracking.tag("https:///a") == "https:///a"
