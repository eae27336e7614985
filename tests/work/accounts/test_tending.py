"""Credentials of accounts nobody publishes to: renewed in time, their end announced once each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.findings import Severity
from copydesk.core.states import AccountState
from copydesk.distribution.notices import notice_of
from copydesk.distribution.planning import account_findings
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.store.credentials import Lifetimes
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.connecting import add_account
from copydesk.work.accounts.tending import tend_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now
from tests.distribution.granting import granted_account


@pytest.fixture
async def online(desk: Desk, sandbox: None) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def sweep(desk: Desk) -> list[str]:
    async with desk.store.read() as unit:
        due = await unit.credentials.due(unit.now)
    for account_id in due:
        await tend_account(desk, account_id)
    return due


async def notices(desk: Desk, account: Account) -> list[int]:
    async with desk.store.read() as unit:
        history = await unit.events.history([account.id])
    return [e.data["days"] for e in history if e.data.get("notice") == "credential_ends"]


async def ending(desk: Desk, clock: StoppedClock, days: float, name: str = "linked") -> Account:
    """An account whose token cannot be renewed and ends in `days`."""
    account = await add_account(
        desk, "sandbox", name, settings={}, secrets={}, inbox=False, actor="test"
    )
    from copydesk.distribution.lifetimes import next_notice

    ends_at = clock.now() + timedelta(days=days)
    life = Lifetimes(
        expires_at=ends_at, ends_at=ends_at, notify_at=next_notice(ends_at, clock.now())
    )
    async with desk.store.begin("test") as unit:
        sealed = desk.vault.seal({"access_token": "x"})
        assert await unit.credentials.store(
            account.id, account.generation, sealed, life, auth="oauth2", scopes="publish"
        )
        return await unit.accounts.get(account.id)


async def test_idle_accounts_are_renewed_before_they_expire(
    online: Desk, clock: StoppedClock
) -> None:
    async with OAuthServer(clock=clock, lifetime=7200) as server:
        account = await granted_account(online, server)
        for hour in range(1, 25):
            clock.advance(900)
            await sweep(online)
            now = await account_now(online, account)
            assert now.expires_at is not None
            assert now.expires_at > clock.now(), f"ran out after {hour} quarters of an hour"
        assert 2 <= server.authority.counts["refreshed"] <= 5
        assert server.authority.counts["reused"] == 0


async def test_an_end_is_announced_on_three_days_once_each_and_stops_the_account(
    desk: Desk, sandbox: None, clock: StoppedClock
) -> None:
    account = await ending(desk, clock, 60)
    seen: list[int] = []
    for _ in range(62 * 4):
        clock.advance(6 * 3600)
        await sweep(desk)
        if (told := await notices(desk, account)) != seen:
            seen = told
    assert seen == [7, 3, 1, 0]
    now = await account_now(desk, account)
    assert now.state is AccountState.BLOCKED
    assert "copydesk accounts connect linked" in now.reason


async def test_after_a_long_sleep_only_the_most_urgent_is_said(
    desk: Desk, sandbox: None, clock: StoppedClock
) -> None:
    account = await ending(desk, clock, 60)
    clock.advance(58.5 * 86_400)
    await sweep(desk)
    await sweep(desk)
    assert await notices(desk, account) == [3]
    async with desk.store.read() as unit:
        told = (await unit.events.history([account.id]))[-1].reason
    assert "ends in 2 days" in told, "a day and a half is left"


async def test_an_end_that_nobody_was_awake_for_is_said_once_and_stops_the_account(
    desk: Desk, sandbox: None, clock: StoppedClock
) -> None:
    account = await ending(desk, clock, 60)
    clock.advance(75 * 86_400)
    await sweep(desk)
    await sweep(desk)
    assert await notices(desk, account) == [0]
    now = await account_now(desk, account)
    assert now.state is AccountState.BLOCKED
    assert "ended on" in now.reason


async def test_accounts_without_an_end_are_never_looked_at(
    desk: Desk, sandbox: None, clock: StoppedClock
) -> None:
    await add_account(desk, "sandbox", "x", settings={}, secrets={}, inbox=False, actor="test")
    clock.advance(10 * 365 * 86_400)
    assert await sweep(desk) == []


async def test_expiry_and_scopes_are_said_before_anything_is_sent(
    desk: Desk, sandbox: None, clock: StoppedClock
) -> None:
    account = await ending(desk, clock, 5)
    (soon,) = account_findings(account, clock.now())
    assert (soon.code, soon.severity) == ("credential_ends", Severity.WARNING)
    clock.advance(6 * 86_400)
    (ended,) = account_findings(account, clock.now())
    assert (ended.severity, ended.field) == (Severity.ERROR, "account")
    less = replace(account, scopes="read", ends_at=None)
    (missing,) = account_findings(less, clock.now())
    assert (missing.code, missing.severity) == ("scope_missing", Severity.ERROR)
    assert "publish" in missing.message
    assert "accounts connect linked" in missing.remedy
    assert notice_of(replace(less, scopes=""), clock.now()).problem == "", "unknown is not missing"
