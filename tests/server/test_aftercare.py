"""Taking down, looking again and moving versions, over the API and the pages."""

from __future__ import annotations

from pathlib import Path

import httpx2

from copydesk.core.account import Account
from copydesk.core.standing import Stands
from copydesk.core.states import DeliveryState
from copydesk.distribution.courier import Courier, CourierTools
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.server.scene import make_token


async def publish(
    desk: Desk, program: httpx2.AsyncClient, **settings: str
) -> tuple[Account, str, str]:
    """Publish a post to a sandbox; return its account, its id and its delivery's."""
    account = await add_account(
        desk, "sandbox", "newsroom", settings=settings, secrets={}, inbox=False, actor="test"
    )
    given = {"text": "# Hours\n\nOpen on Sunday.", "accounts": ["newsroom"]}
    answer = await program.post("/v1/posts", json=given)
    assert answer.status_code == 201, answer.text
    await carry(desk, account)
    body = answer.json()
    return account, body["post"]["id"], body["delivery_ids"][0]


async def carry(desk: Desk, account: Account) -> None:
    tools = CourierTools(
        store=desk.store,
        transport=desk.transport,
        vault=desk.vault,
        home=desk.settings.home,
        owner="test/1",
        observers=desk.observers,
    )
    await Courier(tools, account.id).run()


def file_of(desk: Desk, account: Account) -> Ledger:
    return Ledger(Path(desk.settings.home) / "sandbox", account.id)


async def test_a_post_is_taken_down_by_a_program(desk: Desk, program: httpx2.AsyncClient) -> None:
    account, post, _ = await publish(desk, program)
    place = f"/v1/posts/{post}/unpublish"
    (said,) = (await program.post(place, json={"dry_run": True})).json()
    assert (said["change"], said["delivery_id"]) == ("delete", None)
    headers = {"Idempotency-Key": "down-1"}
    (done,) = (await program.post(place, json={}, headers=headers)).json()
    assert (done["change"], done["state"]) == ("delete", "scheduled")
    again = await program.post(place, json={}, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    await carry(desk, account)
    shown = (await program.get(f"/v1/deliveries/{done['delivery_id']}")).json()
    assert (shown["action"], shown["state"]) == ("delete", DeliveryState.DELIVERED)
    assert file_of(desk, account).newest(shown["target_id"]) is None
    looked = await program.post(f"/v1/deliveries/{done['delivery_id']}/inspect")
    assert looked.status_code == 409
    unknown = await program.post(place, json={"accounts": ["nobody"]})
    assert unknown.status_code == 404
    assert "newsroom" in unknown.json()["remedy"]


async def test_a_program_looks_and_is_told_of_an_edit(
    desk: Desk, program: httpx2.AsyncClient
) -> None:
    account, _, delivery = await publish(desk, program)
    place = f"/v1/deliveries/{delivery}/inspect"
    assert (await program.post(place)).json()["standing"] == Stands.AS_PUBLISHED
    kept = file_of(desk, account).newest("1")
    assert kept is not None
    edited = {**kept, "key": "somebody", "payload": {**kept["payload"], "title": "Closed"}}
    file_of(desk, account).accept(edited, once=False)
    seen = (await program.post(place)).json()
    assert seen["standing"] == Stands.CHANGED
    assert "title" in seen["note"]
    given = {"text": "# Hours\n\nOpen on Monday.", "accounts": ["newsroom"]}
    refused = await program.post("/v1/posts", json=given)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "changed_there"
    assert (await program.post("/v1/posts", json={**given, "overwrite": True})).status_code == 201


async def test_one_account_moves_to_another_version_and_back(
    desk: Desk, program: httpx2.AsyncClient
) -> None:
    account, _, _ = await publish(desk, program)
    place = f"/v1/accounts/{account.id}"
    found = (await program.get(f"{place}/versions")).json()
    assert [(v["version"], v["in_use"], v["pinned"]) for v in found] == [
        ("1", True, True),
        ("2", False, False),
    ]
    moved = (await program.post(f"{place}/version", json={"version": "2"})).json()
    assert [v["version"] for v in moved if v["in_use"]] == ["2"]
    assert (await program.get(place)).json()["api_version"] == "2"
    wrong = await program.post(f"{place}/version", json={"version": "9"})
    assert wrong.status_code == 422
    back = (await program.post(f"{place}/version", json={"version": ""})).json()
    assert [v["version"] for v in back if v["in_use"]] == ["1"]


async def test_a_reader_may_not_take_down(
    desk: Desk, program: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    _, post, delivery = await publish(desk, program)
    headers = {"Authorization": f"Bearer {await make_token(desk, 'viewer')}"}
    for place in (f"/v1/posts/{post}/unpublish", f"/v1/deliveries/{delivery}/inspect"):
        answer = await stranger.post(place, json={}, headers=headers)
        assert answer.status_code == 403, place


async def test_the_parts_of_a_thread_are_shown_with_their_numbers(
    desk: Desk, program: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    _, post, delivery = await publish(desk, program, parts="3")
    shown = (await program.get(f"/v1/deliveries/{delivery}")).json()
    assert [part["id"] for part in shown["parts"]] == ["1", "2", "3"]
    assert (shown["parts_total"], shown["remote_id"]) == (3, "1")
    assert [entry["part"] for entry in shown["tries"]] == [1, 2, 3]
    page = (await browser.get(f"/deliveries/{delivery}")).text
    assert "3 of 3:" in page
    assert "Part 2, try 1" in page
    measured = (await program.get(f"/v1/deliveries/{delivery}/metrics")).json()
    assert [part["counts"] for part in measured["parts"]] == [{"replies": n} for n in (1, 1, 0)]
    assert measured["counts"] == {"replies": 2}
    (same,) = (await program.get(f"/v1/posts/{post}/metrics")).json()
    assert same == measured
    absent = await program.get("/v1/deliveries/dlv_01kbk7v2e0c4m8s6q1r5t9w3x7/metrics")
    assert absent.status_code == 404


async def test_a_person_is_asked_before_a_piece_is_taken_down(
    desk: Desk, program: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    account, post, delivery = await publish(desk, program)
    assert f"/posts/{post}/unpublish" in (await browser.get(f"/posts/{post}")).text
    asked = (await browser.get(f"/posts/{post}/unpublish")).text
    assert "newsroom" in asked
    assert "is deleted there" in asked
    looked = await browser.post(f"/deliveries/{delivery}/inspect")
    assert looked.status_code == 303
    assert "stands there as published" in (await browser.get(f"/deliveries/{delivery}")).text
    done = await browser.post(f"/posts/{post}/unpublish")
    assert done.status_code == 303
    await carry(desk, account)
    assert "There is nothing to take down" in (await browser.get(f"/posts/{post}/unpublish")).text
    moved = await browser.post(f"/accounts/{account.id}/version", data={"version": "2"})
    assert moved.status_code == 303
    assert "API version 2" in (await browser.get("/accounts")).text
