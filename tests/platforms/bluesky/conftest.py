from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_bluesky import FakeBluesky
from tests.platforms.bluesky.skies import Sky


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def sky(clock: StoppedClock, transport: HttpTransport, tmp_path: Path) -> AsyncIterator[Sky]:
    async with FakeBluesky(clock=clock) as server:
        yield Sky(server, transport, tmp_path)
