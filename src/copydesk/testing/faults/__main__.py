"""The fault kit's command line: every fault on every spoke and store, in one table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from copydesk.testing.faults import quick
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import STORES
from copydesk.testing.faults.figures import as_json, as_table, summary
from copydesk.testing.faults.playing import Wanted, find_rig, play_all
from copydesk.testing.faults.rigs import find_rigs

#: Posts a scenario of a full round.
DELIVERIES = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a bad column is not zero, else 0."""
    asked = _parser().parse_args(arguments)
    for name in asked.spoke:
        find_rig(name)  # a wrong name is said at once
    wanted = _wanted(asked)
    count = asked.deliveries or (quick.DELIVERIES if asked.quick else DELIVERIES)
    # much of it is waiting for processes to die: one more than there are cores keeps them busy
    jobs = asked.jobs or (os.cpu_count() or 1) + 1
    rows = play_all(wanted, count, jobs, verbose=asked.verbose)
    sys.stdout.write((as_json(rows) if asked.json else as_table(rows)) + "\n")
    if not asked.json:
        covered = f"{quick.kinds_covered()}\n" if asked.quick and not asked.spoke else ""
        sys.stdout.write(f"\n{covered}{summary(rows)}\n")
    return 0 if all(row.is_good for row in rows) else 1


def _wanted(asked: argparse.Namespace) -> list[Wanted]:
    """Return the scenarios that were asked for: of a quick round those that are named."""
    if asked.quick:
        stores = asked.store or ["sqlite"]
        return [
            (spoke, store, fault.value)
            for store in stores
            for spoke, fault in quick.quick_round(asked.spoke)
            if not asked.fault or fault in asked.fault
        ]
    return [
        (spoke, store, fault)
        for spoke in asked.spoke or find_rigs()
        for store in asked.store or STORES
        for fault in asked.fault or [fault.value for fault in Fault]
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="under a minute: one spoke of each kind of idempotency, SQLite",
    )
    parser.add_argument("--json", action="store_true", help="one JSON array of rows")
    parser.add_argument("--verbose", action="store_true", help="say on stderr what is being run")
    parser.add_argument(
        "--spoke", action="append", default=[], help="one of ours, or module:RIG; may be repeated"
    )
    parser.add_argument("--store", action="append", choices=STORES, help="may be repeated")
    parser.add_argument(
        "--fault", action="append", default=[], choices=[f.value for f in Fault], metavar="FAULT",
        help=f"may be repeated; one of {', '.join(Fault)}",
    )  # fmt: skip
    parser.add_argument("--deliveries", type=int, default=0, help="posts a scenario")
    parser.add_argument(
        "--jobs", type=int, default=0, help="scenarios at a time (default: cores and one)"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
