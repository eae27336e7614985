"""Subjects: what a platform renders, with overrides applied and links tagged for a campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from copydesk.core.post import Content, Revision, Tier
from copydesk.distribution.planning import subject_of
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.registry import load_platform
from copydesk.transformation.html import to_html
from copydesk.work.deliveries.publishing import sample_account

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
CONTENT = Content(
    title="T",
    body="See [us](https://example.org/b), [them](https://other.org).",
    slug="t",
    canonical_url="https://example.org/a",
    campaign="Autumn",
)


def subject(content: Content, platform: str) -> Subject:
    revision = Revision(
        id="rev_1",
        post_id="pst_1",
        number=1,
        content=content,
        tier=Tier.PERSON,
        created_at=AT,
        created_by="test",
    )
    return subject_of("pst_1", revision, AT, sample_account(platform))


def test_a_campaign_tags_links_to_our_site_by_platform() -> None:
    found = subject(CONTENT, "email")
    tags = "utm_source=email&utm_medium=email&utm_campaign=autumn"
    assert found.link == f"https://example.org/a?{tags}"
    html = to_html(found.document)
    assert f"https://example.org/b?{tags.replace('&', '&amp;')}" in html
    assert 'href="https://other.org"' in html
    assert found.content.canonical_url == "https://example.org/a"


@pytest.mark.parametrize("platform", ["site", "git", "webhook", "sandbox"])
def test_what_is_our_own_place_tags_nothing(platform: str) -> None:
    found = subject(CONTENT, platform)
    assert found.link == "https://example.org/a"
    rendition = load_platform(platform).render(found, sample_account(platform))
    assert "utm_" not in repr(rendition)


def test_nothing_is_tagged_without_a_campaign_or_a_site() -> None:
    for content in (replace(CONTENT, campaign=""), replace(CONTENT, canonical_url="")):
        assert "utm_" not in to_html(subject(content, "email").document)


def test_a_platform_may_have_a_campaign_of_its_own() -> None:
    own = replace(CONTENT, campaign="", overrides={"email": {"campaign": "letters"}})
    assert subject(own, "email").link.endswith("utm_campaign=letters")
    assert "utm_" not in subject(own, "mastodon").link
