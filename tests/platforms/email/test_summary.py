"""The summary form of a newsletter: a few lines and the link instead of the whole post."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.post import Content, Media
from copydesk.platforms.email import PLATFORM
from copydesk.platforms.kit.contract import Subject
from copydesk.work.deliveries.publishing import sample_account

BODY = """We moved an archive.

![Shelves](shelves.jpg)

## Twins

Which articles are the same? Those that a reader would call the same. We asked students.

![Twins](twins.jpg)
"""


def media(name: str, content_type: str = "image/jpeg") -> Media:
    return Media(name=name, content_type=content_type, sha256=name * 8, size=10, alt=name)


POST = Content(
    title="Forty years",
    body=BODY,
    slug="forty-years",
    canonical_url="https://desk.example/forty-years",
    media=(media("shelves.jpg"), media("twins.jpg"), media("list.pdf", "application/pdf")),
)


def letter(content: Content, **settings: str) -> tuple[Rendition, Account]:
    account = sample_account("email")
    account = replace(account, settings={**account.settings, **settings})
    subject = Subject(
        post_id="post",
        revision=1,
        content=content,
        published_at="2026-11-21T09:00:00+00:00",
        updated_at="2026-11-21T09:00:00+00:00",
    )
    return PLATFORM.render(subject, account, "ada@example.org"), account


def test_a_summary_has_lead_points_and_link_in_text_and_html() -> None:
    made, _ = letter(POST, form="summary")
    text = made.payload["text"]
    assert "We moved an archive." in text
    assert "- Twins: Which articles are the same? Those that a reader would call the same." in text
    assert "We asked students." not in text
    assert "Read it on the web: https://desk.example/forty-years" in text
    assert "<li>Twins: Which articles" in made.payload["html"]
    assert made.losses[0].how == "stays behind the link"


def test_it_goes_with_one_image_and_every_file() -> None:
    made, _ = letter(POST, form="summary")
    assert [image["name"] for image in made.payload["images"]] == ["shelves.jpg"]
    assert [file["name"] for file in made.payload["attachments"]] == ["list.pdf"]
    covered, _ = letter(replace(POST, cover="twins.jpg"), form="summary")
    assert [image["name"] for image in covered.payload["images"]] == ["twins.jpg"]


@pytest.mark.parametrize(
    ("override", "settings", "is_whole"),
    [
        ({"form": "summary"}, {}, False),
        ({"form": "article"}, {"form": "summary"}, True),
        ({}, {}, True),
        ({}, {"form": "summary", "mode": "reply"}, True),
    ],
)
def test_the_author_chooses_before_the_account_and_replies_go_whole(
    override: dict[str, Any], settings: dict[str, str], is_whole: bool
) -> None:
    made, _ = letter(replace(POST, overrides={"email": override}), **settings)
    assert ("We asked students." in made.payload["text"]) is is_whole


def test_the_authors_own_summary_goes_before_the_rules() -> None:
    own = {"form": "summary", "text": "Read this *one* now, at https://desk.example/x."}
    made, _ = letter(replace(POST, overrides={"email": own}))
    assert "Read this" in made.payload["text"]
    assert "Twins" not in made.payload["text"]


def test_a_form_that_letters_do_not_have_is_refused() -> None:
    made, account = letter(replace(POST, overrides={"email": {"form": "thread"}}))
    assert "form_unknown" in [finding.code for finding in PLATFORM.validate(made, account)]
