"""The configured model, opened where it is needed: loading one costs seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from copydesk.generation import open_model, parse_model_line

if TYPE_CHECKING:
    from copydesk.config import Settings
    from copydesk.core.clock import Clock
    from copydesk.generation import Model
    from copydesk.work.desk import Desk

#: Seconds until a model that does not answer counts as away.
PATIENCE = 120.0


@asynccontextmanager
async def opened_model(desk: Desk) -> AsyncIterator[Model | None]:
    """Give the desk's model, or the one its settings name, for the body; None without one.

    Raises `ConfigError` when the configured model cannot be opened.
    """
    if desk.model is not None:
        yield desk.model
        return
    async with model_of(desk.settings, desk.clock) as model:
        yield model


@asynccontextmanager
async def model_of(settings: Settings, clock: Clock) -> AsyncIterator[Model | None]:
    """Give the model that `settings` name for the body; None where they name none.

    Raises `ConfigError` when it cannot be opened.
    """
    if not settings.model:
        yield None
        return
    async with open_model(
        parse_model_line(settings.model),
        key=settings.model_key,
        clock=clock,
        timeout=PATIENCE,
    ) as model:
        yield model
