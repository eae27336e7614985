"""Two versions of a wire format side by side, and what is said about the end of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing
from copydesk.core.errors import ContentInvalid
from copydesk.core.outcomes import Published
from copydesk.core.states import DeliveryState
from copydesk.distribution.versions import (
    Urgency,
    VersionWatch,
    endings,
    read_notice,
    urgency_of,
)
from copydesk.platforms.kit.lifecycle import Version
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.versions import endings_of, known_versions, move_to_version
from copydesk.work.desk import Desk
from copydesk.work.examining import examine
from tests.distribution.carrying import account_now, add_posts, carry_to_rest, deliveries
from tests.distribution.scripted import MANIFEST, Remote, Scripted
from tests.store_fixtures import AddSandbox

TODAY = NOON.date()


async def test_an_account_moves_to_the_newer_version_and_back_and_nothing_is_sent_twice(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault="lost_response")
    await add_posts(desk, "one")
    await move_to_version(desk, "sandbox", "2", actor="test")
    await add_posts(desk, "two")
    await move_to_version(desk, "sandbox", "", actor="test")
    await add_posts(desk, "three")
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    lines = Ledger(desk.settings.home / "sandbox", account.id).posts()
    assert [(line["payload"]["title"], line["api"]) for line in lines] == [
        ("one", "1"),
        ("two", "2"),
        ("three", "1"),
    ]
    async with desk.store.read() as unit:
        told = [event.reason for event in await unit.events.history([account.id])]
    assert told[-2:] == ["API version 1 → 2", "API version 2 → 1"]
    assert (await account_now(desk, account)).api_version == ""


async def test_only_one_account_moves(desk: Desk, sandbox_account: AddSandbox) -> None:
    await sandbox_account("canary")
    await sandbox_account("others")
    await move_to_version(desk, "canary", "2", actor="test")
    in_use = {
        name: [v.version.version for v in await known_versions(desk, name) if v.in_use]
        for name in ("canary", "others")
    }
    assert in_use == {"canary": ["2"], "others": ["1"]}
    with pytest.raises(ContentInvalid) as refused:
        await move_to_version(desk, "canary", "9", actor="test")
    assert "1, 2" in refused.value.findings[0].remedy


async def test_what_was_prepared_for_a_version_nobody_speaks_any_more_is_held(
    desk: Desk, clock: StoppedClock, platform: Scripted, account: Account
) -> None:
    old = Version(version="0", source="its manual")
    platform.declare(versions=(old,))
    await move_to_version(desk, "scripted", "0", actor="test")
    await add_posts(desk, "one")
    platform.declare(versions=())
    await carry_to_rest(desk, account, clock)
    (post,) = await deliveries(desk)
    assert (post.state, post.reason_code) == (DeliveryState.HELD, "version_unknown")
    assert platform.remote.taken == []


# ---------------------------------------------------------------- endings


@pytest.mark.parametrize(
    ("days", "urgency"),
    [
        (91, None),
        (90, Urgency.NOTE),
        (30, Urgency.WARNING),
        (7, Urgency.URGENT),
        (0, Urgency.URGENT),
        (-1, Urgency.OVER),
    ],
)
def test_the_nearer_the_end_the_louder(days: int, urgency: Urgency | None) -> None:
    assert urgency_of(TODAY + timedelta(days=days), TODAY) is urgency


@pytest.mark.parametrize(("days", "ok", "warning"), [(60, True, False), (20, True, True)])
async def test_the_doctor_warns_and_then_fails_before_the_vendor_does(
    desk: Desk, platform: Scripted, account: Account, days: int, ok: bool, warning: bool
) -> None:
    for left, fine, warns in ((days, ok, warning), (6, False, False), (-3, False, False)):
        sunset = TODAY + timedelta(days=left)
        platform.declare(api=Version(version="1", sunset=sunset, source="https://example.org/end"))
        (found,) = [f for f in await examine(desk) if f.check == "api scripted"]
        assert (found.ok, found.warning) == (fine, warns)
        assert sunset.isoformat() in found.message


async def test_headers_of_any_answer_are_kept_once_a_day(
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = VersionWatch(desk.store)
    observer = watch.of(account, platform)
    writes: list[Any] = []
    begin = desk.store.begin

    def counted(actor: str) -> Any:
        writes.append(actor)
        return begin(actor)

    reply = Reply(
        status=200,
        headers={
            "deprecation": "@1795000000",
            "sunset": "Sat, 26 Dec 2026 23:59:59 GMT",
            "link": '<https://example.org/v2>; rel="successor-version", '
            '<https://example.org/end>; rel="sunset"; type="text/html"',
        },
    )
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "begin", counted)
        await observer.after("GET", "https://example.org/", Reply(status=200))
        for _ in range(3):
            await observer.after("GET", "https://example.org/", reply)
        assert writes == ["platform"]
        clock.advance(86_401)
        await observer.after("GET", "https://example.org/", reply)
        assert len(writes) == 2
    ((whose, ending),) = await endings_of(desk)
    assert whose.id == account.id
    assert (ending.sunset, ending.link) == (date(2026, 12, 26), "https://example.org/end")
    async with desk.store.read() as unit:
        (notice,) = await unit.aftercare.notices(desk.workspace_id)
    assert notice.first_seen_at == NOON
    assert notice.seen_at == NOON + timedelta(seconds=86_401)
    assert notice.deprecated_at == datetime.fromtimestamp(1795000000, UTC)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, None),
        ({"sunset": "soon"}, None),
        ({"deprecation": "true"}, (None, None, "")),
        ({"deprecation": "?0"}, None),
        (
            {"deprecation": "@1688169599"},
            (datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC), None, ""),
        ),
        (
            {"deprecation": "Sun, 11 Nov 2018 23:59:59 GMT"},
            (datetime(2018, 11, 11, 23, 59, 59, tzinfo=UTC), None, ""),
        ),
        (
            {"sunset": "Sunday, 06-Nov-94 08:49:37 GMT"},
            (None, datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC), ""),
        ),
        (
            {"sunset": "Sun Nov  6 08:49:37 1994"},
            (None, datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC), ""),
        ),
        ({"deprecation": "@99999999999999999999"}, (None, None, "")),
        (
            {"sunset": "Sat, 26 Dec 2026 23:59:59 GMT", "link": "<javascript:x>; rel=sunset"},
            (None, datetime(2026, 12, 26, 23, 59, 59, tzinfo=UTC), ""),
        ),
    ],
)
def test_what_headers_say(headers: dict[str, str], said: object) -> None:
    assert read_notice(headers) == said


async def test_a_version_that_is_deprecated_without_an_end_is_told_too(
    desk: Desk, platform: Scripted, account: Account
) -> None:
    observer = VersionWatch(desk.store).of(account, platform)
    reply = Reply(status=200, headers={"deprecation": "@1688169599"})
    await observer.after("GET", "https://example.org/", reply)
    (found,) = [f for f in await examine(desk) if f.check == "api scripted"]
    assert (found.ok, found.warning) == (True, False)
    assert "is deprecated from 2023-06-30 on" in found.message
    assert "when it ends is not announced" in found.message


async def test_what_is_said_to_a_call_of_the_old_version_is_about_the_old_version(
    desk: Desk, clock: StoppedClock, platform: Scripted, account: Account, remote: Remote
) -> None:
    """An account that has just moved still sends what was prepared for the version it left."""
    platform.declare(versions=(Version(version="2"),))
    await add_posts(desk, "one")
    moved = await move_to_version(desk, account.name, "2", actor="test")
    observer = VersionWatch(desk.store).of(moved, platform)
    reply = Reply(status=200, headers={"sunset": "Sat, 26 Dec 2026 23:59:59 GMT"})

    async def answered(outgoing: Outgoing) -> Published:
        await observer.after("POST", "https://example.org/", reply)
        return remote.take(outgoing)

    remote.script["commit"] = [answered]
    await carry_to_rest(desk, account, clock)
    async with desk.store.read() as unit:
        (notice,) = await unit.aftercare.notices(desk.workspace_id)
    assert notice.api_version == "1"
    assert await endings_of(desk) == []


async def test_a_notice_about_a_version_not_in_use_is_no_trouble(
    desk: Desk, platform: Scripted, account: Account
) -> None:
    assert endings(account, platform, {}, TODAY) == []
    assert MANIFEST.version("") == MANIFEST.api
    assert MANIFEST.version("7") is None
