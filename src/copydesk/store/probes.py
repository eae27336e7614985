"""Probes and the plan of the next one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.probe import Probe
from copydesk.core.states import ProbeState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import probe_plans, probes

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


class Probes:
    """Reads and writes probes."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def send(
        self, workspace_id: str, kind: str, seed: int, *, language: str, channel: str
    ) -> Probe:
        """Write down a probe before it goes its way, and return it."""
        probe = Probe(
            id=self._unit.ids.new("probe"),
            workspace_id=workspace_id,
            kind=kind,
            seed=seed,
            language=language,
            channel=channel,
            state=ProbeState.SENT,
            sent_at=self._unit.now,
        )
        row = {name: getattr(probe, name) for name in Probe.__dataclass_fields__}
        await self._unit.connection.execute(sa.insert(probes).values(**row | {"issues": []}))
        await self._unit.events.append(
            workspace_id, "probe", probe.id, "", ProbeState.SENT, reason=kind
        )
        return probe

    async def conclude(self, probe: Probe) -> None:
        """Write what became of a probe that was sent; raises `Conflict` when that is known."""
        check_transition("probe", probe.id, ProbeState.SENT, probe.state)
        told = ("because", "similarity", "latency_ms", "tier", "model", "prompt_version", "state")
        result = await self._unit.connection.execute(
            sa.update(probes)
            .where(probes.c.id == probe.id, probes.c.state == ProbeState.SENT)
            .values(issues=list(probe.issues), **{name: getattr(probe, name) for name in told})
        )
        if result.rowcount != 1:
            raise Conflict(f"What became of probe {probe.id} is known already.")
        await self._unit.events.append(
            probe.workspace_id,
            "probe",
            probe.id,
            ProbeState.SENT,
            probe.state,
            reason=probe.because,
            data={"kind": probe.kind, "seed": probe.seed},
        )

    async def get(self, id: str) -> Probe:
        """Return probe `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(sa.select(probes).where(probes.c.id == id))
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"probe {id}")
        return _probe(row)

    async def newest(
        self, workspace_id: str, *, state: str = "", before: str = "", limit: int = 50
    ) -> list[Probe]:
        """Return probes, newest first; `state` narrows, `before` is an id cursor."""
        query = sa.select(probes).where(probes.c.workspace_id == workspace_id)
        if state:
            query = query.where(probes.c.state == state)
        if before:
            query = query.where(probes.c.id < before)
        rows = await self._unit.connection.execute(query.order_by(probes.c.id.desc()).limit(limit))
        return [_probe(row) for row in rows]

    async def counts(self, workspace_id: str, since: datetime) -> dict[tuple[str, str], int]:
        """Return how many probes since then stand in each (kind, state)."""
        rows = await self._unit.connection.execute(
            sa.select(probes.c.kind, probes.c.state, sa.func.count().label("n"))
            .where(probes.c.workspace_id == workspace_id, probes.c.sent_at >= since)
            .group_by(probes.c.kind, probes.c.state)
        )
        return {(row.kind, row.state): row.n for row in rows}

    # -- the plan ---------------------------------------------------------------------------------

    async def plan(self, workspace_id: str, first_at: datetime) -> None:
        """Let probes begin at `first_at`, where none are planned yet."""
        await self._unit.connection.execute(
            insert_if_absent(self._unit, probe_plans).values(
                workspace_id=workspace_id, next_seed=1, wake_at=first_at
            )
        )

    async def take(self, workspace_id: str, next_at: datetime) -> int | None:
        """Take the probe that is due and put the next one off to `next_at`; return its seed.

        None when nothing is due, or another worker was faster.
        """
        plan = probe_plans.c
        due = (plan.workspace_id == workspace_id, plan.wake_at <= self._unit.now)
        seed = await self._unit.connection.scalar(sa.select(plan.next_seed).where(*due))
        if seed is None:
            return None
        result = await self._unit.connection.execute(
            sa.update(probe_plans)
            .where(*due, plan.next_seed == seed)
            .values(next_seed=seed + 1, wake_at=next_at)
        )
        return int(seed) if result.rowcount == 1 else None


def _probe(row: Any) -> Probe:
    values = dict(row._mapping)
    values["state"] = ProbeState(values["state"])
    values["issues"] = tuple(values["issues"])
    return Probe(**values)
