"""Threads, and a server that knows no keys, through the real engine; `./dev faults` plays all."""

from __future__ import annotations

import pytest

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs.mastodon import GoToSocialRig, MastodonThreadRig
from copydesk.testing.faults.scenarios import run_scenario

POSTS = 3


@pytest.mark.parametrize(
    ("rig", "fault"),
    [
        (GoToSocialRig, Fault.RESPONSE_LOST),
        (MastodonThreadRig, Fault.RESPONSE_LOST),
        (MastodonThreadRig, Fault.STALE_READS),
    ],
)
async def test_everything_lands_once_and_nobody_is_asked(
    rig: type[EngineRig], fault: Fault, made: Databases
) -> None:
    row = await run_scenario(rig, "sqlite", fault, POSTS, made)
    assert row.applies, row.note
    assert row.is_good, row
    assert row.held == 0
