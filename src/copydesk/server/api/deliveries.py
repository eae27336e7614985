"""`/v1/deliveries`: what went where, every try of it, and everything that happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.delivery import Action
from copydesk.core.states import DeliveryState
from copydesk.server.api.contract import (
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    make_router,
    page_of,
)
from copydesk.server.api.events import EventOut, event_out
from copydesk.server.asking import DeskNow, Editor, actor_of, check_own
from copydesk.store.listings import DeliveryLine
from copydesk.work.settling import Decision, decide_delivery

router = make_router("deliveries")


class DeliveryOut(BaseModel):
    """One post on its way to one account."""

    id: str = Field(examples=["dlv_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: DeliveryState
    action: Action
    account: str = Field(examples=["newsroom"])
    account_id: str
    platform: str = Field(examples=["mastodon"])
    post_id: str
    title: str
    recipient: str
    due_at: datetime
    wake_at: datetime | None = Field(description="when copydesk looks at it next")
    attempts: int
    remote_id: str
    url: str
    reason_code: str
    reason: str
    remedy: str


class TryOut(BaseModel):
    """One call to the platform; it was written down before it was made."""

    attempt: int
    started_at: datetime
    payload_sha256: str
    outcome: str | None = Field(description="null while no answer is recorded")
    received_at: datetime | None
    remote_id: str | None
    url: str | None
    raw: str | None


class DeliveryDetail(DeliveryOut):
    """A delivery with its tries and its history, both oldest first."""

    tries: Sequence[TryOut]
    events: Sequence[EventOut]


@router.get("")
async def list_deliveries(
    desk: DeskNow,
    state: Annotated[DeliveryState | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DeliveryOut]:
    """List deliveries, newest first."""
    async with desk.store.read() as unit:
        rows = await unit.listings.deliveries(
            desk.workspace_id, state=state, before=cursor, limit=limit + 1
        )
    return page_of([delivery_out(row) for row in rows], limit, lambda line: line.id)


@router.get("/{id}", responses=NOT_FOUND)
async def get_delivery(id: str, desk: DeskNow) -> DeliveryDetail:
    """Return one delivery with its tries and everything that happened to it."""
    async with desk.store.read() as unit:
        row = await unit.listings.delivery(id)
        check_own(row.delivery.workspace_id, desk, f"delivery {id}")
        tries = await unit.deliveries.tries(id)
        events = await unit.events.history([id])
    return DeliveryDetail(
        **delivery_out(row).model_dump(),
        tries=[TryOut(**{name: entry[name] for name in TryOut.model_fields}) for entry in tries],
        events=[event_out(event) for event in events],
    )


class DecisionIn(BaseModel):
    """What became of a delivery that is held, failed or blocked, as a person says it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"decision": "landed", "url": "https://social.example/@newsroom/1", "reason": ""}
            ]
        },
    )

    decision: Decision = Field(
        description="`landed`: it is there; `send`: it is not, send it; `give-up`: leave it"
    )
    url: str = Field("", max_length=2000, description="where it landed")
    reason: str = Field("", max_length=2000)


@router.post("/{id}/decide", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def decide(id: str, given: DecisionIn, desk: DeskNow, asking: Editor) -> DeliveryOut:
    """Settle a delivery that waits for a person. 409 when it does not wait for one."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        check_own((await unit.deliveries.get(id)).workspace_id, desk, f"delivery {id}")
        await decide_delivery(unit, id, given.decision, url=given.url, reason=given.reason)
        return delivery_out(await unit.listings.delivery(id))


def delivery_out(row: DeliveryLine) -> DeliveryOut:
    """Return a delivery as the API shows it."""
    values: dict[str, Any] = {
        name: getattr(row.delivery, name, None) for name in DeliveryOut.model_fields
    }
    values |= {"account": row.account, "platform": row.platform, "title": row.title}
    return DeliveryOut(**values)
