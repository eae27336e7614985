"""Faults of time: clocks that jump, and local times that do not exist or come twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from copydesk.core.states import DeliveryState
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.engine import all_deliveries, connect_account, plan_posts
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.hearing import hearing
from copydesk.testing.faults.rig import NotApplicable
from copydesk.testing.faults.scene import Scene

_DAY: Final = 86_400.0
_HOUR: Final = 3_600.0

#: Clocks go forward here at 02:00, and back at 03:00 (EU rule).
_ZONE: Final = ZoneInfo("Europe/Berlin")
_GAP: Final = datetime(2027, 3, 28, 2, 30, tzinfo=_ZONE)
_OVERLAP: Final = datetime(2027, 10, 31, 2, 30, tzinfo=_ZONE)


async def _jump(stage: Scene) -> Row:
    """The machine's clock jumps in the middle of a publishing call; some posts wait for later."""
    seconds = _DAY if stage.fault is Fault.CLOCK_FORWARD else -_HOUR
    account = await connect_account(stage.desk, stage.rig, stage.rig.address)
    now = stage.engine_clock.now()
    half = max(1, stage.deliveries // 2)
    stage.markers = await plan_posts(stage.desk, stage.rig, account, half)
    stage.markers |= await plan_posts(
        stage.desk, stage.rig, account, stage.deliveries - half, now + timedelta(minutes=5), half
    )

    async def jump(number: int) -> None:
        if number == min(3, half):
            stage.engine_clock.skew += seconds

    batches = number_of_calls(stage, half) < 3
    with hearing(stage.rig.platform, before=_first(jump, half) if batches else jump):
        engine = stage.engine(account)
        # after a jump back the scheduled ones are due an hour later
        engine.patience += _HOUR
        await engine.run_to_rest()
    if not stage.engine_clock.skew:
        raise AssertionError("the clock never jumped: this proves nothing")
    return await stage.row()


def number_of_calls(stage: Scene, deliveries: int) -> int:
    """Return how many publishing calls `deliveries` take at least."""
    from copydesk.platforms.kit.registry import load_platform

    batch = load_platform(stage.rig.platform).manifest.batch
    return -(-deliveries // batch)


def _first(jump: Callable[[int], Awaitable[None]], half: int) -> Callable[[int], Awaitable[None]]:
    async def at_the_first(number: int) -> None:
        if number == 1:
            await jump(min(3, half))

    return at_the_first


async def _jump_in_429(stage: Scene) -> Row:
    """The clock jumps while the platform has told us to rest."""
    seconds = _DAY if stage.fault is Fault.CLOCK_FORWARD_IN_429 else -_HOUR
    account = await stage.account()
    engine = stage.engine(account)
    engine.patience += _HOUR
    jumped = False

    def tick() -> None:
        nonlocal jumped
        if stage.rig.struck and not jumped:
            jumped = True
            stage.engine_clock.skew += seconds

    engine.before_tick = tick
    await engine.run_to_rest()
    if not jumped:
        raise AssertionError("the clock never jumped: this proves nothing")
    return await stage.row()


async def _local_time(stage: Scene) -> Row:
    """Posts are due at a local time that does not exist, or comes twice: each goes out once, and
    not before its time."""
    wall = _GAP if stage.fault is Fault.DST_GAP else _OVERLAP
    if wall.astimezone(_ZONE).utcoffset() is None:
        raise NotApplicable("this machine knows no time zones")
    # PEP 495: in a gap the first fold keeps the offset before it, in an overlap it is the first
    due_at = wall.astimezone(ZoneInfo("UTC"))
    stage.clock.advance((due_at - stage.clock.now()).total_seconds() - 2 * _HOUR)
    account = await connect_account(stage.desk, stage.rig, stage.rig.address)
    stage.markers = await plan_posts(stage.desk, stage.rig, account, stage.deliveries, due_at)
    engine = stage.engine(account)
    engine.patience += 3 * _HOUR
    early = 0

    def tick() -> None:
        nonlocal early
        if stage.clock.now() < due_at and stage.rig.copies().total():
            early += 1

    engine.on_tick = tick
    await engine.run_to_rest()
    if early:
        raise AssertionError(f"{early} looks found posts that were not due yet")
    found = await all_deliveries(stage.desk)
    late = [d for d in found if d.state is not DeliveryState.DELIVERED]
    return await stage.row(f"{len(late)} not delivered" if late else "")


PLAYS: Final[Mapping[Fault, Callable[[Scene], Awaitable[Row]]]] = {
    Fault.CLOCK_FORWARD: _jump,
    Fault.CLOCK_BACK: _jump,
    Fault.CLOCK_FORWARD_IN_429: _jump_in_429,
    Fault.CLOCK_BACK_IN_429: _jump_in_429,
    Fault.DST_GAP: _local_time,
    Fault.DST_OVERLAP: _local_time,
}
