"""Workspaces: who owns posts and accounts, and whether approval may be automatic. And blobs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.errors import NotFound
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import blobs, workspaces

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace as a row. `approve` is `automatic`, `earned` or `person`."""

    id: str
    name: str
    approve: str
    created_at: datetime


# built once: putting a statement together costs more than running it
_GET = sa.select(workspaces).where(workspaces.c.id == sa.bindparam("of"))
_HAS_BYTES = sa.select(sa.literal(1)).where(blobs.c.sha256 == sa.bindparam("digest"))
_BYTES = sa.select(blobs.c.data).where(blobs.c.sha256 == sa.bindparam("digest"))


class Workspaces:
    """Reads and writes workspaces and content-addressed bytes."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def find(self, name: str) -> Workspace | None:
        """Return the workspace called `name`, or None."""
        rows = await self._unit.connection.execute(
            sa.select(workspaces).where(workspaces.c.name == name)
        )
        row = rows.one_or_none()
        return Workspace(**row._mapping) if row else None

    async def get(self, id: str) -> Workspace:
        """Return the workspace `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(_GET, {"of": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound(f"There is no workspace {id}.")
        return Workspace(**row._mapping)

    async def count(self) -> int:
        """Return how many workspaces there are."""
        counted = await self._unit.connection.execute(sa.select(sa.func.count(workspaces.c.id)))
        return int(counted.scalar_one())

    async def ensure(self, name: str, approve: str) -> Workspace:
        """Return the workspace called `name`, making it with this approval rule if new."""
        found = await self.find(name)
        if found is not None:
            return found
        workspace = Workspace(
            id=self._unit.ids.new("workspace"),
            name=name,
            approve=approve,
            created_at=self._unit.now,
        )
        await self._unit.connection.execute(
            sa.insert(workspaces).values(
                id=workspace.id, name=name, approve=approve, created_at=workspace.created_at
            )
        )
        return workspace

    async def set_approve(self, id: str, approve: str) -> None:
        """Change who approves: `automatic`, `earned` or `person`."""
        await self._unit.connection.execute(
            sa.update(workspaces).where(workspaces.c.id == id).values(approve=approve)
        )

    async def keep(self, data: bytes) -> str:
        """Store `data` once and return its SHA-256 in hex."""
        digest = hashlib.sha256(data).hexdigest()
        if not await self._unit.connection.scalar(_HAS_BYTES, {"digest": digest}):
            await self._unit.connection.execute(
                insert_if_absent(self._unit, blobs),
                {"sha256": digest, "size": len(data), "data": data},
            )
        return digest

    async def missing(self, digests: Collection[str]) -> set[str]:
        """Return those of `digests` (SHA-256 in hex) of which there are no stored bytes."""
        if not digests:
            return set()
        rows = await self._unit.connection.execute(
            sa.select(blobs.c.sha256).where(blobs.c.sha256.in_(list(digests)))
        )
        return set(digests) - {row.sha256 for row in rows}

    async def load(self, sha256: str) -> bytes:
        """Return stored bytes; raises `NotFound`, also when they no longer match their hash."""
        data = await self._unit.connection.scalar(_BYTES, {"digest": sha256})
        if data is None:
            raise NotFound(f"There are no stored bytes {sha256[:12]}….")
        found = bytes(data)
        if hashlib.sha256(found).hexdigest() != sha256:
            raise NotFound(
                f"The stored bytes {sha256[:12]}… are damaged.", remedy="Restore a backup."
            )
        return found
