"""Models that versions name, each opened once in a process and when it is first needed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from copydesk.core.post import Tier
from copydesk.core.release import NO_MODEL, Version

if TYPE_CHECKING:
    from copydesk.generation.port import Model
    from copydesk.work.desk import Desk


class VersionModels:
    """Opens and keeps the models of versions; whoever makes one closes it."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._opened: dict[tuple[str, Tier], Model] = {}
        self._opening = asyncio.Lock()

    async def desk_for(self, desk: Desk, version: Version) -> Desk:
        """Return `desk` with the models of `version`; where it names none, those it has.

        Raises `ConfigError` when one cannot be opened.
        """
        return replace(
            desk,
            model=await self._model(
                desk, version.model, desk.settings.model, desk.model, Tier.CAPABLE
            ),
            light_model=await self._model(
                desk, version.light_model, desk.settings.light_model, desk.light_model, Tier.LIGHT
            ),
        )

    async def close(self) -> None:
        """Close every model that was opened here."""
        self._opened.clear()
        await self._stack.aclose()

    async def _model(
        self, desk: Desk, line: str, configured: str, has: Model | None, tier: Tier
    ) -> Model | None:
        if line == NO_MODEL:
            return None
        if line in ("", configured):
            return has
        # in here: opening a model loads a library that takes seconds
        from copydesk.work.models.opening import open_line

        async with self._opening:
            if (line, tier) not in self._opened:
                self._opened[line, tier] = await open_line(self._stack, desk, line, tier)
            return self._opened[line, tier]
