"""One article, one command: what each account makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.errors import ModelUnavailable
from copydesk.generation.scripted import ScriptedModel
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.publishing import preview
from copydesk.work.desk import Desk
from copydesk.work.writing.adapting import adapt
from tests.renditions.manuscripts import NAMES, manuscript_of

ACCOUNTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "x": ({}, {"access_token": "t"}),
    "bluesky": ({"identifier": "desk.bsky.social"}, {"app_password": "abcd-efgh-ijkl-mnop"}),
    "linkedin": ({"author": "urn:li:organization:1"}, {"access_token": "t"}),
    "email": (
        {
            "smtp": "localhost:25",
            "from": "desk@example.org",
            "to": "reader@example.org",
            "form": "summary",
        },
        {},
    ),
    "webhook": ({"url": "https://chat.example/hook", "form": "announcement"}, {}),
    "devto": ({"images_url": "https://desk.example/pictures"}, {"api_key": "k"}),
}


async def accounts(desk: Desk) -> list[Account]:
    added = []
    for platform, (settings, secrets) in ACCOUNTS.items():
        given: dict[str, Any] = {"settings": settings, "secrets": secrets}
        added.append(await add_account(desk, platform, platform, **given, inbox=False, actor="ada"))
    return added


async def renditions(desk: Desk) -> dict[str, Rendition]:
    plans = await preview(desk, manuscript_of("long-article"), await accounts(desk))
    assert [p.account.name for p in plans if p.errors] == []
    return {p.account.name: p.rendition for p in plans}


async def test_each_account_gets_the_form_it_has(desk: Desk) -> None:
    made = await renditions(desk)
    link = "https://desk.example/articles/forty-years"
    for name in ("x", "bluesky"):
        parts = made[name].payload["parts"]
        assert len(parts) > 3, f"{name} makes a thread"
        assert made[name].losses
    assert link in made["x"].payload["parts"][-1]["text"]
    assert link in made["linkedin"].payload["content"]["source"]
    assert len(made["linkedin"].text) < 3000
    assert "Five systems and a basement" in made["email"].text
    assert len(made["email"].text) < 4000, "a newsletter summary"
    announced = made["webhook"].payload["data"]["short"]
    assert link in str(announced)
    assert len(str(announced)) < 1000
    article = made["devto"].payload["article"]["body_markdown"]
    assert "CREATE INDEX articles_search" in article, "the whole article"
    assert made["devto"].payload["article"]["canonical_url"] == link


@pytest.mark.parametrize("name", NAMES)
async def test_every_post_can_be_published_with_a_model_at_hand(name: str, desk: Desk) -> None:
    """Footnotes, tables, scripts: whatever the post holds, asking the model is no danger to it."""
    away = replace(desk, model=ScriptedModel(lambda _: ModelUnavailable("nobody answers")))
    targets = [account for account in await accounts(desk) if account.platform != "devto"]
    adapted = await adapt(away, manuscript_of(name).content, targets)
    assert adapted.adaptations == {}
    plans = await preview(desk, manuscript_of(name), targets)
    assert {plan.account.name for plan in plans} == {account.name for account in targets}
