"""The fault kit's command line: every fault on every spoke and store, in one table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from copydesk.testing.faults.catalogue import QUICK, Fault, quick_kills
from copydesk.testing.faults.databases import STORES
from copydesk.testing.faults.figures import as_json, as_table, summary
from copydesk.testing.faults.playing import find_rig, play_all
from copydesk.testing.faults.rigs import QUICK_SPOKES, find_rigs

#: Posts a scenario, in a quick round and in a full one.
QUICK_DELIVERIES = 8
DELIVERIES = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a bad column is not zero, else 0."""
    asked = _parser().parse_args(arguments)
    names = asked.spoke or list(QUICK_SPOKES if asked.quick else find_rigs())
    for name in names:
        find_rig(name)  # a wrong name is said at once
    stores = asked.store or (["sqlite"] if asked.quick else list(STORES))
    count = asked.deliveries or (QUICK_DELIVERIES if asked.quick else DELIVERIES)
    wanted = [
        (name, store, fault)
        for place, name in enumerate(names)
        for store in stores
        for fault in asked.fault or _faults(place, is_quick=asked.quick)
    ]
    rows = play_all(wanted, count, asked.jobs, verbose=asked.verbose)
    sys.stdout.write((as_json(rows) if asked.json else as_table(rows)) + "\n")
    if not asked.json:
        sys.stdout.write(f"\n{summary(rows)}\n")
    return 0 if all(row.is_good for row in rows) else 1


def _faults(place: int, *, is_quick: bool) -> list[str]:
    """Return the faults that are played on the spoke at `place`."""
    return [fault.value for fault in ((*QUICK, *quick_kills(place)) if is_quick else Fault)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="about a minute: one spoke of each kind, SQLite"
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
        "--jobs", type=int, default=os.cpu_count() or 1, help="scenarios at a time (default: cores)"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
