"""Deliveries that wait for somebody, and everything a person needs to decide about one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.delivery import Action, Delivery
from copydesk.core.states import DeliveryState
from copydesk.store.deliveries import delivery_of
from copydesk.store.slices import Slice, Way, slice_of
from copydesk.store.tables import accounts, deliveries, intents, looks, receipts, renditions
from copydesk.store.tables.deliveries import FEW, REASONED

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries are meant: everything given has to hold. Times are aware UTC.

    `since` and `until` bound when a delivery came into its state, `account` is an account's name.
    """

    states: tuple[DeliveryState, ...] = ()
    account: str = ""
    platform: str = ""
    reason_code: str = ""
    post_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at an unknown outcome: when, what was found, and what that was told from."""

    at: datetime
    found: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The frozen bytes that were or would be sent, as JSON text, and their SHA-256 in hex."""

    text: str
    sha256: str


#: States that a partial index knows.
FEW_STATES = frozenset(DeliveryState) - {DeliveryState.SCHEDULED, DeliveryState.DELIVERED}


def narrowed(query: sa.Select[tuple[object, ...]], wanted: Wanted) -> sa.Select[tuple[object, ...]]:
    """Return a query over deliveries joined to accounts, narrowed to what is wanted."""
    if wanted.states:
        query = query.where(deliveries.c.state.in_([str(state) for state in wanted.states]))
        if FEW_STATES.issuperset(wanted.states):
            # said in the words of the index, or neither store could tell that it may use it
            query = query.where(sa.text(f"deliveries.{FEW.text}"))
    if wanted.account:
        query = query.where(accounts.c.name == wanted.account)
    if wanted.platform:
        query = query.where(accounts.c.platform == wanted.platform)
    if wanted.reason_code:
        query = query.where(
            deliveries.c.reason_code == wanted.reason_code,
            sa.text(f"deliveries.{REASONED.text}"),
        )
    if wanted.post_id:
        query = query.where(deliveries.c.post_id == wanted.post_id)
    if wanted.since:
        query = query.where(deliveries.c.changed_at >= wanted.since)
    if wanted.until:
        query = query.where(deliveries.c.changed_at < wanted.until)
    return query


def ways_to(workspace_id: str, wanted: Wanted) -> Sequence[Way]:
    """Return the indexes that have what is wanted in the order of its ids; see `slice_of`.

    Those of a post are few enough without.
    """
    if wanted.post_id:
        return ()
    mine = deliveries.c.workspace_id == workspace_id
    if wanted.reason_code:
        reason = deliveries.c.reason_code == wanted.reason_code
        return ((mine, reason, sa.text(f"deliveries.{REASONED.text}")),)
    if wanted.states and FEW_STATES.issuperset(wanted.states):
        few = sa.text(f"deliveries.{FEW.text}")
        return [(mine, deliveries.c.state == str(state), few) for state in set(wanted.states)]
    return ((),)


