"""Opening the project for a command's work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

T = TypeVar("T")

#: Work on a unit of the project's workspace, whose id it is given.
InUnit = Callable[["UnitOfWork", str], Awaitable[T]]


async def at_desk(home: Path | None, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do `work` at the desk of the project in `home` and return its result."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async with open_desk(load_settings(find_home(home))) as desk:
        return await work(desk)


async def reading(home: Path | None, work: InUnit[T]) -> T:
    """Do `work` in a reading unit of the project in `home` and return its result."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
        return await work(unit, desk.workspace_id)


async def writing(home: Path | None, work: InUnit[T]) -> T:
    """Do `work` in a unit that is committed; otherwise as `reading`."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async with open_desk(load_settings(find_home(home))) as desk, desk.store.begin("cli") as unit:
        return await work(unit, desk.workspace_id)
