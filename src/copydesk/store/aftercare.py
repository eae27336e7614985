"""What happens to posts after they are out: how they stand, and what ends the API they came by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.delivery import Action, Delivery
from copydesk.core.standing import Stands
from copydesk.core.states import AccountState, DeliveryState
from copydesk.store.awake import Awake, awake_of
from copydesk.store.deliveries import delivery_of
from copydesk.store.tables import accounts, api_notices, deliveries, posts, renditions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_LATER = deliveries.alias("later")

#: A delivered post with what was sent for it. `superseded`: something newer was delivered in its
#: place, so how this one stands says nothing any more.
_OUT: Final = (
    sa.select(
        deliveries,
        renditions.c.payload,
        renditions.c.payload_sha256,
        renditions.c.text,
        renditions.c.media,
        renditions.c.api_version,
        posts.c.published_at,
        sa.null().label("first_sent_at"),
        sa.exists()
        .where(
            _LATER.c.post_id == deliveries.c.post_id,
            _LATER.c.account_id == deliveries.c.account_id,
            _LATER.c.recipient == deliveries.c.recipient,
            _LATER.c.state == DeliveryState.DELIVERED,
            _LATER.c.id > deliveries.c.id,
        )
        .label("superseded"),
    )
    .join(renditions, renditions.c.id == deliveries.c.rendition_id)
    .join(posts, posts.c.id == deliveries.c.post_id)
    .where(deliveries.c.state == DeliveryState.DELIVERED)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A delivered post: what was sent, and since when it is out (aware UTC)."""

    awake: Awake
    delivered_at: datetime
    superseded: bool

    @property
    def delivery(self) -> Delivery:
        """Return the delivery."""
        return self.awake.delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiNotice:
    """What an account's platform said about the end of an API version: from when it is deprecated,
    when it ends, where to read about it; first and last seen. All times aware UTC."""

    account_id: str
    api_version: str
    deprecated_at: datetime | None
    sunset_at: datetime | None
    link: str
    first_seen_at: datetime
    seen_at: datetime


