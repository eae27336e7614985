"""What webhooks are told: events with the facts that go along, what waits, what was tried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.events import Event
from copydesk.core.webhook import Attempt, Waiting
from copydesk.store.tables import (
    accounts,
    deliveries,
    events,
    reviews,
    webhook_attempts,
    webhook_messages,
)

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: Both stores bound the parameters of a statement.
_MOST_NAMED = 500

_DELIVERY_FACTS = (
    sa.select(
        deliveries.c.id,
        deliveries.c.account_id,
        accounts.c.name.label("account"),
        accounts.c.platform,
        deliveries.c.post_id,
        deliveries.c.action,
        deliveries.c.recipient,
        deliveries.c.remote_id,
        deliveries.c.url,
    )
    .join(accounts, accounts.c.id == deliveries.c.account_id)
    .where(deliveries.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_FACTS: Mapping[str, sa.Select[Any]] = {
    "delivery": _DELIVERY_FACTS,
    "account": sa.select(accounts.c.id, accounts.c.name, accounts.c.platform).where(
        accounts.c.id.in_(sa.bindparam("ids", expanding=True))
    ),
    "review": sa.select(
        reviews.c.id,
        reviews.c.post_id,
        reviews.c.kind,
        reviews.c.risk,
        reviews.c.due_at,
        reviews.c.assignee,
    ).where(reviews.c.id.in_(sa.bindparam("ids", expanding=True))),
}

_mine = webhook_messages.c.webhook_id == sa.bindparam("webhook")


class Messages:
    """Reads what is to be told, and keeps what did not get through and what was tried."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- what is told -----------------------------------------------------------------------------

    async def events(self, workspace_id: str, *, after: int, until: int, limit: int) -> list[Event]:
        """Return the workspace's events with a sequence in (`after`, `until`], oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(events)
            .where(
                events.c.sequence > after,
                events.c.sequence <= until,
                events.c.workspace_id == workspace_id,
            )
            .order_by(events.c.sequence)
            .limit(limit)
        )
        return [Event(**row._mapping) for row in rows]

    async def named(self, workspace_id: str, sequences: Collection[int]) -> dict[int, Event]:
        """Return events of the workspace by their sequence; those there are."""
        wanted, found = sorted(sequences), {}
        for start in range(0, len(wanted), _MOST_NAMED):
            rows = await self._unit.connection.execute(
                sa.select(events).where(
                    events.c.sequence.in_(wanted[start : start + _MOST_NAMED]),
                    events.c.workspace_id == workspace_id,
                )
            )
            found.update({row.sequence: Event(**row._mapping) for row in rows})
        return found

    async def span(
        self, workspace_id: str, since: datetime, until: datetime
    ) -> tuple[int, int] | None:
        """Return the first and last sequence of what happened in [`since`, `until`), or None."""
        rows = await self._unit.connection.execute(
            sa.select(sa.func.min(events.c.sequence), sa.func.max(events.c.sequence)).where(
                events.c.workspace_id == workspace_id,
                events.c.at >= since,
                events.c.at < until,
            )
        )
        first, last = rows.one()
        return None if first is None else (first, last)

    async def facts(self, told: Iterable[Event]) -> dict[str, dict[str, Any]]:
        """Return, by subject, what a receiver wants to know about it without asking back."""
        wanted: dict[str, set[str]] = {}
        for event in told:
            wanted.setdefault(event.noun, set()).add(event.subject_id)
        found: dict[str, dict[str, Any]] = {}
        for noun, subjects in wanted.items():
            if noun not in _FACTS:
                continue
            ids = sorted(subjects)
            for start in range(0, len(ids), _MOST_NAMED):
                rows = await self._unit.connection.execute(
                    _FACTS[noun], {"ids": ids[start : start + _MOST_NAMED]}
                )
                found.update({row.id: dict(row._mapping) for row in rows})
        return found

    # -- what waits -------------------------------------------------------------------------------

    async def waiting(self, webhook_id: str) -> list[Waiting]:
        """Return what waits for another try, oldest first. The notifier bounds how much does."""
        columns = webhook_messages.c
        rows = await self._unit.connection.execute(
            sa.select(columns.sequence, columns.subject_id, columns.attempts, columns.wake_at)
            .where(_mine, columns.waiting.is_(True))
            .order_by(columns.sequence),
            {"webhook": webhook_id},
        )
        return [Waiting(**row._mapping) for row in rows]

    async def counts(self, webhook_id: str) -> tuple[int, int]:
        """Return how many messages wait for another try, and how many used theirs up."""
        rows = await self._unit.connection.execute(
            sa.select(webhook_messages.c.waiting, sa.func.count().label("n"))
            .where(_mine)
            .group_by(webhook_messages.c.waiting),
            {"webhook": webhook_id},
        )
        found = {bool(row.waiting): row.n for row in rows}
        return found.get(True, 0), found.get(False, 0)

    async def bodies(self, webhook_id: str, sequences: Sequence[int]) -> dict[int, bytes]:
        """Return what the first try of each of these messages sent; nothing for an untried one."""
        found: dict[int, bytes] = {}
        for start in range(0, len(sequences), _MOST_NAMED):
            rows = await self._unit.connection.execute(
                sa.select(webhook_messages.c.sequence, webhook_messages.c.body).where(
                    _mine,
                    webhook_messages.c.sequence.in_(sequences[start : start + _MOST_NAMED]),
                    webhook_messages.c.body.is_not(None),
                ),
                {"webhook": webhook_id},
            )
            found.update({row.sequence: bytes(row.body) for row in rows})
        return found

    async def put(
        self,
        webhook_id: str,
        waiting: Sequence[Waiting],
        *,
        tries_left: bool,
        bodies: Mapping[int, bytes] | None = None,
    ) -> None:
        """Keep messages for another try; or, without tries left, for whoever asks for them.

        `bodies` are what tries have sent, by sequence; what an earlier one has sent stays.
        """
        if not waiting:
            return
        sequences = [one.sequence for one in waiting]
        sent = {**(bodies or {}), **await self.bodies(webhook_id, sequences)}
        await self.drop(webhook_id, sequences)
        await self._unit.connection.execute(
            sa.insert(webhook_messages),
            [
                {
                    "webhook_id": webhook_id,
                    "sequence": one.sequence,
                    "subject_id": one.subject_id,
                    "waiting": tries_left,
                    "attempts": one.attempts,
                    "wake_at": one.wake_at,
                    "body": sent.get(one.sequence),
                }
                for one in waiting
            ],
        )

    async def drop(self, webhook_id: str, sequences: Sequence[int]) -> None:
        """Forget that these messages wait: they got through."""
        for start in range(0, len(sequences), _MOST_NAMED):
            await self._unit.connection.execute(
                sa.delete(webhook_messages).where(
                    _mine,
                    webhook_messages.c.sequence.in_(sequences[start : start + _MOST_NAMED]),
                ),
                {"webhook": webhook_id},
            )

    async def drop_all(self, webhook_id: str) -> int:
        """Forget everything that waits; return how much that was."""
        dropped = await self._unit.connection.execute(
            sa.delete(webhook_messages).where(_mine), {"webhook": webhook_id}
        )
        return int(dropped.rowcount)

    async def wake(self, webhook_id: str, *, exhausted: bool) -> int:
        """Let everything that waits be tried now, with `exhausted` what used up its tries, too."""
        query = sa.update(webhook_messages).where(
            webhook_messages.c.webhook_id == webhook_id,
            sa.true() if exhausted else webhook_messages.c.waiting.is_(True),
        )
        values: dict[str, Any] = {"wake_at": None, "waiting": True}
        if exhausted:
            values["attempts"] = 0
        woken = await self._unit.connection.execute(query.values(**values))
        return int(woken.rowcount)

    # -- what was tried ---------------------------------------------------------------------------

    async def log(self, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        """Write tries into the log."""
        if attempts:
            await self._unit.connection.execute(
                sa.insert(webhook_attempts),
                [
                    {
                        "webhook_id": webhook_id,
                        **{name: getattr(one, name) for name in Attempt.__dataclass_fields__},
                    }
                    for one in attempts
                ],
            )

    async def attempts(
        self, webhook_id: str, *, limit: int = 50, message_id: str = ""
    ) -> list[Attempt]:
        """Return the newest tries first; of one message when its id is given."""
        names = list(Attempt.__dataclass_fields__)
        query = sa.select(*(webhook_attempts.c[name] for name in names)).where(
            webhook_attempts.c.webhook_id == webhook_id
        )
        if message_id:
            query = query.where(webhook_attempts.c.message_id == message_id)
        rows = await self._unit.connection.execute(
            query.order_by(webhook_attempts.c.id.desc()).limit(limit)
        )
        return [Attempt(**row._mapping) for row in rows]

    async def shorten_log(self, webhook_id: str, *, keep: int, since: datetime) -> None:
        """Forget all but the newest `keep` tries, and those before `since`; and beyond `keep`
        what used up its tries."""
        log, mine = webhook_attempts.c, webhook_attempts.c.webhook_id == webhook_id
        oldest = await self._unit.connection.scalar(
            sa.select(log.id).where(mine).order_by(log.id.desc()).offset(keep).limit(1)
        )
        await self._unit.connection.execute(
            sa.delete(webhook_attempts).where(mine, (log.id <= (oldest or 0)) | (log.at < since))
        )
        spent = webhook_messages.c.webhook_id == webhook_id, webhook_messages.c.waiting.is_(False)
        last = await self._unit.connection.scalar(
            sa.select(webhook_messages.c.sequence)
            .where(*spent)
            .order_by(webhook_messages.c.sequence.desc())
            .offset(keep)
            .limit(1)
        )
        if last is not None:
            await self._unit.connection.execute(
                sa.delete(webhook_messages).where(*spent, webhook_messages.c.sequence <= last)
            )
