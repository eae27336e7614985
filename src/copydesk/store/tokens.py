"""API tokens, web sessions (both hashed at rest) and idempotency keys of our own API."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.store.tables import api_tokens, idempotency_keys, sessions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking: the workspace and role a token or session stands for."""

    workspace_id: str
    role: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What we answered the first time an idempotency key was used."""

    request_sha256: str
    status: int
    body: bytes


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a token in hex; tokens are random, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """Reads and writes tokens, sessions and idempotency keys."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(self, workspace_id: str, secret: str, *, label: str, role: str) -> None:
        """Store a token's hash."""
        await self._unit.connection.execute(
            sa.insert(api_tokens).values(
                sha256=fingerprint(secret),
                workspace_id=workspace_id,
                label=label,
                role=role,
                created_at=self._unit.now,
            )
        )

    async def revoke(self, workspace_id: str, *, role: str) -> None:
        """Forget every token of a workspace that has exactly this role."""
        await self._unit.connection.execute(
            sa.delete(api_tokens).where(
                api_tokens.c.workspace_id == workspace_id, api_tokens.c.role == role
            )
        )

    async def find(self, secret: str) -> Principal | None:
        """Return whom a token stands for, or None."""
        rows = await self._unit.connection.execute(
            sa.select(api_tokens).where(api_tokens.c.sha256 == fingerprint(secret))
        )
        row = rows.one_or_none()
        if row is None:
            return None
        return Principal(workspace_id=row.workspace_id, role=row.role, label=row.label)

    async def open_session(self, principal: Principal, secret: str, lasts: timedelta) -> None:
        """Store a web session's hash; sessions that have ended are swept away."""
        now = self._unit.now
        await self._unit.connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
        await self._unit.connection.execute(
            sa.insert(sessions).values(
                sha256=fingerprint(secret),
                workspace_id=principal.workspace_id,
                role=principal.role,
                label=principal.label,
                created_at=now,
                expires_at=now + lasts,
            )
        )

    async def find_session(self, secret: str) -> Principal | None:
        """Return whom a running session stands for, or None."""
        rows = await self._unit.connection.execute(
            sa.select(sessions).where(
                sessions.c.sha256 == fingerprint(secret), sessions.c.expires_at > self._unit.now
            )
        )
        row = rows.one_or_none()
        if row is None:
            return None
        return Principal(workspace_id=row.workspace_id, role=row.role, label=row.label or "session")

    async def close_session(self, secret: str) -> None:
        """End a session."""
        await self._unit.connection.execute(
            sa.delete(sessions).where(sessions.c.sha256 == fingerprint(secret))
        )

    async def recall(self, workspace_id: str, key: str) -> StoredAnswer | None:
        """Return what was answered to an idempotency key before, or None."""
        rows = await self._unit.connection.execute(
            sa.select(idempotency_keys).where(
                idempotency_keys.c.workspace_id == workspace_id, idempotency_keys.c.key == key
            )
        )
        row = rows.one_or_none()
        if row is None:
            return None
        return StoredAnswer(
            request_sha256=row.request_sha256, status=row.status, body=bytes(row.body)
        )

    async def remember(
        self, workspace_id: str, key: str, answer: StoredAnswer, *, keep_since: datetime
    ) -> None:
        """Store an answer under an idempotency key; forget keys older than `keep_since`."""
        await self._unit.connection.execute(
            sa.delete(idempotency_keys).where(idempotency_keys.c.created_at < keep_since)
        )
        await self._unit.connection.execute(
            sa.insert(idempotency_keys).values(
                workspace_id=workspace_id,
                key=key,
                request_sha256=answer.request_sha256,
                status=answer.status,
                body=answer.body,
                created_at=self._unit.now,
            )
        )
