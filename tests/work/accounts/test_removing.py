"""Removing an account ends its access on the server that gave it, as well as that can be done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from copydesk.distribution.revoking import Back
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.removing import remove_account
from copydesk.work.desk import Desk
from tests.distribution.granting import granted_account
from tests.store_fixtures import AddSandbox


@pytest.fixture
async def online(desk: Desk, sandbox: None) -> AsyncIterator[Desk]:
    """The desk with a way out."""
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def test_what_a_server_gave_is_given_back(online: Desk) -> None:
    async with OAuthServer() as server:
        account = await granted_account(online, server)
        done = await remove_account(online, account.name, actor="test")
        assert done.given_back.back is Back.GIVEN
        assert server.authority.counts["grants_revoked"] == 1


async def test_a_server_that_is_away_keeps_no_account(online: Desk) -> None:
    async with OAuthServer() as server:
        account = await granted_account(online, server)
    done = await remove_account(online, account.name, actor="test")
    assert (done.given_back.back, done.account.state) == (Back.FAILED, "removed")
    assert "end it there" in done.given_back.words
    async with online.store.read() as unit:
        assert await unit.accounts.secrets(account.id) == b""


async def test_where_nobody_issued_anything_nothing_is_said(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account("plain")
    done = await remove_account(desk, "plain", actor="test")
    assert (done.given_back.back, done.given_back.words) == (Back.NOTHING, "")
