"""Spelling for many messages at once: a look-up is a process start, so calls are shared.

Only words that were never looked up are asked for; one memory of them serves the process, since
what a word should be does not depend on who asks.
"""

from __future__ import annotations

import asyncio
from typing import Final

from copydesk.intake.typos import Typo, find_typos
from copydesk.intake.vocabulary import Vocabulary

#: How long the first text waits for company, in seconds, and how many texts share one call.
GATHERING = 0.02
TOGETHER = 64

_SHARED: Final = Vocabulary()


class Speller:
    """Looks up misspellings; texts that arrive close together share one process."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._vocabulary = _SHARED if vocabulary is None else vocabulary
        self._waiting: list[tuple[str, asyncio.Future[tuple[Typo, ...]]]] = []
        self._gathering: asyncio.Task[None] | None = None

    async def find(self, text: str) -> tuple[Typo, ...]:
        """Return the known misspellings of an English text; none where they cannot be looked up."""
        if not self._vocabulary.unknown(text):
            return self._vocabulary.typos(text)
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
            await self._learn([text for text, _ in batch])
            for text, answer in batch:
                if not answer.done():
                    answer.set_result(self._vocabulary.typos(text))

    async def _learn(self, texts: list[str]) -> None:
        words = sorted(set[str]().union(*map(self._vocabulary.unknown, texts)))
        try:
            report = await find_typos(["\n".join(words)])
        except (OSError, ValueError, LookupError):
            return  # clean-up works without it, and a text must not wait for ever
        if not report.skipped_because:
            asked = set(words)
            corrections = {t.before: t.after for t in report.found[0] if t.before in asked}
            self._vocabulary.learn(words, corrections)
