"""Fixtures of the X tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_x import FakeX
from tests.platforms.x.desk import Desk


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def xdesk(transport: HttpTransport, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = StoppedClock(NOON + timedelta(minutes=1))
    async with FakeX(clock=clock) as server:
        yield Desk(server, clock, transport, tmp_path)
