"""Held and failed deliveries in the API and on pages: found, understood, sent again safely."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
import sqlalchemy as sa

from copydesk.core.breaker import Breaker
from copydesk.core.states import AccountState, BreakerState, DeliveryState
from copydesk.store.deliveries import Change
from copydesk.store.tables import deliveries as table
from copydesk.work.desk import Desk
from tests.server.scene import Scene, lay_out


async def fail(desk: Desk, scene: Scene) -> str:
    """Give up the waiting delivery of the scene, whose account works again."""
    async with desk.store.begin("courier") as unit:
        account = await unit.accounts.get(scene.account)
        await unit.accounts.move(account, AccountState.CONNECTED, "tested and working")
        waiting = await unit.deliveries.get(scene.waiting)
        values = {"reason_code": "attempts_used_up", "reason": "8 tries", "spent": {"absent": 8}}
        await unit.deliveries.move(
            Change(delivery=waiting, to=DeliveryState.FAILED, reason="8 tries", values=values)
        )
    return waiting.id


async def test_dead_letters_are_found_by_what_is_known_of_them(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    failed = await fail(desk, scene)
    soon = (desk.clock.now() + timedelta(minutes=5)).isoformat()
    for query, found in (
        ({"state": "failed"}, [failed]),
        ({"state": ["failed", "held"]}, sorted([failed, scene.held], reverse=True)),
        ({"state": "failed", "reason_code": "attempts_used_up"}, [failed]),
        ({"state": "failed", "reason_code": "refused"}, []),
        ({"state": "failed", "account": "newsroom", "post_id": scene.post}, [failed]),
        ({"state": "failed", "account": "nobody"}, []),
        ({"state": "failed", "until": soon}, [failed]),
        ({"state": "failed", "since": soon}, []),
    ):
        answer = await program.get("/v1/deliveries", params=query)
        assert [entry["id"] for entry in answer.json()["items"]] == found, query
    naive = await program.get("/v1/deliveries", params={"since": "2026-11-21T12:00"})
    assert naive.status_code == 422, "a time without a zone is a guess"


@pytest.mark.parametrize("cursor", ["nonsense", "dlv_", "pst_01kbk7v2e0c4m8s6q1r5t9w3x7", "'; --"])
async def test_a_cursor_that_names_no_place_is_refused(
    cursor: str, program: httpx2.AsyncClient
) -> None:
    answer = await program.get("/v1/deliveries", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["code"] == "cursor_invalid"
    assert answer.json()["remedy"]


async def test_a_dead_letter_shows_all_there_is_to_know(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    async with desk.store.begin("courier") as unit:
        await unit.letters.saw(scene.held, "absent", "the listing was complete")
    letter = (await program.get(f"/v1/deliveries/{scene.held}")).json()
    assert [look["found"] for look in letter["looks"]] == ["inconclusive", "absent"]
    assert letter["payload"].startswith("{")
    assert len(letter["payload_sha256"]) == 64


async def test_redriving_by_program_is_what_its_dry_run_said(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    failed = await fail(desk, scene)
    wanted = {"states": ["failed", "held"]}
    dry = await program.post("/v1/deliveries/redrive", json={**wanted, "dry_run": True})
    assert dry.json()["counts"] == {"sent": 1, "may-have-landed": 1}
    verdicts = {entry["id"]: entry["verdict"] for entry in dry.json()["items"]}
    assert verdicts == {failed: "sent", scene.held: "may-have-landed"}
    done = await program.post("/v1/deliveries/redrive", json=wanted)
    assert done.json()["counts"] == dry.json()["counts"]
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(failed)).state is DeliveryState.SCHEDULED
        assert (await unit.deliveries.get(scene.held)).state is DeliveryState.HELD
    one = {"ids": [scene.held], "did_not_land": True}
    assert (await program.post("/v1/deliveries/redrive", json=one)).json()["counts"] == {"sent": 1}
    for refused in ({"states": ["delivered"]}, {"did_not_land": True}, {"limit": 0}):
        answer = await program.post("/v1/deliveries/redrive", json=refused)
        assert answer.status_code == 422, refused
    nobody = await program.post("/v1/deliveries/redrive", json={"ids": ["dlv_nobody"]})
    assert nobody.status_code == 404


async def test_an_address_that_is_none_is_refused_with_its_field(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    answer = await program.post(
        f"/v1/deliveries/{scene.held}/decide", json={"decision": "landed", "url": "over there"}
    )
    assert answer.status_code == 422
    assert [entry["field"] for entry in answer.json()["errors"]] == ["url"]


# ---------------------------------------------------------------- pages


async def test_what_expired_leads_to_where_it_is_sent_after_all(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    async with desk.store.begin("courier") as unit:
        account = await unit.accounts.get(scene.account)
        await unit.accounts.move(account, AccountState.CONNECTED, "tested and working")
        waiting = await unit.deliveries.get(scene.waiting)
        await unit.deliveries.move(Change(delivery=waiting, to=DeliveryState.EXPIRED))
    page = (await browser.get(f"/deliveries/{scene.waiting}")).text
    place = f"/deliveries/redrive?state=expired&amp;post={scene.post}"
    assert f'href="{place}"' in page
    assert "Send 1 again" in (await browser.get(place.replace("&amp;", "&"))).text


async def test_what_waits_for_its_account_leads_to_it(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    async with desk.store.begin("courier") as unit:
        waiting = await unit.deliveries.get(scene.waiting)
        values = {"reason_code": "account_blocked", "reason": "credential refused"}
        await unit.deliveries.move(
            Change(delivery=waiting, to=DeliveryState.BLOCKED, reason="", values=values)
        )
    page = (await browser.get(f"/deliveries/{scene.waiting}")).text
    assert f'href="/accounts#{scene.account}"' in page
    assert "Once its account works again" in page
    assert f'id="{scene.account}"' in (await browser.get("/accounts")).text


async def test_what_is_to_be_typed_looks_like_it_wherever_a_reason_is_shown(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    reason = "it ended: `copydesk accounts connect newsroom` renews it"
    async with desk.store.begin("courier") as unit:
        account = await unit.accounts.get(scene.account)
        await unit.accounts.move(account, AccountState.CONNECTED, "tested and working")
        account = await unit.accounts.get(scene.account)
        await unit.accounts.move(account, AccountState.BLOCKED, reason)
        waiting = await unit.deliveries.get(scene.waiting)
        values = {"reason_code": "account_blocked", "reason": reason}
        await unit.deliveries.move(
            Change(delivery=waiting, to=DeliveryState.BLOCKED, reason="it`s odd", values=values)
        )
    for path in ("/accounts", "/deliveries", f"/deliveries/{scene.waiting}"):
        page = (await browser.get(path)).text
        assert "<code>copydesk accounts connect newsroom</code> renews it" in page, path
    timeline = (await browser.get(f"/deliveries/{scene.waiting}")).text
    assert "it`s odd" in timeline, "a mark that somebody else made is no mark"


async def test_sending_what_may_have_landed_takes_a_tick(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    path = f"/deliveries/{scene.held}"
    page = (await browser.get(path)).text
    assert "makes a duplicate" in page
    assert "The frozen payload" in page
    unsure = await browser.post(f"{path}/decide", data={"decision": "send"})
    assert unsure.status_code == 409
    sure = await browser.post(f"{path}/decide", data={"decision": "send", "sure": "true"})
    assert sure.status_code == 303
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(scene.held)).state is DeliveryState.SCHEDULED


async def test_an_answer_to_an_earlier_try_decides_nothing(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    async with desk.store.begin("test") as unit:
        seen = (await unit.deliveries.get(scene.held)).attempts
        # another person had it sent, and it waits once more
        again = sa.update(table).where(table.c.id == scene.held).values(attempts=seen + 1)
        await unit.connection.execute(again)
    stale = await browser.post(
        f"/deliveries/{scene.held}/decide?attempts={seen}",
        data={"decision": "send", "sure": "true"},
    )
    assert stale.status_code == 409
    path = f"/v1/deliveries/{scene.held}/decide"
    landed: dict[str, object] = {"decision": "landed"}
    assert (await program.post(path, json={**landed, "attempts": seen})).status_code == 409
    assert f"decide?attempts={seen + 1}" in (await browser.get(f"/deliveries/{scene.held}")).text
    assert (await program.post(path, json={**landed, "attempts": seen + 1})).status_code == 200


async def test_redriving_in_the_browser_shows_first_what_it_would_do(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    assert "Nothing waits that fits" in (await browser.get("/deliveries/redrive")).text
    failed = await fail(desk, scene)
    page = (await browser.get("/deliveries/redrive")).text
    assert "Send 1 again" in page
    assert failed in page
    held = (await browser.get("/deliveries/redrive?state=held")).text
    assert "settle it by itself" in held
    assert "again</button>" not in held
    done = await browser.post("/deliveries/redrive", data={"state": "failed", "reason": "it is up"})
    assert done.status_code == 303
    after = (await browser.get(done.headers["location"])).text
    assert "1 goes out again, at the pace of its platform" in after
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(failed)).state is DeliveryState.SCHEDULED


async def test_a_filter_that_cannot_be_meant_is_said_beside_it(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, desk: Desk
) -> None:
    """Who mistypes a name must not read that nothing had stopped."""
    await lay_out(desk)
    for name, given, told in (
        ("since", "2026-12-01T09:00", "has no time zone"),
        ("account", "newsrom", "Known accounts: newsroom"),
        ("platform", "mastadon", "mastodon"),
        ("post", "pst_nothing", "pst_nothing"),
    ):
        page = await browser.get("/deliveries/redrive", params={name: given})
        assert page.status_code == 422
        assert told in page.text
        assert "--zone" not in page.text
        assert f'value="{given}"' in page.text, "what was typed is still there"
    answer = await program.post("/v1/deliveries/redrive", json={"account": "newsrom"})
    assert answer.status_code == 404


async def test_counts_are_said_in_the_right_number(browser: httpx2.AsyncClient, desk: Desk) -> None:
    for number in (1, 2):
        await lay_out(desk, words=f" {number}")
        page = (await browser.get("/deliveries/redrive?state=held")).text
        their = "s: its account is" if number == 1 else ": their accounts are"
        assert f"{number} stay{their} blocked" in page


async def test_where_a_failed_one_landed_can_be_said(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    path = f"/deliveries/{await fail(desk, scene)}"
    assert "Where it landed" in (await browser.get(path)).text
    said = {"decision": "landed", "url": "over there"}
    form = {"Referer": f"{browser.base_url}{path}"}
    refused = await browser.post(f"{path}/decide", data=said, headers=form)
    assert refused.status_code == 422
    assert f'href="{path}"' in refused.text, "the way back to the form"
    elsewhere = {"Referer": f"https://elsewhere.example{path}"}
    refused = await browser.post(f"{path}/decide", data=said, headers=elsewhere)
    assert "Back to the form" not in refused.text


async def test_an_account_is_removed_after_one_question(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    place = f"/accounts/{scene.account}/remove"
    assert place in (await browser.get("/accounts")).text
    assert "cannot be undone" in (await browser.get(place)).text
    assert (await browser.post(place)).status_code == 303
    async with desk.store.read() as unit:
        assert (await unit.accounts.get(scene.account)).state is AccountState.REMOVED
        assert (await unit.deliveries.get(scene.waiting)).state is DeliveryState.CANCELLED
    assert (await program.post(f"/v1/accounts/{scene.account}/remove")).status_code == 404


async def test_a_platform_that_does_not_answer_is_said_where_people_look(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    until = desk.clock.now() + timedelta(minutes=3)
    async with desk.store.begin("courier") as unit:
        account = await unit.accounts.get(scene.account)
        was = Breaker(id=account.id, platform=account.platform, host="", state=BreakerState.CLOSED)
        opened = Breaker(
            id=account.id,
            platform=account.platform,
            host="",
            state=BreakerState.OPEN,
            failures=5,
            trips=1,
            open_until=until,
            reason="connection refused",
            changed_at=unit.now,
        )
        await unit.breakers.put(opened, was, account.workspace_id)
    words = "is left alone: connection refused; the next call is made at"
    assert words in (await browser.get("/accounts")).text
    (told,) = (await program.get(f"/v1/accounts/{account.id}")).json()["stopped"]
    assert words in told
