"""Three workers over one account whose tokens live ten seconds."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from copydesk.testing.faults.engine import connect_account, open_engine_desk, plan_posts
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.rigs.tokens import SandboxOAuthRig
from copydesk.testing.faults.scene import Scene

#: Between two deliveries, in seconds: every third finds the token expired.
_APART = 4.0

#: So many deliveries outlive three tokens.
_LEAST = 8


async def play(stage: Scene) -> Row:
    """Let three workers publish over minutes; nobody may use a refresh token a second time."""
    rig = stage.rig
    assert isinstance(rig, SandboxOAuthRig), "others were sent away before"
    account = await connect_account(stage.desk, rig, rig.address)
    await rig.grant(stage.desk, account)
    now = stage.clock.now()
    stage.deliveries = max(_LEAST, stage.deliveries)
    for number in range(stage.deliveries):
        due_at = now + timedelta(seconds=number * _APART)
        stage.markers |= await plan_posts(stage.desk, rig, account, 1, due_at, first=number)
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(
                open_engine_desk(stage.database, stage.home, stage.engine_clock)
            )
            for _ in range(3)
        ]
        engines = [stage.engine(account, desk) for desk in desks]
        for _ in range(stage.deliveries):
            await asyncio.gather(*(engine.work() for engine in engines))
            stage.clock.advance(_APART)
        await engines[0].run_to_rest()
    counts = rig.authority.authority.counts
    if counts["refreshed"] < 2:
        raise AssertionError("the tokens were hardly renewed: this proves nothing")
    if counts["reused"] or counts["grants_revoked"]:
        raise AssertionError(f"an old refresh token was used again: {dict(counts)}")
    return await stage.row()
