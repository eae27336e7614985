"""Deliveries with their renditions, intents and receipts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from copydesk.core.delivery import Action, Delivery, Intent, Receipt, Rendition, delivery_key
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.findings import Loss
from copydesk.core.post import Media
from copydesk.core.record import record
from copydesk.core.states import SETTLED, DeliveryState, check_transition
from copydesk.store.awake import FIELDS, Awake, awake_rows, delivery_from
from copydesk.store.codec import from_json, to_json
from copydesk.store.due import accounts_with_work
from copydesk.store.prepared import listed
from copydesk.store.shares import accounts_in_turn
from copydesk.store.tables import deliveries, intents, receipts, renditions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


# Built once: putting a statement together costs more than running it.
_ONE = sa.select(deliveries).where(deliveries.c.id == sa.bindparam("wanted"))
_ADD_RENDITION = sa.insert(renditions)
_ADD = sa.insert(deliveries)
_FIELDS_OF = attrgetter(*FIELDS)
MOVE = sa.update(deliveries).where(deliveries.c.id == sa.bindparam("moved_id"))
INTEND = sa.insert(intents)
RECEIVE = sa.insert(receipts)


@record(frozen=True, slots=True, kw_only=True)
class Change:
    """A step a delivery takes: the new state, why, and the columns that change with it."""

    delivery: Delivery
    to: DeliveryState
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)


def freeze(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Return a payload as canonical JSON text and the SHA-256 of its bytes in hex."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text, hashlib.sha256(text.encode()).hexdigest()


class Deliveries:
    """Reads and writes deliveries, renditions, intents and receipts."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- reading ----------------------------------------------------------------------------------

    async def get(self, id: str) -> Delivery:
        """Return delivery `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(_ONE, {"wanted": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"delivery {id}")
        return delivery_of(row)

    async def of_post(self, post_id: str) -> list[Delivery]:
        """Return all deliveries of a post, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries).where(deliveries.c.post_id == post_id).order_by(deliveries.c.id)
        )
        return [delivery_of(row) for row in rows]

    async def newest(
        self, workspace_id: str, *, state: str = "", before: str = "", limit: int = 50
    ) -> list[Delivery]:
        """Return deliveries, newest first; `before` is an id cursor."""
        query = sa.select(deliveries).where(deliveries.c.workspace_id == workspace_id)
        if state:
            query = query.where(deliveries.c.state == state)
        if before:
            query = query.where(deliveries.c.id < before)
        rows = await self._unit.connection.execute(
            query.order_by(deliveries.c.id.desc()).limit(limit)
        )
        return [delivery_of(row) for row in rows]

    async def latest(
        self, account_id: str, post_id: str, recipient: str, *, state: DeliveryState | None = None
    ) -> tuple[Delivery, str] | None:
        """Return the newest delivery of a post to one recipient that was not cancelled (or, with
        `state`, that stands there), with the SHA-256 of its payload; or None."""
        wanted = deliveries.c.state
        rows = await self._unit.connection.execute(
            sa.select(deliveries, renditions.c.payload_sha256)
            .join(renditions, renditions.c.id == deliveries.c.rendition_id)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.post_id == post_id,
                deliveries.c.recipient == recipient,
                wanted == state if state else wanted != DeliveryState.CANCELLED,
            )
            .order_by(deliveries.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return (delivery_of(row), row.payload_sha256) if row else None

    async def awake(self, account_id: str, now: datetime, limit: int) -> list[Awake]:
        """Return deliveries of an account that need a look, in the order they are due.

        Everything `sending` is among them: whoever holds the lease knows that nobody sends now.
        """
        connection = self._unit.connection
        return await awake_rows(connection.dialect).of(connection, account_id, now, limit)

    async def blocked(self, account_id: str) -> list[Delivery]:
        """Return the deliveries that wait for their account to be connected again."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries).where(
                deliveries.c.account_id == account_id,
                deliveries.c.state == DeliveryState.BLOCKED,
            )
        )
        return [delivery_of(row) for row in rows]

    async def rendition(self, id: str) -> tuple[Rendition, str]:
        """Return a rendition and the SHA-256 of its payload; raises `NotFound`."""
        found = await self.renditions([id])
        if id not in found:
            raise NotFound(f"There is no rendition {id}.")
        return found[id]

    async def renditions(self, ids: Sequence[str]) -> dict[str, tuple[Rendition, str]]:
        """Return renditions by id, each with the SHA-256 of its payload."""
        rows = await self._unit.connection.execute(
            sa.select(renditions).where(renditions.c.id.in_(list(ids)))
        )
        return {
            row.id: (
                Rendition(
                    payload=json.loads(row.payload),
                    text=row.text,
                    losses=from_json(tuple[Loss, ...], row.losses),
                    media=from_json(tuple[Media, ...], row.media),
                    recipient=row.recipient,
                    api_version=row.api_version,
                ),
                row.payload_sha256,
            )
            for row in rows
        }

    async def tries(self, delivery_id: str) -> list[dict[str, Any]]:
        """Return each intent of a delivery with its receipt's fields (None without one)."""
        rows = await self._unit.connection.execute(
            sa.select(
                intents.c.id,
                intents.c.attempt,
                intents.c.key,
                intents.c.payload_sha256,
                intents.c.started_at,
                receipts.c.outcome,
                receipts.c.remote_id,
                receipts.c.url,
                receipts.c.raw,
                receipts.c.received_at,
            )
            .join(receipts, receipts.c.intent_id == intents.c.id, isouter=True)
            .where(intents.c.delivery_id == delivery_id)
            .order_by(intents.c.id)
        )
        return [dict(row._mapping) for row in rows]

    async def first_calls(self, ids: Sequence[str]) -> dict[str, datetime]:
        """Return when the first call with each key of these deliveries began (aware UTC)."""
        rows = await self._unit.connection.execute(
            sa.select(intents.c.key, sa.func.min(intents.c.started_at).label("at"))
            .where(intents.c.delivery_id.in_(list(ids)))
            .group_by(intents.c.key)
        )
        return {row.key: row.at for row in rows}

    async def counts(self, workspace_id: str) -> dict[str, int]:
        """Return how many deliveries stand in each state."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.state, sa.func.count().label("n"))
            .where(deliveries.c.workspace_id == workspace_id)
            .group_by(deliveries.c.state)
        )
        return {row.state: row.n for row in rows}

    async def resting(self, workspace_id: str, until: datetime) -> int:
        """Return how many deliveries need no look before `until`, but will need one then."""
        count = await self._unit.connection.scalar(
            sa.select(sa.func.count()).where(
                deliveries.c.workspace_id == workspace_id, deliveries.c.wake_at > until
            )
        )
        return int(count or 0)

    # -- planning ---------------------------------------------------------------------------------

    async def plan(
        self,
        *,
        workspace_id: str,
        account_id: str,
        post_id: str,
        revision_id: str,
        rendition: Rendition,
        action: Action,
        due_at: datetime,
        target_id: str = "",
        awaits: str = "",
        overwrite: bool = False,
        handles: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """Add a planned delivery with its frozen rendition."""
        now = self._unit.now
        payload, digest = freeze(rendition.payload)
        rendition_id = self._unit.ids.new("rendition")
        await self._unit.connection.execute(
            _ADD_RENDITION,
            {
                "id": rendition_id,
                "post_id": post_id,
                "revision_id": revision_id,
                "account_id": account_id,
                "recipient": rendition.recipient,
                "payload": payload,
                "payload_sha256": digest,
                "text": rendition.text,
                "losses": to_json(tuple[Loss, ...], rendition.losses),
                "media": to_json(tuple[Media, ...], rendition.media),
                "created_at": now,
                "api_version": rendition.api_version,
            },
        )
        id = self._unit.ids.new("delivery")
        await self._unit.connection.execute(
            _ADD,
            {
                "id": id,
                "workspace_id": workspace_id,
                "account_id": account_id,
                "post_id": post_id,
                "revision_id": revision_id,
                "rendition_id": rendition_id,
                "action": action,
                "state": DeliveryState.PLANNED,
                "due_at": due_at,
                "wake_at": None,
                "key": delivery_key(account_id, post_id, rendition_id, rendition.recipient),
                "recipient": rendition.recipient,
                "attempts": 0,
                "looks": 0,
                "handles": dict(handles or {}),
                "target_id": target_id,
                "remote_id": "",
                "url": "",
                "reason_code": "",
                "reason": "",
                "remedy": "",
                "created_at": now,
                "changed_at": now,
                "awaits": awaits,
                "overwrite": overwrite,
            },
        )
        await self._unit.events.append(
            workspace_id, "delivery", id, "", DeliveryState.PLANNED, reason=action
        )
        return await self.get(id)

    # -- changing ---------------------------------------------------------------------------------

    async def move(self, change: Change) -> None:
        """Take one step; raises `TransitionNotAllowed`, or `Conflict` if the row moved."""
        await self.move_all([change])

    async def move_all(self, changes: Sequence[Change]) -> None:
        """Take several steps, each guarded by the state it starts from, all or none.

        Raises `TransitionNotAllowed` for an illegal one, `Conflict` when a row moved meanwhile.
        """
        await self._check(changes)
        now = self._unit.now
        steps = [
            {
                "moved_id": change.delivery.id,
                "state": change.to,
                "changed_at": now,
                "wake_at": None,
                **change.values,
            }
            for change in changes
        ]
        # one statement for each run of steps that set the same columns
        for _, alike in groupby(steps, key=lambda step: sorted(step)):
            await self._unit.connection.execute(MOVE, list(alike))
        for change in changes:
            if change.to is DeliveryState.SCHEDULED:
                self._unit.hint("courier", change.delivery.account_id, change.values.get("wake_at"))
        await self._unit.events.append_all(
            [
                self._unit.events.row(
                    change.delivery.workspace_id,
                    "delivery",
                    change.delivery.id,
                    change.delivery.state,
                    change.to,
                    change.reason,
                    change.evidence,
                )
                for change in changes
            ]
        )

    async def _check(self, changes: Sequence[Change]) -> None:
        """Lock the rows and hold every step against the state its delivery is in by now."""
        ids = [change.delivery.id for change in changes]
        dialect = self._unit.connection.dialect
        rows = await self._unit.connection.execute(
            standing(dialect), {"ids": ids if dialect.name == "postgresql" else json.dumps(ids)}
        )
        states = {row.id: row.state for row in rows}
        for change in changes:
            delivery = change.delivery
            check_transition("delivery", delivery.id, delivery.state, change.to)
            if states.get(delivery.id) != delivery.state:
                raise moved_meanwhile(delivery)
            states[delivery.id] = change.to

    async def stay(self, delivery: Delivery, values: Mapping[str, Any]) -> None:
        """Keep a delivery in its state after a look or a try that led nowhere: count, and wait."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == delivery.id, deliveries.c.state == delivery.state)
            .values(**values)
        )

    async def postpone(self, ids: Sequence[str], wake_at: datetime) -> None:
        """Look at these deliveries again at `wake_at`, without a change of state.

        What was settled meanwhile, by a callback or a person, stays at rest.
        """
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state.not_in(SETTLED))
            .values(wake_at=wake_at)
        )

    async def wake_resting(self, account_id: str) -> None:
        """Look at what rests unknown or snoozed on an account now, not at the end of its rest."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.state.in_([DeliveryState.UNKNOWN, DeliveryState.SNOOZED]),
            )
            .values(wake_at=self._unit.now)
        )

    async def store_handles(self, id: str, handles: Mapping[str, Any]) -> None:
        """Keep what `prepare` has made, so that a repeated try finds it."""
        await self._unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id == id).values(handles=dict(handles))
        )

    async def write_intents(self, written: Sequence[Intent]) -> None:
        """Record that commit calls are about to be made."""
        await self._unit.connection.execute(INTEND, [to_columns(intent) for intent in written])

    async def write_receipts(self, written: Sequence[Receipt]) -> None:
        """Record what came of commit calls."""
        await self._unit.connection.execute(RECEIVE, [to_columns(receipt) for receipt in written])

    # -- waiting work -----------------------------------------------------------------------------

    async def overdue(self, now: datetime, after: str, limit: int) -> list[Delivery]:
        """Return deliveries of all workspaces that would have been sent by `now` unless somebody
        stopped them, by id from behind `after`. Of what is repeated without harm, deletes, none."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.state.in_(
                    [DeliveryState.SCHEDULED, DeliveryState.SNOOZED, DeliveryState.BLOCKED]
                ),
                deliveries.c.action != Action.DELETE,
                deliveries.c.due_at <= now,
                sa.func.coalesce(deliveries.c.wake_at, now) <= now,
                deliveries.c.id > after,
            )
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        return [delivery_of(row) for row in rows]

    async def accounts_with_work(self, now: datetime, limit: int = 1000) -> list[str]:
        """Return the accounts that have a delivery to look at now, the longest overdue first."""
        return await accounts_with_work(self._unit.connection, now, limit)

    async def accounts_in_turn(self, now: datetime, limit: int) -> list[str]:
        """Return such accounts with each workspace's in turn; for where there are more."""
        return await accounts_in_turn(self._unit.connection, now, limit)


@cache
def standing(dialect: Dialect) -> sa.Select[tuple[str, str]]:
    """Return the question in which states listed deliveries are.

    It locks them in the order of their ids, so that two who take several never wait for each other
    in a circle. (SQLite locks everything, and knows no such word.)
    """
    return (
        sa.select(deliveries.c.id, deliveries.c.state)
        .where(listed(deliveries.c.id, "ids", dialect))
        .order_by(deliveries.c.id)
        .with_for_update(key_share=True)
    )


def moved_meanwhile(delivery: Delivery) -> Conflict:
    """Return what to raise when a delivery is not in the state a step starts from."""
    return Conflict(f"Delivery {delivery.id} has changed in the meantime.")


def to_columns(value: Intent | Receipt) -> dict[str, Any]:
    """Return a record's fields as column values."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def delivery_of(row: Any) -> Delivery:
    """Return the delivery a row of its table (joined or not) holds."""
    return delivery_from(_FIELDS_OF(row))
