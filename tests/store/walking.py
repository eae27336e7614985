"""What a statement walks through, told by SQLite's steps and PostgreSQL's rows."""

from __future__ import annotations

import re
from typing import Any

from copydesk.store import Store, UnitOfWork

#: Enough that no planner takes a full scan for the cheaper way by mistake.
PENDING = 10_000


#: Of PENDING rows a statement may touch so many, and SQLite may take so many steps of its machine:
#: to walk through them all takes five a row at the very least.
ROWS, STEPS = 600, PENDING * 2


async def effort(
    store: Store,
    unit: UnitOfWork,
    statement: str,
    parameters: Any,
    *,
    steps: int = STEPS,
    most: int = ROWS,
) -> None:
    """Fail when running a statement means to walk through what waits."""
    if store.embedded:
        raw = await unit.connection.get_raw_connection()
        driver: Any = raw.driver_connection
        ticks: list[int] = []
        await driver.run(lambda: driver.raw.set_progress_handler(lambda: ticks.append(1), 100))
        rows = (await unit.connection.exec_driver_sql(statement, parameters)).all()
        await driver.run(lambda: driver.raw.set_progress_handler(None, 0))
        assert len(rows) < most
        assert len(ticks) * 100 < steps, (len(ticks) * 100, statement)
        return
    answer = await unit.connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", parameters
    )
    plan = "\n".join(row[0] for row in answer)
    walked = re.findall(r"actual rows=(\d+)", plan)
    dropped = re.findall(r"Rows Removed by [\w ]+: (\d+)", plan)
    assert max(map(int, [*walked, *dropped])) < most, plan


def selected(asked: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [one for one in asked if one[0].lstrip().startswith(("SELECT", "WITH"))]
