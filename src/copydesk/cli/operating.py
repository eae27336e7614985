"""`copydesk repair` and `copydesk doctor`: for whoever keeps it running."""

from __future__ import annotations

import sys
from typing import Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, run, show


def repair(home: Home = None, as_json: AsJson = False) -> None:
    """Rebuild the queue from rows and free dead leases.

    A running worker does the same by itself every second; this is for when you want to be sure.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.repairing import repair as repair_desk

    async def work() -> dict[str, int]:
        async with open_desk(load_settings(find_home(home))) as desk:
            done = await repair_desk(desk)
            return {"queued": done.queued, "leases_freed": done.leases_freed}

    done = run(work())
    show(
        done,
        as_json,
        lambda: [f"{done['queued']} rows queued, {done['leases_freed']} dead leases freed."],
    )


def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Check the installation, the project and whether work is done."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.examining import Examined, examine, examine_installation

    async def work() -> list[Any]:
        findings = list(examine_installation(sys.version_info[:2]))
        settings = load_settings(find_home(home))
        if settings.home.is_dir():
            async with open_desk(settings) as desk:
                findings += await examine(desk)
        else:
            words = f"there is none in {settings.home}; `copydesk init` makes one"
            findings.append(Examined(check="project", ok=True, message=words))
        return findings

    found = run(work())
    rows = [
        {
            "check": f.check,
            "ok": f.ok,
            "warning": f.warning,
            "message": f.message,
            "remedy": f.remedy,
        }
        for f in found
    ]

    def mark(row: dict[str, Any]) -> str:
        return "warn" if row["ok"] and row["warning"] else "ok  " if row["ok"] else "FAIL"

    show(
        rows,
        as_json,
        lambda: [
            f"{mark(r)}  {r['check']}: {r['message']}"
            + (f"\n      {r['remedy']}" if mark(r) != "ok  " and r["remedy"] else "")
            for r in rows
        ],
    )
    if not all(row["ok"] for row in rows):
        raise typer.Exit(NOT_HEALTHY)
