"""The door for platforms: no token, but a signature; and answers that make vendors do right."""

from __future__ import annotations

import httpx2
import pytest

from copydesk.core.errors import StoreUnavailable
from copydesk.platforms.kit.callbacks import Challenge, Happened, Report
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.sandbox import Sandbox
from copydesk.testing.callbacks import OTHER_SECRET, SECRET, standard_callback
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk


@pytest.fixture
async def path(desk: Desk) -> str:
    account = await add_account(
        desk,
        "sandbox",
        "calls back",
        settings={"callback_secret": SECRET},
        secrets={},
        inbox=False,
        actor="test",
    )
    return f"/hooks/{account.id}"


def signed(desk: Desk, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    request = standard_callback(
        Report(happened=Happened.PUBLISHED, key="k"),
        id="msg_1",
        secret=secret,
        sent_at=desk.clock.now(),
    )
    return dict(request.headers), request.body


async def test_a_signed_callback_is_taken_and_a_repeated_one_known(
    stranger: httpx2.AsyncClient, desk: Desk, path: str
) -> None:
    headers, body = signed(desk)
    first = await stranger.post(path, content=body, headers=headers)
    again = await stranger.post(path, content=body, headers=headers)
    assert (first.status_code, first.json()["new"]) == (200, True)
    assert (again.status_code, again.json()["new"]) == (200, False)


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b"\xff\xfe\x00", b"[1, 2]", b'{"type": ["x"], "data": {"key": {}}}']
)
async def test_a_signed_callback_that_means_nothing_is_taken_and_kept(
    stranger: httpx2.AsyncClient, desk: Desk, path: str, body: bytes
) -> None:
    sent_at = desk.clock.now()
    headers = signed_headers(signing_keys(SECRET), id="msg_1", sent_at=sent_at, body=body)
    taken = await stranger.post(path, content=body, headers=headers)
    assert (taken.status_code, taken.json()) == (200, {"new": True, "effects": []})


async def test_what_came_in_and_what_it_did_can_be_read(
    stranger: httpx2.AsyncClient, program: httpx2.AsyncClient, desk: Desk, path: str
) -> None:
    headers, body = signed(desk)
    await stranger.post(path, content=body, headers=headers)
    account = path.rpartition("/")[2]
    (found,) = (await program.get(f"/v1/callbacks?account_id={account}")).json()
    assert (found["message_id"], found["effect"]) == ("msg_1", "noted")
    assert found["raw"] == body.decode(), "no delivery has that key: it is kept as evidence"
    assert (await program.get("/v1/callbacks?account_id=acc_x")).status_code == 404


async def test_a_bad_signature_is_400_and_an_unknown_account_404(
    stranger: httpx2.AsyncClient, desk: Desk, path: str
) -> None:
    headers, body = signed(desk, OTHER_SECRET)
    refused = await stranger.post(path, content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "callback_refused")
    assert SECRET not in refused.text
    headers, body = signed(desk)
    assert (await stranger.post(path, content=body + b" ", headers=headers)).status_code == 400
    assert (await stranger.post("/hooks/acc_x", content=body, headers=headers)).status_code == 404
    assert (await stranger.get("/hooks/acc_x")).status_code == 404
    assert (await stranger.get(path)).status_code == 400, "this one has no handshake"


async def test_too_large_a_callback_is_413(
    stranger: httpx2.AsyncClient, desk: Desk, path: str
) -> None:
    headers, _ = signed(desk)
    answer = await stranger.post(path, content=b"x" * (1024 * 1024 + 1), headers=headers)
    assert answer.status_code == 413


async def test_a_store_that_is_away_makes_the_vendor_try_again(
    stranger: httpx2.AsyncClient, desk: Desk, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(actor: str) -> None:
        raise StoreUnavailable("The database is away.")

    headers, body = signed(desk)
    with monkeypatch.context() as broken:
        broken.setattr(desk.store, "begin", away)
        assert (await stranger.post(path, content=body, headers=headers)).status_code == 503
    assert (await stranger.post(path, content=body, headers=headers)).json()["new"] is True


async def test_a_handshake_is_answered_as_the_spoke_declares(
    stranger: httpx2.AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def echo(
        self: Sandbox, account: object, secrets: object, request: object, now: object
    ) -> object:
        return Challenge(body=request.query["challenge"].encode())  # type: ignore[attr-defined]

    monkeypatch.setattr(Sandbox, "read_callback", echo)
    answer = await stranger.get(f"{path}?challenge=1158201444")
    assert (answer.status_code, answer.text) == (200, "1158201444")


async def test_browsers_on_other_sites_get_nowhere(
    stranger: httpx2.AsyncClient, desk: Desk, path: str
) -> None:
    headers, body = signed(desk)
    headers = {**headers, "Sec-Fetch-Site": "cross-site"}
    assert (await stranger.post(path, content=body, headers=headers)).status_code == 403
