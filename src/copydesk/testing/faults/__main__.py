"""The fault kit's command line: every fault on every spoke and store, in one table."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Sequence

from copydesk.core.clock import SystemClock
from copydesk.testing.faults.catalogue import QUICK, Fault
from copydesk.testing.faults.databases import STORES, databases
from copydesk.testing.faults.figures import Row, as_json, as_table, summary
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs import QUICK_RIGS, RIGS
from copydesk.testing.faults.scenarios import run_scenario

#: Posts a scenario, in a quick round and in a full one.
QUICK_DELIVERIES = 20
DELIVERIES = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a bad column is not zero, else 0."""
    asked = _parser().parse_args(arguments)
    rigs = [_rig(name) for name in asked.spoke] or list(QUICK_RIGS if asked.quick else RIGS)
    stores = asked.store or (["sqlite"] if asked.quick else list(STORES))
    faults = [Fault(name) for name in asked.fault] or list(QUICK if asked.quick else Fault)
    count = asked.deliveries or (QUICK_DELIVERIES if asked.quick else DELIVERIES)
    rows = asyncio.run(_run(rigs, stores, faults, count, verbose=asked.verbose))
    sys.stdout.write((as_json(rows) if asked.json else as_table(rows)) + "\n")
    if not asked.json:
        sys.stdout.write(f"\n{summary(rows)}\n")
    return 0 if all(row.is_good for row in rows) else 1


async def _run(
    rigs: Sequence[type[EngineRig]],
    stores: Sequence[str],
    faults: Sequence[Fault],
    count: int,
    *,
    verbose: bool,
) -> list[Row]:
    rows: list[Row] = []
    clock = SystemClock()
    async with databases() as made:
        for rig in rigs:
            for store in stores:
                for fault in faults:
                    began = clock.monotonic()
                    row = await run_scenario(rig, store, fault, count, made)
                    rows.append(row)
                    if verbose:
                        took = clock.monotonic() - began
                        sys.stderr.write(
                            f"{took:6.1f} s  {row.spoke} {row.store} {row.fault}"
                            f"{'' if row.is_good else '  BAD'}  {row.note}\n"
                        )
    return rows


def _rig(name: str) -> type[EngineRig]:
    """Return the rig of a spoke of ours, or the one at `package.module:NAME`."""
    module, _, attribute = name.partition(":")
    if attribute:
        found = getattr(importlib.import_module(module), attribute, None)
        if not (isinstance(found, type) and issubclass(found, EngineRig)):
            raise SystemExit(f"{name} is not an EngineRig. Give module:CLASS of a subclass.")
        return found
    known = {rig.spoke: rig for rig in RIGS}
    if name not in known:
        raise SystemExit(f"There is no spoke {name!r} here. Known: {', '.join(known)}.")
    return known[name]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: a few spokes, SQLite")
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
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
