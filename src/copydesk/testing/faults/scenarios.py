"""One scenario: a fault, a spoke, a store; planned posts, the real engine, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from copydesk.testing.faults import afterwards, kills, machines, moments, networks, tokens
from copydesk.testing.faults.catalogue import AFTERWARDS, CALLS, KILLS, NETWORK, Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.muted import mute
from copydesk.testing.faults.rig import EngineRig, NotApplicable
from copydesk.testing.faults.scene import Scene, scene


async def run_scenario(
    rig_type: type[EngineRig], store: str, fault: Fault, deliveries: int, databases: Databases
) -> Row:
    """Play one scenario and return its row; a scenario that breaks is a row that says so, with all
    its deliveries stuck."""
    absent = Row(spoke=rig_type.spoke, store=store, fault=fault.value)
    mute()
    try:
        async with scene(rig_type, store, fault, deliveries, databases) as stage:
            return await _play(stage)
    except NotApplicable as reason:
        return replace(absent, note=f"n/a: {reason}")
    except Exception as error:
        return replace(
            absent,
            deliveries=deliveries,
            stuck=deliveries,
            note=f"the scenario broke: {type(error).__name__}: {error}"[:300],
        )


async def _play(stage: Scene) -> Row:
    fault = stage.fault
    if fault in CALLS:
        return await _lies(stage)
    if fault in NETWORK:
        return await networks.play(stage)
    if fault in KILLS:
        return await kills.play(stage)
    if fault in AFTERWARDS:
        return await afterwards.play(stage)
    if fault is Fault.TOKEN_ROTATED:
        return await tokens.play(stage)
    if play := moments.PLAYS.get(fault) or machines.PLAYS.get(fault):
        return await play(stage)
    raise NotApplicable("no scenario yet")


async def _lies(stage: Scene) -> Row:
    account = await stage.account()
    await stage.engine(account).run_to_rest()
    if stage.fault is not Fault.NONE and not stage.rig.struck:
        raise AssertionError("the fault never struck: this proves nothing")
    return await stage.row()
