"""Webhooks: who wants to be told, how far each has been told, and who deals with it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import WebhookState, check_transition
from copydesk.core.webhook import Webhook
from copydesk.store.tables import events, webhook_attempts, webhook_messages, webhooks

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_COLUMNS = [
    (webhooks.c.lease_fence if field.name == "fence" else webhooks.c[field.name]).label(field.name)
    for field in fields(Webhook)
]


def due_webhooks(now: datetime) -> sa.Select[Any]:
    """Return the statement for webhooks that want attention: it is their time, or something has
    happened behind their cursor."""
    free = webhooks.c.lease_until.is_(None) | (webhooks.c.lease_until <= now)
    newest = sa.select(sa.func.max(events.c.sequence)).scalar_subquery()
    told = (webhooks.c.cursor >= newest) & webhooks.c.replay_cursor.is_(None)
    behind = webhooks.c.resting.is_(False) & ~told
    return sa.select(webhooks.c.id).where(
        webhooks.c.state == WebhookState.ENABLED, free, (webhooks.c.wake_at <= now) | behind
    )


class Webhooks:
    """Reads and writes webhooks and their leases."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(
        self,
        *,
        workspace_id: str,
        url: str,
        description: str,
        patterns: Sequence[str],
        secrets: bytes,
        allow_private: bool,
    ) -> Webhook:
        """Add a webhook that is told everything from now on; `secrets` are sealed already."""
        id = self._unit.ids.new("webhook")
        await self._unit.connection.execute(
            sa.insert(webhooks).values(
                id=id,
                workspace_id=workspace_id,
                url=url,
                description=description,
                patterns=list(patterns),
                state=WebhookState.ENABLED,
                reason="",
                allow_private=allow_private,
                secrets=secrets,
                cursor=await self._unit.events.newest(),
                failures=0,
                resting=False,
                created_at=self._unit.now,
            )
        )
        await self._unit.events.append(
            workspace_id, "webhook", id, "", WebhookState.ENABLED, reason=url
        )
        return await self.get(id)

    async def get(self, id: str) -> Webhook:
        """Return webhook `id`; raises `NotFound`, for removed ones too."""
        rows = await self._unit.connection.execute(sa.select(*_COLUMNS).where(webhooks.c.id == id))
        row = rows.one_or_none()
        if row is None or row.state == WebhookState.REMOVED:
            raise NotFound.of(f"webhook {id}")
        return _webhook(row)

    async def all(self, workspace_id: str) -> list[Webhook]:
        """Return every webhook of the workspace that was not removed, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(*_COLUMNS)
            .where(
                webhooks.c.workspace_id == workspace_id, webhooks.c.state != WebhookState.REMOVED
            )
            .order_by(webhooks.c.id)
        )
        return [_webhook(row) for row in rows]

    async def change(self, id: str, **values: Any) -> None:
        """Set columns of a webhook on behalf of an operator.

        Whoever deals with it now loses the right to: what that round would have written was
        decided before.
        """
        await self._unit.connection.execute(
            sa.update(webhooks)
            .where(webhooks.c.id == id)
            .values(lease_fence=webhooks.c.lease_fence + 1, lease_until=None, **values)
        )

    async def move(self, webhook: Webhook, to: WebhookState, reason: str, **values: Any) -> None:
        """Take a webhook to a state; raises `TransitionNotAllowed`, `Conflict` if it moved.

        One that is told nothing is not waited for either.
        """
        check_transition("webhook", webhook.id, webhook.state, to)
        if to is not WebhookState.ENABLED:
            values["wake_at"] = None
        moved = await self._unit.connection.execute(
            sa.update(webhooks)
            .where(webhooks.c.id == webhook.id, webhooks.c.state == webhook.state)
            .values(state=to, reason=reason, **values)
        )
        if moved.rowcount != 1:
            raise Conflict(f"Webhook {webhook.id} has changed in the meantime.")
        await self._unit.events.append(
            webhook.workspace_id, "webhook", webhook.id, webhook.state, to, reason=reason
        )

    async def forget(self, id: str) -> None:
        """Drop what waits for a removed webhook, its log and its secrets."""
        for table in (webhook_messages, webhook_attempts):
            await self._unit.connection.execute(sa.delete(table).where(table.c.webhook_id == id))
        await self.change(id, secrets=b"", wake_at=None, replay_cursor=None, replay_until=None)

    # -- secrets ----------------------------------------------------------------------------------

    async def sealed(self, id: str) -> bytes:
        """Return the sealed secrets of a webhook."""
        value = await self._unit.connection.scalar(
            sa.select(webhooks.c.secrets).where(webhooks.c.id == id)
        )
        return bytes(value or b"")

    # -- leases -----------------------------------------------------------------------------------

    async def take(self, id: str, owner: str, seconds: float) -> Webhook | None:
        """Take the right to deal with an enabled webhook, or return None while another has it."""
        now = self._unit.now
        rows = await self._unit.connection.execute(
            sa.update(webhooks)
            .where(
                webhooks.c.id == id,
                webhooks.c.state == WebhookState.ENABLED,
                webhooks.c.lease_until.is_(None) | (webhooks.c.lease_until <= now),
            )
            .values(
                lease_owner=owner,
                lease_fence=webhooks.c.lease_fence + 1,
                lease_until=now + timedelta(seconds=seconds),
            )
            .returning(*_COLUMNS)
        )
        row = rows.one_or_none()
        return None if row is None else _webhook(row)

    async def taken(self, webhook: Webhook) -> Webhook | None:
        """Return a webhook we deal with as it stands now, or None when it is no longer ours."""
        rows = await self._unit.connection.execute(
            sa.select(*_COLUMNS).where(
                webhooks.c.id == webhook.id,
                webhooks.c.lease_fence == webhook.fence,
                webhooks.c.state == WebhookState.ENABLED,
            )
        )
        row = rows.one_or_none()
        return None if row is None else _webhook(row)

    async def keep(self, webhook: Webhook, seconds: float, **values: Any) -> None:
        """Write how far a webhook has been told, and go on dealing with it for `seconds`.

        Raises `Conflict` when somebody else deals with it by now, or an operator has changed how
        far it is: then nothing of the round counts, and its messages are told again.
        """
        kept = await self._unit.connection.execute(
            sa.update(webhooks)
            .where(
                webhooks.c.id == webhook.id,
                webhooks.c.lease_fence == webhook.fence,
                webhooks.c.cursor == webhook.cursor,
                webhooks.c.state == WebhookState.ENABLED,
            )
            .values(lease_until=self._unit.now + timedelta(seconds=seconds), **values)
        )
        if kept.rowcount != 1:
            raise Conflict(f"Webhook {webhook.id} has changed in the meantime.")

    async def release(self, webhook: Webhook) -> None:
        """Give the lease back, unless somebody else has it by now."""
        await self._unit.connection.execute(
            sa.update(webhooks)
            .where(webhooks.c.id == webhook.id, webhooks.c.lease_fence == webhook.fence)
            .values(lease_until=None)
        )

    async def free_leases_of(self, worker_id: str) -> None:
        """Clear the leases of a worker that is certainly gone."""
        await self._unit.connection.execute(
            sa.update(webhooks)
            .where(webhooks.c.lease_owner.startswith(f"{worker_id}/", autoescape=True))
            .values(lease_until=None)
        )


def _webhook(row: Any) -> Webhook:
    values = dict(row._mapping)
    values["state"] = WebhookState(values["state"])
    values["patterns"] = tuple(values["patterns"])
    return Webhook(**values)
