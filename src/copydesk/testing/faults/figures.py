"""The figures of the fault kit: one row a scenario, as a table for people and as JSON.

The five bad columns are zero, or a promise is broken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

COLUMNS: Final = (
    "spoke",
    "store",
    "fault",
    "deliveries",
    "duplicates",
    "lost",
    "stuck",
    "wrongly_failed",
    "calls_during_429",
    "held",
    "seconds_to_truth",
)
BAD: Final = ("duplicates", "lost", "stuck", "wrongly_failed", "calls_during_429")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one fault did to one spoke on one store.

    `duplicates` counts copies beyond the first in the platform's own record; `lost` deliveries that
    say they are delivered and are not there; `stuck` those without an end in half an hour of
    engine time; `wrongly_failed` those given up though the platform could have told; `held` those
    that wait for a person because nobody could. `seconds_to_truth` is the longest time, in engine
    seconds, from a delivery's first try to its end. `note` says why a row does not apply ("n/a: …")
    or what went wrong with the scenario itself.
    """

    spoke: str
    store: str
    fault: str
    deliveries: int = 0
    duplicates: int = 0
    lost: int = 0
    stuck: int = 0
    wrongly_failed: int = 0
    calls_during_429: int = 0
    held: int = 0
    seconds_to_truth: float = 0.0
    note: str = ""

    @property
    def applies(self) -> bool:
        """Whether the scenario means anything for the spoke; else it is not counted as passed."""
        return not self.note.startswith("n/a")

    @property
    def is_good(self) -> bool:
        """Whether every bad column is zero."""
        return not any(getattr(self, column) for column in BAD)

    def as_json(self) -> dict[str, Any]:
        """Return the columns, and the note where there is one."""
        found: dict[str, Any] = {column: getattr(self, column) for column in COLUMNS}
        return {**found, "note": self.note} if self.note else found


def as_json(rows: Sequence[Row]) -> str:
    """Return rows as a JSON array."""
    return json.dumps([row.as_json() for row in rows], indent=1)


def as_table(rows: Sequence[Row], *, with_absent: bool = True) -> str:
    """Return rows as a table; those that do not apply show why, unless `with_absent` is false."""
    cells = [COLUMNS] + [_cells(row) for row in rows if with_absent or row.applies]
    widths = [
        max(len(line[column]) for line in cells if len(line) > column)
        for column in range(len(COLUMNS))
    ]
    return "\n".join(_line(line, widths) for line in cells)


def summary(rows: Sequence[Row]) -> str:
    """Return one line that says how many rows are good."""
    ran = [row for row in rows if row.applies]
    bad = [row for row in ran if not row.is_good]
    held = sum(row.held for row in ran)
    return (
        f"{len(ran)} scenarios, {sum(row.deliveries for row in ran)} deliveries: "
        f"{len(bad)} with a bad figure; {held} deliveries held for a person; "
        f"{len(rows) - len(ran)} scenarios do not apply"
    )


def _cells(row: Row) -> tuple[str, ...]:
    named = (row.spoke, row.store, row.fault)
    if not row.applies:
        return (*named, row.note)
    counted = tuple(str(getattr(row, column)) for column in COLUMNS[3:-1])
    return (*named, *counted, f"{row.seconds_to_truth:.1f}", *([row.note] if row.note else []))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    if len(cells) < len(COLUMNS):
        return "  ".join([*map(str.ljust, cells[:3], widths[:3]), cells[3]])
    names = list(map(str.ljust, cells[:3], widths[:3]))
    numbers = list(map(str.rjust, cells[3 : len(COLUMNS)], widths[3:]))
    return "  ".join([*names, *numbers, *cells[len(COLUMNS) :]])
