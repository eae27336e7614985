"""A selection of the kit for every change; `./dev faults` plays all of it."""

from __future__ import annotations

import pytest

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs import find_rigs
from copydesk.testing.faults.scenarios import run_scenario

CERTAIN = ("webhook+status", "sandbox+key", "sandbox+thread", "mastodon", "specimen+client_id")
BLIND = ("webhook", "email", "sandbox+blind")
EVERYWHERE = (Fault.KILL_AFTER_ACCEPT, Fault.DISK_FULL)
POSTS = 6


def rig(name: str) -> type[EngineRig]:
    return find_rigs()[name]


@pytest.mark.parametrize("spoke", CERTAIN)
@pytest.mark.parametrize(
    "fault", [Fault.RESPONSE_LOST, Fault.RATE_LIMITED_SECONDS, Fault.KILL_AFTER_INTENT_COMMIT]
)
async def test_where_the_truth_can_be_found_nobody_is_asked(
    spoke: str, fault: Fault, made: Databases
) -> None:
    row = await run_scenario(rig(spoke), "sqlite", fault, POSTS, made)
    assert row.applies, row.note
    assert row.is_good, row
    assert row.held == 0


@pytest.mark.parametrize("spoke", BLIND)
async def test_where_nobody_can_know_it_is_held_and_never_repeated(
    spoke: str, made: Databases
) -> None:
    row = await run_scenario(rig(spoke), "sqlite", Fault.RESPONSE_LOST, POSTS, made)
    assert row.is_good, row
    assert row.held == POSTS // 2


@pytest.mark.parametrize("spoke", ["site", "git", "webhook+status"])
@pytest.mark.parametrize("fault", EVERYWHERE)
async def test_files_and_calls_survive_a_kill_and_a_full_disk(
    spoke: str, fault: Fault, made: Databases
) -> None:
    row = await run_scenario(rig(spoke), "sqlite", fault, POSTS, made)
    if not row.applies:
        pytest.skip(row.note)
    assert row.is_good, row
    assert row.held == 0


@pytest.mark.postgres
@pytest.mark.slow
async def test_postgresql_may_crash_lose_connections_and_run_out_of_space_in_mid_batch(
    made: Databases,
) -> None:
    for fault in (
        Fault.DATABASE_RESTARTED,
        Fault.DATABASE_CUT_AT_INTENT,
        Fault.DATABASE_CUT_AT_RECEIPT,
        Fault.DISK_FULL,
    ):
        row = await run_scenario(rig("webhook+status"), "postgresql", fault, POSTS, made)
        if not row.applies:
            pytest.skip(row.note)
        assert row.is_good, row
