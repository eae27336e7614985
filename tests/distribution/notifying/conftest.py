"""A desk that really calls, and a receiver for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from copydesk.work.desk import Desk
from tests.distribution.notifying.receiving import Receiver, hang_up, listening


@pytest.fixture
async def calling(desk: Desk) -> AsyncIterator[Desk]:
    opened = listening(desk)
    yield opened
    await hang_up(opened)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server
