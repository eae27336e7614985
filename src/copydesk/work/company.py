"""Who is worked on beside whom. What has already been there when a process died is worked on alone,
so that one message that takes its process with it cannot take its neighbours' tries as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Company:
    """The messages one process works on at a time: many together, or a suspect by itself."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._together = 0
        self._alone = False
        self._suspects = 0

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Work beside others; waits while a suspect works or wants to."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone and not self._suspects)
            self._together += 1
        try:
            yield
        finally:
            async with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Work while nobody else does; waits until those at work have finished."""
        async with self._changed:
            self._suspects += 1
            try:
                await self._changed.wait_for(lambda: not self._alone and not self._together)
                self._alone = True
            finally:
                self._suspects -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            async with self._changed:
                self._alone = False
                self._changed.notify_all()
