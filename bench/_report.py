"""What every benchmark prints: one table for people, or one JSON document with `--json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from copydesk.core.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over several runs. The machine may be busy, so all three are shown."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        low, middle, high = min(self.values), median(self.values), max(self.values)
        if len(self.values) == 1:
            return _short(middle)
        return f"{_short(middle)}  ({_short(low)} to {_short(high)})"

    def document(self) -> dict[str, Any]:
        """Return minimum, median, maximum and every run, for JSON."""
        return {
            "min": min(self.values),
            "median": median(self.values),
            "max": max(self.values),
            "runs": list(self.values),
        }


@dataclass
class Report:
    """A benchmark's machine, settings and figures."""

    name: str
    date: str
    settings: Mapping[str, Any]
    rows: list[tuple[str, Spread | str, str]] = field(default_factory=list)

    def add(self, label: str, values: Sequence[float] | str, note: str = "") -> None:
        """Add a figure (all its runs) or a fact, with a note such as its unit or goal."""
        figure = values if isinstance(values, str) else Spread(tuple(values))
        self.rows.append((label, figure, note))

    def show(self, *, as_json: bool) -> None:
        """Print everything."""
        machine = describe_machine()
        if as_json:
            figures = {
                label: {
                    **(f.document() if isinstance(f, Spread) else {"text": f}),
                    "note": note,
                }
                for label, f, note in self.rows
            }
            document = {
                "benchmark": self.name,
                "date": self.date,
                "machine": machine,
                "settings": dict(self.settings),
                "figures": figures,
            }
            print(json.dumps(document, indent=2))
            return
        print(f"{self.name}, {self.date}")
        print(
            "machine: {cores} cores, {memory_gib} GiB, {system}, Python {python}, "
            "load at the end {load}".format(**machine)
        )
        print("settings: " + ", ".join(f"{k} {v}" for k, v in self.settings.items()))
        print()
        width = max((len(label) for label, _, _ in self.rows), default=0)
        middle = max((len(str(figure)) for _, figure, _ in self.rows), default=0)
        for label, figure, note in self.rows:
            print(f"{label:<{width}}  {figure!s:<{middle}}  {note}".rstrip())


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on, without names or paths."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def parser(description: str | None, *, repeat: int) -> argparse.ArgumentParser:
    """Return a parser with the flags that all benchmarks share."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", action="store_true", help="one JSON document")
    made.add_argument("--date", default="", help="date to print; default: today in UTC")
    made.add_argument("--repeat", type=int, default=repeat, help="runs of everything")
    return made


def date_of(arguments: argparse.Namespace) -> str:
    """Return the date that was given, or the clock's."""
    return arguments.date or SystemClock().now().date().isoformat()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


def _short(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
