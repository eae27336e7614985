"""A scripted platform, registered for the test alone, and an account on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from copydesk.core.account import Account
from copydesk.distribution.budget_lumps import Budgets
from copydesk.platforms.kit import registry
from copydesk.store import Store, open_store
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution import scripted as scripted_module
from tests.distribution.scripted import Remote, Scripted
from tests.distribution.strict import HttpClient, StrictPlatform
from tests.store_fixtures import ordered_ids


@pytest.fixture
def platform(clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """The scripted platform, found as an installed plug-in would be."""
    made = Scripted(Remote(clock))
    monkeypatch.setattr(scripted_module, "PLATFORM", made, raising=False)
    known = {**registry.platform_modules(), "scripted": scripted_module.__name__}
    monkeypatch.setattr(registry, "platform_modules", lambda: known)
    registry.load_platform.cache_clear()
    yield made
    registry.load_platform.cache_clear()


@pytest.fixture
def remote(platform: Scripted) -> Remote:
    return platform.remote


@pytest.fixture
async def account(desk: Desk, platform: Scripted) -> Account:
    return await add_account(
        desk, "scripted", "scripted", settings={}, secrets={}, inbox=True, actor="test"
    )


@pytest.fixture
def strict(
    clock: StoppedClock, desk: Desk, platform: Scripted, monkeypatch: pytest.MonkeyPatch
) -> StrictPlatform:
    """The scripted platform over HTTP, with a server that counts."""
    made = StrictPlatform(clock)
    monkeypatch.setattr(platform, "connect", HttpClient)
    object.__setattr__(desk, "transport", made)
    return made


@pytest.fixture
async def processes(
    database: str, clock: StoppedClock, store: Store
) -> AsyncIterator[list[Budgets]]:
    """What three processes on one database know of budgets."""
    async with AsyncExitStack() as stack:
        made = [Budgets(store)]
        for _ in range(2):
            other = await open_store(database, clock, ordered_ids(clock), migrate=False)
            stack.push_async_callback(other.close)
            made.append(Budgets(other))
        yield made
