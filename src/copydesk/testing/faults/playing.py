"""Playing many scenarios, several at a time in processes of their own."""

from __future__ import annotations

import asyncio
import importlib
import resource
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized

from copydesk.core.clock import SystemClock
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import databases
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs import find_rigs
from copydesk.testing.faults.scenarios import run_scenario

#: A scenario to play: the rig's name, the store and the fault.
Wanted = tuple[str, str, str]


#: Which scenario is played next, for all processes of a round; each takes one when it is free.
_turns: Iterator[int] = iter(())


def play_all(wanted: Sequence[Wanted], count: int, jobs: int, *, verbose: bool) -> list[Row]:
    """Play scenarios in `jobs` processes, each with databases of its own; rows come in order."""
    jobs = max(1, min(jobs, len(wanted) // 4))
    context = get_context("spawn")
    taken = context.Value("i", 0)
    if jobs == 1:
        _take_turns(taken)
        played = [_play(wanted, count, verbose)]
    else:
        with ProcessPoolExecutor(jobs, context, _take_turns, (taken,)) as pool:
            played = list(pool.map(_play, [wanted] * jobs, [count] * jobs, [verbose] * jobs))
    rows = {number: row for share in played for number, row in share.items()}
    return [rows[number] for number in range(len(wanted))]


def _take_turns(taken: Synchronized[int]) -> None:
    global _turns
    _turns = _numbers(taken)


def _numbers(taken: Synchronized[int]) -> Iterator[int]:
    while True:
        with taken.get_lock():
            number = taken.value
            taken.value = number + 1
        yield number


def _play(wanted: Sequence[Wanted], count: int, verbose: bool) -> dict[int, Row]:
    return asyncio.run(_run(wanted, count, verbose=verbose))


async def _run(wanted: Sequence[Wanted], count: int, *, verbose: bool) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    clock = SystemClock()
    async with databases() as made:
        while (number := next(_turns)) < len(wanted):
            name, store, fault = wanted[number]
            began, spent = clock.monotonic(), _cpu_seconds()
            row = await run_scenario(find_rig(name), store, Fault(fault), count, made)
            rows[number] = row
            if verbose:
                took = clock.monotonic() - began
                busy = _cpu_seconds() - spent
                bad = "" if row.is_good else "  BAD"
                sys.stderr.write(
                    f"{took:6.1f} s {busy:6.2f} s CPU  {name} {store} {fault}{bad}  {row.note}\n"
                )
    return rows


def _cpu_seconds() -> float:
    """Return what this process has computed; those it started are not counted."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def find_rig(name: str) -> type[EngineRig]:
    """Return the rig of a spoke of ours, or the one at `package.module:NAME`."""
    module, _, attribute = name.partition(":")
    if attribute:
        found = getattr(importlib.import_module(module), attribute, None)
        if not (isinstance(found, type) and issubclass(found, EngineRig)):
            raise SystemExit(f"{name} is not an EngineRig. Give module:CLASS of a subclass.")
        return found
    known = find_rigs()
    if name not in known:
        raise SystemExit(f"There is no spoke {name!r} here. Known: {', '.join(known)}.")
    return known[name]
