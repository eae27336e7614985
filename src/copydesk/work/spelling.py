"""Spelling for many messages at once: a look-up is a process start, so calls are shared."""

from __future__ import annotations

import asyncio

from copydesk.intake.typos import Typo, find_typos

#: How long the first text waits for company, in seconds, and how many texts share one call.
GATHERING = 0.02
TOGETHER = 64


class Speller:
    """Looks up misspellings; texts that arrive close together share one process."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, asyncio.Future[tuple[Typo, ...]]]] = []
        self._gathering: asyncio.Task[None] | None = None

    async def find(self, text: str) -> tuple[Typo, ...]:
        """Return the known misspellings of an English text; none where they cannot be looked up."""
        answer: asyncio.Future[tuple[Typo, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, answer))
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())
        return await answer

    async def _gather(self) -> None:
        while self._waiting:
            if len(self._waiting) < TOGETHER:
                await asyncio.sleep(GATHERING)
            batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                report = await find_typos([text for text, _ in batch])
                found = report.found
            except (OSError, ValueError, LookupError):
                # clean-up works without it, and a text must not wait for ever
                found = tuple(() for _ in batch)
            for (_, answer), typos in zip(batch, found, strict=True):
                if not answer.done():
                    answer.set_result(typos)
