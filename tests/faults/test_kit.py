"""The kit itself: it catches spokes that break their promises, and it says so by its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from copydesk.platforms.kit import registry
from copydesk.testing.faults.__main__ import main
from copydesk.testing.faults.catalogue import AFTERWARDS, CALLS, KILLS, NETWORK, Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.figures import BAD, COLUMNS, Row, as_json, as_table
from copydesk.testing.faults.rig import HttpRig
from copydesk.testing.faults.scenarios import run_scenario
from copydesk.testing.faults.specimen import SpecimenClient
from tests.faults import spoilt

pytestmark = pytest.mark.usefixtures("unmuted")


async def spoil(
    client: type[SpecimenClient], fault: Fault, made: Databases, monkeypatch: pytest.MonkeyPatch
) -> Row:
    monkeypatch.setattr(spoilt, "PLATFORM", spoilt.Spoilt(client))
    registry.load_platform.cache_clear()
    try:
        return await run_scenario(spoilt.SpoiltRig, "sqlite", fault, 6, made)
    finally:
        registry.load_platform.cache_clear()
        registry.platform_modules().pop("spoilt")


@pytest.mark.parametrize(
    ("client", "fault", "column"),
    [
        (spoilt.BlindClient, Fault.RESPONSE_LOST, "duplicates"),
        (spoilt.SwallowingClient, Fault.NONE, "lost"),
        (spoilt.EvasiveClient, Fault.BROKEN_LISTING, "wrongly_failed"),
        (spoilt.ImpatientClient, Fault.RATE_LIMITED_SECONDS, "calls_during_429"),
    ],
)
async def test_a_broken_promise_shows_in_its_column(
    client: type[SpecimenClient],
    fault: Fault,
    column: str,
    made: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = await spoil(client, fault, made, monkeypatch)
    assert getattr(row, column) > 0, row
    assert not row.is_good


async def test_an_honest_spoke_has_no_bad_figure(
    made: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await spoil(SpecimenClient, Fault.RESPONSE_LOST, made, monkeypatch)
    assert row.is_good, row
    assert (row.deliveries, row.held) == (6, 0)
    assert row.seconds_to_truth > 0


async def test_a_scenario_that_breaks_is_not_passed(
    made: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoilt.SpoiltRig, "settings", lambda self, address: {})
    row = await spoil(SpecimenClient, Fault.NONE, made, monkeypatch)
    assert not row.is_good
    assert "the scenario broke" in row.note


@pytest.mark.parametrize("fault", [Fault.STALE_READS, Fault.BROKEN_LISTING])
async def test_looks_that_a_rig_never_spoils_are_not_passed(
    fault: Fault, made: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoilt.SpoiltRig, "misread", HttpRig.misread)
    row = await spoil(SpecimenClient, fault, made, monkeypatch)
    assert not row.is_good
    assert "let SpoiltRig.misread spoil looks" in row.note


def test_every_fault_has_a_scenario() -> None:
    from copydesk.testing.faults import machines, moments

    homes = {*CALLS, *NETWORK, *KILLS, *AFTERWARDS, *machines.PLAYS, *moments.PLAYS}
    homes.add(Fault.TOKEN_ROTATED)
    assert homes == set(Fault)


def test_the_table_and_the_json_have_the_same_columns() -> None:
    rows = [
        Row(spoke="a", store="sqlite", fault="none", deliveries=3),
        Row(spoke="b", store="sqlite", fault="none", note="n/a: it has none"),
    ]
    assert as_table(rows).splitlines()[0].split() == list(COLUMNS)
    first, second = json.loads(as_json(rows))
    assert list(first) == list(COLUMNS)
    assert second["note"] == "n/a: it has none"
    assert set(BAD) < set(COLUMNS)


def test_the_command_prints_rows_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--spoke", "webhook+status", "--store", "sqlite", "--fault", "empty", "--json",
                 "--deliveries", "4"])  # fmt: skip
    (row,) = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (row["spoke"], row["deliveries"], row["duplicates"]) == ("webhook+status", 4, 0)


def test_the_command_fails_for_a_bad_spoke_of_somebody_else(tmp_path: Path) -> None:
    """`--spoke package.module:RIG`, in a process of its own, as a third party runs it."""
    (tmp_path / "theirs.py").write_text(
        "from tests.faults.spoilt import *\n"
        "from tests.faults import spoilt\n"
        "spoilt.PLATFORM = Spoilt(BlindClient)\n"
        "RIG = SpoiltRig\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "copydesk.testing.faults", "--spoke", "theirs:RIG", "--store",
         "sqlite", "--fault", "response_lost", "--deliveries", "4"],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(filter(None, sys.path))}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "1 with a bad figure" in done.stdout


def test_an_unknown_spoke_is_named() -> None:
    with pytest.raises(SystemExit, match="There is no spoke 'nowhere' here"):
        main(["--spoke", "nowhere"])
