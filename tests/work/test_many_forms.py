"""One article, one command: what each account makes of it."""

from __future__ import annotations

from typing import Any

from copydesk.core.delivery import Rendition
from copydesk.work.connecting import add_account
from copydesk.work.desk import Desk
from copydesk.work.publishing import preview
from tests.renditions.manuscripts import manuscript_of

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


async def renditions(desk: Desk) -> dict[str, Rendition]:
    accounts = []
    for platform, (settings, secrets) in ACCOUNTS.items():
        given: dict[str, Any] = {"settings": settings, "secrets": secrets}
        accounts.append(
            await add_account(desk, platform, platform, **given, inbox=False, actor="ada")
        )
    plans = await preview(desk, manuscript_of("long-article"), accounts)
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
