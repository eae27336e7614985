"""Faults of the network between a spoke and its platform, by a proxy in between."""

from __future__ import annotations

import asyncio
from typing import Final

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.engine import Engine
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.proxy import Damage, FaultProxy
from copydesk.testing.faults.scene import Scene

#: How long the platform cannot be reached, in engine seconds.
_AWAY: Final = 10.0

#: About every fourth exchange, at no beat: a breaker lets one delivery try, and one that takes
#: three exchanges would lose its third each time.
_UNEVEN: Final = (2, 3, 7)


async def play(stage: Scene) -> Row:
    """Play a scenario with damaged exchanges."""
    async with FaultProxy(stage.rig.address) as proxy:
        stage.address = proxy.address
        account = await stage.account()
        engine = stage.engine(account)
        seldom = max(2, stage.deliveries // 4)
        times = max(1, stage.deliveries // 3)
        match stage.fault:
            case Fault.TCP_CUT_REQUEST:
                proxy.damage(Damage.CUT_REQUEST, after=40, times=times, every=_UNEVEN)
            case Fault.TCP_CUT_RESPONSE:
                proxy.damage(Damage.CUT_RESPONSE, after=5, times=times, every=_UNEVEN)
            case Fault.TCP_BLACKHOLE:
                proxy.damage(Damage.SWALLOW_RESPONSE, times=4, every=seldom)
            case Fault.TCP_HALF_CLOSE:
                proxy.damage(Damage.HALF_CLOSE, times=times, every=_UNEVEN)
            case Fault.TCP_DELAY:
                proxy.damage(Damage.DELAY, seconds=0.1, times=4, every=seldom)
            case _:
                return await _refused(stage, engine, proxy)
        await engine.run_to_rest()
        if not proxy.struck:
            raise AssertionError("the fault never struck: this proves nothing")
        return await stage.row()


async def _refused(stage: Scene, engine: Engine, proxy: FaultProxy) -> Row:
    await proxy.refuse()
    back = asyncio.Event()
    ends = stage.clock.monotonic() + _AWAY

    def tick() -> None:
        if stage.clock.monotonic() >= ends:
            back.set()

    engine.on_tick = tick
    running = asyncio.create_task(engine.run_to_rest())
    waiting = asyncio.create_task(back.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await proxy.accept()
    await running
    return await stage.row()
