"""A scripted platform, registered for the test alone, and an account on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from copydesk.core.account import Account
from copydesk.platforms.kit import registry
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution import scripted as scripted_module
from tests.distribution.scripted import Remote, Scripted


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
