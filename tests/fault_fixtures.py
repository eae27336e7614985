"""What tests that play faults need: databases for scenarios, and the log, which the kit mutes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from copydesk.testing.faults.databases import Databases, databases


@pytest.fixture
def unmuted() -> Iterator[None]:
    """Give the log its voice back afterwards."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
async def made(unmuted: None) -> AsyncIterator[Databases]:
    """Databases for the scenarios of one test."""
    async with databases() as made:
        yield made
