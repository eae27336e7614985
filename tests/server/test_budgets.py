"""Budgets over HTTP: what is left, what is closed, what may be spent."""

from __future__ import annotations

from datetime import timedelta

import httpx2

from copydesk.core.account import Account
from copydesk.distribution.budget import Fill, take, to_stored
from copydesk.distribution.closing import bucket_key, close_scope
from copydesk.platforms.kit.registry import load_platform
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk


async def add_mastodon(desk: Desk) -> Account:
    return await add_account(
        desk,
        "mastodon",
        "news",
        settings={"base_url": "https://social.example"},
        secrets={"access_token": "hidden-token"},
        inbox=False,
        actor="test",
    )


async def use_up(desk: Desk, account: Account) -> None:
    """Spend all uploads, and let the platform close the account for ten minutes."""
    platform = load_platform("mastodon")
    uploads = next(p for p in platform.manifest.pace if p.name == "media uploads")
    key = bucket_key(platform, account, uploads)
    async with desk.store.begin("test") as unit:
        await unit.budgets.lock(key, "endpoint")
        fill = take(uploads, Fill(), uploads.calls, unit.now)
        await unit.budgets.fill(key, to_stored(fill))
        until = unit.now + timedelta(minutes=10)
        await close_scope(unit, platform, account, "account", until, "it answered 429")


async def test_every_bucket_says_what_is_left_and_what_is_closed(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    await use_up(desk, await add_mastodon(desk))
    rates = {line["name"]: line for line in (await program.get("/v1/budgets")).json()["rates"]}
    assert (rates["all calls"]["left"], rates["all calls"]["accounts"]) == (300, ["news"])
    uploads = rates["media uploads"]
    assert (uploads["used"], uploads["left"], uploads["scope"]) == (30, 0, "endpoint")
    assert uploads["resets_at"]
    assert rates["every call"]["closed_because"] == "it answered 429"


async def test_a_budget_is_set_and_taken_away(program: httpx2.AsyncClient, desk: Desk) -> None:
    await add_mastodon(desk)
    body = {"account": "news", "period": "day", "amount": "5.00"}
    (line,) = (await program.post("/v1/budgets", json=body)).json()["money"]
    assert (line["account"], line["limit"], line["left"]) == ("news", 5_000_000, 5_000_000)
    gone = await program.post("/v1/budgets", json={**body, "amount": None})
    assert gone.json()["money"] == []


async def test_what_is_wrong_with_a_budget_is_named(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    wrong = await program.post("/v1/budgets", json={"period": "day", "amount": "a lot"})
    assert wrong.status_code == 422
    assert "dollars" in wrong.text
    unknown = {"account": "nobody", "period": "day", "amount": "1"}
    assert (await program.post("/v1/budgets", json=unknown)).status_code == 404


async def test_the_page_tells_people(browser: httpx2.AsyncClient, desk: Desk) -> None:
    await use_up(desk, await add_mastodon(desk))
    assert "/accounts/budgets" in (await browser.get("/accounts")).text
    page = (await browser.get("/accounts/budgets")).text
    assert "it answered 429" in page
    assert "30 of 30 calls used or reserved" in page
    assert "hidden-token" not in page


async def test_figures_tell_what_is_left(program: httpx2.AsyncClient, desk: Desk) -> None:
    await use_up(desk, await add_mastodon(desk))
    figures = (await program.get("/metrics")).text
    assert 'copydesk_rate_left{account="news",limit="media uploads"' in figures
    assert "copydesk_rate_closed 1.0" in figures
