"""Posts and threads through the real engine, while the server misbehaves; `./dev faults` plays the
whole kit."""

from __future__ import annotations

import pytest

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs.bluesky import BlueskyRig, BlueskyThreadRig
from copydesk.testing.faults.scenarios import run_scenario

POSTS = 3


@pytest.mark.parametrize(
    ("rig", "fault"),
    [
        (BlueskyRig, Fault.TOKEN_REVOKED),
        (BlueskyThreadRig, Fault.RESPONSE_LOST),
        (BlueskyThreadRig, Fault.STALE_READS),
    ],
)
async def test_everything_lands_once_and_nobody_is_asked(
    rig: type[EngineRig], fault: Fault, made: Databases
) -> None:
    row = await run_scenario(rig, "sqlite", fault, POSTS, made)
    assert row.applies, row.note
    assert row.is_good, row
    assert row.held == 0
