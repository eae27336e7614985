"""Killed again and again at random moments: nothing twice, nothing lost, nothing stuck."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from copydesk.core.states import DeliveryState
from tests.e2e.messages import drop
from tests.e2e.outcome import Figures, count, rows
from tests.e2e.recorder import Recorder, recording
from tests.e2e.running import COPYDESK, PATIENCE, Running, copydesk
from tests.store_fixtures import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("git_program")]

KILLS = 20
MESSAGES = 60
SECRET = "whsec_" + "c2VjcmV0LWtleS1vZi10d2VudHktZm91ci1ieXRlcw=="


def prepare(home: Path, recorder: Recorder, environment: dict[str, str]) -> None:
    """A project whose three accounts can each be checked from outside."""
    copydesk("init", home, "--approve", "automatic", environment=environment)
    base = f"http://127.0.0.1:{recorder.port}/hook"
    for platform, settings, secret in (
        ("site", [f"path={home / 'site'}", "url=https://example.org"], ""),
        ("git", [f"remote={home / 'archive.git'}", "create=true"], ""),
        ("webhook", [f"url={base}", f"status_url={base}/{{id}}"], f"secret={SECRET}\n"),
    ):
        given = [part for setting in settings for part in ("--set", setting)]
        add = ["accounts", "add", platform, "--name", platform, "--inbox", "--home", str(home)]
        copydesk(
            *add,
            *given,
            environment=environment,
            stdin=secret,
        )


def complaints(folder: Path) -> list[str]:
    """What the processes logged as errors, for whoever reads a failure."""
    return [
        line[:2000]
        for log in sorted(folder.glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if "failed" in line or "error" in line.lower()
    ][:20]


def check(
    home: Path, database: str, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(database)
    figures = count(found, home / "site", home / "archive.git", recorder)
    with capsys.disabled():
        print(f"\n{database.partition(':')[0]}, {KILLS} kills, {figures}", end=" ")
    assert figures == Figures(approved=MESSAGES, duplicates=0, lost=0, stuck=0), (
        found.stuck,
        found.held,
        complaints(home.parent),
    )
    assert len(found.submissions) == MESSAGES
    assert {d.state for d in found.deliveries} == {DeliveryState.DELIVERED}
    assert len(found.deliveries) == 3 * MESSAGES
    assert recorder.lost, "no answer was lost: the test proves too little"


def test_one_process_on_sqlite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = random.Random(20)
    home, inbox = tmp_path / "home", tmp_path / "messages"
    command: list[str | Path] = [COPYDESK, "up", "--home", home, "--inbox", inbox, "--port", "0"]
    with recording() as recorder:
        prepare(home, recorder, {})
        for number in range(KILLS):
            drop(inbox, range(number * MESSAGES // KILLS, (number + 1) * MESSAGES // KILLS))
            running = Running(command, tmp_path / f"up-{number}.log")
            if number % 5 == 0:  # while it starts
                time.sleep(source.uniform(0.2, 1.5))
            else:  # while it works
                running.wait_for("Inbox ")
                time.sleep(source.uniform(0, 1.2))
            running.kill()
        last = Running([*command, "--until-idle"], tmp_path / "last.log")
        assert last.wait() == 0, last.said
        check(home, f"sqlite:///{home / 'copydesk.db'}", recorder, capsys)


@pytest.mark.postgres
def test_two_workers_on_postgresql(
    tmp_path: Path, postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    source = random.Random(21)
    home, inbox = tmp_path / "home", tmp_path / "messages"
    database = postgres.fresh()
    environment = {"COPYDESK_DATABASE": database}
    command: list[str | Path] = [COPYDESK, "worker", "--home", home]
    with recording() as recorder:
        prepare(home, recorder, environment)

        def start(name: str) -> Running:
            return Running(command, tmp_path / f"{name}.log", environment)

        workers = [start("first"), start("second")]
        try:
            for number in range(KILLS):
                if number % 4 == 0:
                    part = number // 4
                    drop(inbox, range(part * MESSAGES // 5, (part + 1) * MESSAGES // 5))
                    copydesk("ingest", inbox, "--home", home, environment=environment)
                which = source.randrange(2)
                if number % 2:  # while it works, else whatever it does
                    workers[which].wait_for("Working as")
                time.sleep(source.uniform(0, 1.0))
                workers[which].kill()
                workers[which] = start(f"worker-{number}")
            ends = time.monotonic() + PATIENCE
            while (found := rows(database)).stuck or len(found.posts) < MESSAGES:
                assert time.monotonic() < ends, found.stuck
                time.sleep(0.5)
            for worker in workers:
                worker.wait_for("Working as")
            assert [worker.stop() for worker in workers] == [0, 0], workers[0].said
        finally:
            for worker in workers:
                worker.kill()
        check(home, database, recorder, capsys)
