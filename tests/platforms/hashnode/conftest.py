"""A fake server and an account on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_hashnode import FakeHashnode
from tests.platforms.hashnode.desk import Desk


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def desk(
    clock: StoppedClock, transport: HttpTransport, tmp_path: Path
) -> AsyncIterator[Desk]:
    async with FakeHashnode(clock=clock) as hashnode:
        yield Desk(hashnode, transport, tmp_path)