class Aftercare:
    """Reads and writes standings and notices."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- how posts stand --------------------------------------------------------------------------

    async def accounts_to_inspect(self, now: datetime, limit: int = 2000) -> list[str]:
        """Return the accounts of the `limit` posts that should be looked at again first, unless
        they rest or are blocked. What waits behind them comes with a later sweep."""
        due = (
            sa.select(deliveries.c.account_id)
            .join(accounts, accounts.c.id == deliveries.c.account_id)
            .where(
                deliveries.c.inspect_at <= now,
                accounts.c.state == AccountState.CONNECTED,
                accounts.c.paused_until.is_(None) | (accounts.c.paused_until <= now),
            )
            .order_by(deliveries.c.inspect_at)
            .limit(limit)
            .subquery()
        )
        rows = await self._unit.connection.execute(sa.select(due.c.account_id).distinct())
        return [row.account_id for row in rows]

    async def claim(self, account_id: str, until: datetime, limit: int) -> list[Out]:
        """Return posts of an account to look at again, and keep others from them until `until`."""
        wanted = (
            sa.select(deliveries.c.id)
            .where(deliveries.c.account_id == account_id, deliveries.c.inspect_at <= self._unit.now)
            .order_by(deliveries.c.inspect_at)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        ids = [row.id for row in await self._unit.connection.execute(wanted)]
        await self._unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(inspect_at=until)
        )
        return await self.out(ids)

    async def out(self, ids: Sequence[str]) -> list[Out]:
        """Return those of the deliveries that are out, oldest first."""
        if not ids:
            return []
        rows = await self._unit.connection.execute(
            _OUT.where(deliveries.c.id.in_(list(ids))).order_by(deliveries.c.id)
        )
        return [_out_of(row) for row in rows]

    async def standing(self, account_id: str, post_id: str, recipient: str) -> Out | None:
        """Return what stands of a post on an account, as far as we know: what was delivered last,
        None when nothing was or it has been removed."""
        rows = await self._unit.connection.execute(
            _OUT.where(
                deliveries.c.account_id == account_id,
                deliveries.c.post_id == post_id,
                deliveries.c.recipient == recipient,
            )
            .order_by(deliveries.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        if row is None or row.action == Action.DELETE:
            return None
        return _out_of(row)

    async def everything_out(self, workspace_id: str, before: str, limit: int) -> list[str]:
        """Return ids of delivered posts that were not removed, newest first; `before` a cursor."""
        query = sa.select(deliveries.c.id).where(
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.state == DeliveryState.DELIVERED,
            deliveries.c.action != Action.DELETE,
        )
        if before:
            query = query.where(deliveries.c.id < before)
        rows = await self._unit.connection.execute(
            query.order_by(deliveries.c.id.desc()).limit(limit)
        )
        return [row.id for row in rows]

    async def edits(self, account_id: str, post_id: str, recipient: str) -> tuple[datetime, int]:
        """Return when the post standing there was first delivered and how often it was changed
        since; raises `LookupError` when nothing was delivered."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.action, deliveries.c.changed_at)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.post_id == post_id,
                deliveries.c.recipient == recipient,
                deliveries.c.state == DeliveryState.DELIVERED,
            )
            .order_by(deliveries.c.id.desc())
        )
        for changes, row in enumerate(rows):
            if row.action == Action.CREATE:
                return row.changed_at, changes
        raise LookupError("nothing was delivered there")

    async def stop_looking(self, ids: Sequence[str]) -> None:
        """Look at these no more: something newer stands in their place."""
        await self._unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id.in_(list(ids))).values(inspect_at=None)
        )

    async def stands(
        self, delivery: Delivery, stands: Stands, note: str, again_at: datetime | None
    ) -> None:
        """Keep how a post stands now and when to look again; a new standing is an event."""
        known = stands is Stands.UNCLEAR and delivery.standing not in {"", Stands.UNCLEAR}
        values: dict[str, Any] = {"inspected_at": self._unit.now, "inspect_at": again_at}
        if not known:
            values |= {"standing": stands, "standing_note": note}
        await self._unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id == delivery.id).values(**values)
        )
        told = stands in {Stands.CHANGED, Stands.GONE} or delivery.standing in {
            Stands.CHANGED,
            Stands.GONE,
        }
        if told and not known and (stands, note) != (delivery.standing, delivery.standing_note):
            words = {
                Stands.AS_PUBLISHED: "it stands as published again",
                Stands.GONE: f"gone from the platform: {note}",
            }
            await self._unit.events.append(
                delivery.workspace_id,
                "delivery",
                delivery.id,
                delivery.state,
                delivery.state,
                reason=words.get(stands, note),
                data={"standing": stands.value},
            )

    # -- notices ----------------------------------------------------------------------------------

    async def notice(self, found: ApiNotice) -> None:
        """Keep what an account's platform said about an API version; first seen stays."""
        key = (
            api_notices.c.account_id == found.account_id,
            api_notices.c.api_version == found.api_version,
        )
        said = {
            "deprecated_at": found.deprecated_at,
            "sunset_at": found.sunset_at,
            "link": found.link,
            "seen_at": found.seen_at,
        }
        changed = await self._unit.connection.execute(
            sa.update(api_notices).where(*key).values(**said)
        )
        if changed.rowcount:
            return
        await self._unit.connection.execute(
            sa.insert(api_notices).values(
                account_id=found.account_id,
                api_version=found.api_version,
                first_seen_at=found.first_seen_at,
                **said,
            )
        )

    async def notices(self, workspace_id: str) -> list[ApiNotice]:
        """Return what the platforms of a workspace's accounts have said."""
        rows = await self._unit.connection.execute(
            sa.select(api_notices)
            .join(accounts, accounts.c.id == api_notices.c.account_id)
            .where(accounts.c.workspace_id == workspace_id)
            .order_by(api_notices.c.account_id, api_notices.c.api_version)
        )
        return [ApiNotice(**row._mapping) for row in rows]


def _out_of(row: Any) -> Out:
    return Out(
        awake=awake_of(row, delivery_of(row)),
        delivered_at=row.changed_at,
        superseded=bool(row.superseded),
    )