class Letters:
    """Reads what waits for somebody; keeps and reads the evidence about it."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def waiting(
        self, workspace_id: str, wanted: Wanted, *, after: str = "", limit: int
    ) -> Slice[Delivery]:
        """Return the deliveries that are wanted, oldest first; `after` is an id cursor."""
        query = (
            sa.select(deliveries)
            .join(accounts, accounts.c.id == deliveries.c.account_id)
            .where(deliveries.c.workspace_id == workspace_id)
        )
        rows = await slice_of(
            self._unit,
            narrowed(query, wanted),
            deliveries.c.id,
            after=after,
            limit=limit,
            ways=ways_to(workspace_id, wanted),
        )
        return rows.each(delivery_of)

    async def of_account(
        self, account_id: str, states: Sequence[DeliveryState], *, limit: int
    ) -> list[Delivery]:
        """Return deliveries of an account that stand in one of `states`, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.state.in_([str(state) for state in states]),
            )
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        return [delivery_of(row) for row in rows]

    async def payload(self, rendition_id: str) -> Payload:
        """Return the frozen bytes of a rendition."""
        row = (
            await self._unit.connection.execute(
                sa.select(renditions.c.payload, renditions.c.payload_sha256).where(
                    renditions.c.id == rendition_id
                )
            )
        ).one()
        return Payload(text=row.payload, sha256=row.payload_sha256)

    async def looks(self, delivery_id: str) -> list[Seen]:
        """Return every look at a delivery, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(looks.c.at, looks.c.found, looks.c.evidence)
            .where(looks.c.delivery_id == delivery_id)
            .order_by(looks.c.sequence)
        )
        return [Seen(at=row.at, found=row.found, evidence=row.evidence) for row in rows]

    async def saw(self, delivery_id: str, found: str, evidence: str) -> None:
        """Keep what a look found."""
        await self._unit.connection.execute(
            sa.insert(looks).values(
                delivery_id=delivery_id, at=self._unit.now, found=found, evidence=evidence
            )
        )

    async def last_call(self, delivery_id: str) -> datetime | None:
        """Return when the last call for a delivery ended, or began where no end is recorded."""
        rows = await self._unit.connection.execute(
            sa.select(intents.c.started_at, receipts.c.received_at)
            .join(receipts, receipts.c.intent_id == intents.c.id, isouter=True)
            .where(intents.c.delivery_id == delivery_id)
        )
        return max((row.received_at or row.started_at for row in rows), default=None)

    async def postpone_account(self, account_id: str, until: datetime, reason: str) -> None:
        """Let whatever of an account is due be looked at again at `until`, with the reason.

        In one statement: a platform that is away may have a hundred thousand waiting for it.
        """
        waiting = (
            deliveries.c.account_id == account_id,
            deliveries.c.wake_at <= self._unit.now,
            deliveries.c.state != DeliveryState.SENDING,
        )
        # what may have arrived keeps the reason that says so
        told = deliveries.c.state == DeliveryState.SCHEDULED
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(*waiting)
            .values(
                wake_at=until,
                reason_code=sa.case((told, "breaker_open"), else_=deliveries.c.reason_code),
                reason=sa.case((told, reason), else_=deliveries.c.reason),
            )
        )

    async def postpone_action(
        self, account_id: str, action: Action, until: datetime, code: str, reason: str
    ) -> None:
        """Let whatever of an account is awake to be sent for `action` be looked at again at `until`
        (aware UTC), with the reason; in one statement, however many there are."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.action == action,
                deliveries.c.wake_at <= self._unit.now,
                (deliveries.c.state == DeliveryState.SCHEDULED)
                | (
                    (deliveries.c.state == DeliveryState.SNOOZED)
                    # what was accepted is asked about, not sent
                    & deliveries.c.handles["accepted"].as_string().is_(None)
                ),
            )
            .values(wake_at=until, reason_code=code, reason=reason, remedy="")
        )

    async def bring_forward(
        self, account_id: str, causes: Collection[str], until: datetime
    ) -> str | None:
        """Return which of an account's awake deliveries was looked up and tried for `causes` least
        often, the first in line of several; what is before it in line rests until `until`.

        None where nothing is awake.
        """
        awake = (
            deliveries.c.account_id == account_id,
            deliveries.c.wake_at <= self._unit.now,
            deliveries.c.due_at <= self._unit.now,
            deliveries.c.state != DeliveryState.SENDING,
        )
        tried = (sa.func.coalesce(deliveries.c.spent[cause].as_integer(), 0) for cause in causes)
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.id, deliveries.c.due_at)
            .where(*awake)
            .order_by(sum(tried, deliveries.c.looks), deliveries.c.due_at, deliveries.c.id)
            .limit(1)
        )
        first = rows.one_or_none()
        if first is None:
            return None
        before = (deliveries.c.due_at < first.due_at) | (
            (deliveries.c.due_at == first.due_at) & (deliveries.c.id < first.id)
        )
        await self._unit.connection.execute(
            sa.update(deliveries).where(*awake, before).values(wake_at=until)
        )
        return str(first.id)

    async def wakes_early(self, account_id: str) -> bool:
        """Tell whether something of an account is awake that is not due."""
        found = await self._unit.connection.scalar(
            sa.select(deliveries.c.id).where(*self._early(account_id)).limit(1)
        )
        return found is not None

    async def rest_until_due(self, account_id: str) -> None:
        """Let what is awake and not due rest until it is."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(*self._early(account_id))
            .values(wake_at=deliveries.c.due_at)
        )

    def _early(self, account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            deliveries.c.account_id == account_id,
            deliveries.c.wake_at <= self._unit.now,
            deliveries.c.due_at > self._unit.now,
        )

    async def wake_stopped(self, account_id: str) -> None:
        """Look now at what a breaker had put off."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.state == DeliveryState.SCHEDULED,
                deliveries.c.reason_code == "breaker_open",
            )
            .values(wake_at=self._unit.now)
        )
