"""A short form beside the article, for receivers that show it in a chat or a newsletter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.webhook import PLATFORM
from copydesk.work.deliveries.publishing import sample_account

POST = Content(
    title="Forty years",
    body="We moved an archive. It took long.\n\n## Twins\n\nWe asked students.",
    slug="forty-years",
    summary="How we moved it.",
    canonical_url="https://desk.example/forty-years",
)


def data(form: str, override: dict[str, Any]) -> dict[str, Any]:
    account = sample_account("webhook")
    subject = Subject(
        post_id="post",
        revision=1,
        content=replace(POST, overrides={"webhook": override}),
        published_at="2026-11-21T09:00:00+00:00",
        updated_at="2026-11-21T09:00:00+00:00",
    )
    made = PLATFORM.render(subject, replace(account, settings={**account.settings, "form": form}))
    found: dict[str, Any] = made.payload["data"]
    assert "We asked students." in found["text"]
    return found


@pytest.mark.parametrize(
    ("form", "override", "text"),
    [
        ("announcement", {}, "Forty years\n\nHow we moved it.\n\nhttps://desk.example/forty-years"),
        (
            "summary",
            {},
            "Forty years\n\nHow we moved it.\n\n- Twins: We asked students.\n\n"
            "https://desk.example/forty-years",
        ),
        ("announcement", {"text": "My own words."}, "My own words."),
    ],
)
def test_it_goes_beside_the_whole_post(form: str, override: dict[str, Any], text: str) -> None:
    assert data(form, override)["short"] == {"form": form, "text": text}


def test_nothing_is_added_unless_asked_for() -> None:
    assert "short" not in data("", {})
    assert "short" not in data("summary", {"form": "article"})
