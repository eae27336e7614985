"""`/v1/deliveries`: what went where, every try of it, and everything that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from copydesk.core.delivery import Action, part_total, parts_out
from copydesk.core.states import DeliveryState
from copydesk.distribution.threads import part_tried
from copydesk.server.api.contract import (
    BAD_CURSOR,
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    check_cursor,
    make_router,
    page_of,
)
from copydesk.server.api.events import EventOut, event_out
from copydesk.server.asking import DeskNow, Editor, actor_of, check_own
from copydesk.store.letters import Wanted
from copydesk.store.listings import DeliveryLine
from copydesk.work.deliveries.redriving import LIMIT, Verdict, redrive
from copydesk.work.deliveries.settling import Decision, decide_delivery

router = make_router("deliveries")


class PartOutput(BaseModel):
    """One part of a thread that is out; of a deletion, one that still stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="the platform's id of it")
    url: str


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
    target_id: str = Field(description="its id of what an update changes or a delete removes")
    standing: str = Field(
        description="how it stood when it was last looked at: `as_published`, `changed`, `gone`, "
        "`unclear`; empty while nobody has looked"
    )
    standing_note: str
    inspected_at: datetime | None
    inspect_at: datetime | None = Field(description="when it is looked at again")
    parts: Sequence[PartOutput] = Field(
        description="of a thread those that are out, of its deletion those that still stand"
    )
    parts_total: int = Field(
        description="how many parts a thread has; 0 for anything else, and before the first is out"
    )


class TryOut(BaseModel):
    """One call to the platform; it was written down before it was made."""

    attempt: int
    part: int = Field(description="which part of a thread it was about, from 1; else 0")
    started_at: datetime
    payload_sha256: str
    outcome: str | None = Field(description="null while no answer is recorded")
    received_at: datetime | None
    remote_id: str | None
    url: str | None
    raw: str | None


class LookOut(BaseModel):
    """One look at an outcome that was not known."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    found: str = Field(examples=["absent"], description="landed, absent or inconclusive")
    evidence: str


class DeliveryDetail(DeliveryOut):
    """A delivery with what it sends, its tries, the looks at it and its history, oldest first."""

    payload: str = Field(description="the frozen bytes that are sent on every try, as JSON text")
    payload_sha256: str
    spent: Mapping[str, int] = Field(
        description="how many tries each cause has used up; `rested`, of which there is no end: "
        "how often in a row the platform asked to be left alone"
    )
    tries: Sequence[TryOut]
    looks: Sequence[LookOut]
    events: Sequence[EventOut]


State = Annotated[
    list[DeliveryState], Query(default_factory=list, description="may be repeated: any of them")
]
Moment = Annotated[AwareDatetime | None, Query(description="with its zone")]


@router.get("", responses=BAD_CURSOR)
async def list_deliveries(
    desk: DeskNow,
    state: State,
    account: Annotated[str, Query(description="an account's name")] = "",
    platform: Annotated[str, Query()] = "",
    reason_code: Annotated[str, Query(examples=["attempts_used_up"])] = "",
    post_id: Annotated[str, Query()] = "",
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DeliveryOut]:
    """List deliveries, newest first: all, or those for which everything given holds.

    `since` and `until` bound when a delivery came into its state. Dead letters are
    `state=failed`; `state=held` waits for a person.
    """
    wanted = Wanted(
        states=tuple(state),
        account=account,
        platform=platform,
        reason_code=reason_code,
        post_id=post_id,
        since=since,
        until=until,
    )
    async with desk.store.read() as unit:
        rows = await unit.listings.deliveries(
            desk.workspace_id, wanted, before=check_cursor(cursor, "delivery"), limit=limit + 1
        )
    return page_of(rows.each(delivery_out), limit, lambda line: line.id, rows.further)


@router.get("/{id}", responses=NOT_FOUND)
async def get_delivery(id: str, desk: DeskNow) -> DeliveryDetail:
    """Return one delivery with its tries and everything that happened to it."""
    async with desk.store.read() as unit:
        row = await unit.listings.delivery(id)
        check_own(row.delivery.workspace_id, desk, f"delivery {id}")
        tries = await unit.deliveries.tries(id)
        payload = await unit.letters.payload(row.delivery.rendition_id)
        looks = await unit.letters.looks(id)
        events = await unit.events.history([id])
    return DeliveryDetail(
        **delivery_out(row).model_dump(),
        payload=payload.text,
        payload_sha256=payload.sha256,
        spent=row.delivery.spent,
        looks=[LookOut.model_validate(look) for look in looks],
        tries=[
            TryOut(**{**entry, "part": part_tried(entry["key"], row.delivery)}) for entry in tries
        ],
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
    attempts: int | None = Field(
        None, ge=0, description="`attempts` as you saw it; 409 when it was tried again since"
    )


@router.post("/{id}/decide", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def decide(id: str, given: DecisionIn, desk: DeskNow, asking: Editor) -> DeliveryOut:
    """Settle a delivery that waits for a person. 409 when it does not wait for one."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        check_own((await unit.deliveries.get(id)).workspace_id, desk, f"delivery {id}")
        await decide_delivery(
            unit,
            id,
            given.decision,
            url=given.url,
            reason=given.reason,
            attempts=given.attempts,
        )
        return delivery_out(await unit.listings.delivery(id))


class RedriveIn(BaseModel):
    """Which deliveries to send again: `ids`, or those for which everything else given holds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"account": "newsroom", "states": ["failed"], "dry_run": True}]
        },
    )

    ids: list[str] = Field(default_factory=list, max_length=1000)
    states: list[DeliveryState] = Field(
        default_factory=list, description="failed (the default), held, blocked, expired"
    )
    account: str = Field("", description="an account's name")
    platform: str = ""
    reason_code: str = ""
    post_id: str = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    did_not_land: bool = Field(
        False, description="a person's word for the one delivery in `ids` that may have landed"
    )
    dry_run: bool = Field(False, description="say what would happen, change nothing")
    limit: int = Field(LIMIT, ge=1, le=10_000, description="how many are sent at most")
    reason: str = Field("", max_length=2000)


class RedrivenOut(BaseModel):
    """One delivery that was looked at."""

    id: str
    state: DeliveryState = Field(description="before it was redriven")
    account: str
    platform: str
    reason_code: str
    reason: str
    verdict: Verdict = Field(description="`sent`, or why it stays where it is")
    wake_at: datetime | None = Field(description="when it goes out")


class RedriveOut(BaseModel):
    """What was done, or with `dry_run` what would be."""

    dry_run: bool
    counts: Mapping[str, int] = Field(examples=[{"sent": 12, "may-have-landed": 1}])
    items: Sequence[RedrivenOut] = Field(description="at most 200; `counts` counts all")
    more: bool = Field(description="`limit` ended it: ask again for the rest")


@router.post("/redrive", responses=NOT_FOUND, dependencies=REPEATABLE)
async def redrive_many(given: RedriveIn, desk: DeskNow, asking: Editor) -> RedriveOut:
    """Send again what had stopped, at the pace of its platform.

    What may have landed is counted and left alone, unless it is the only one in `ids` and
    `did_not_land` says that it did not.
    """
    done = await redrive(
        desk,
        Wanted(
            states=tuple(given.states),
            account=given.account,
            platform=given.platform,
            reason_code=given.reason_code,
            post_id=given.post_id,
            since=given.since,
            until=given.until,
        ),
        ids=given.ids,
        did_not_land=given.did_not_land,
        dry_run=given.dry_run,
        limit=given.limit,
        reason=given.reason,
        actor=actor_of(asking, "api"),
    )
    return RedriveOut(
        dry_run=done.dry_run,
        counts={verdict.value: number for verdict, number in done.counts.items()},
        more=done.more,
        items=[
            RedrivenOut(
                id=one.delivery.id,
                state=one.delivery.state,
                account=one.account,
                platform=one.platform,
                reason_code=one.delivery.reason_code,
                reason=one.delivery.reason,
                verdict=one.verdict,
                wake_at=one.wake_at,
            )
            for one in done.looked
        ],
    )


def delivery_out(row: DeliveryLine) -> DeliveryOut:
    """Return a delivery as the API shows it."""
    values: dict[str, Any] = {
        name: getattr(row.delivery, name, None) for name in DeliveryOut.model_fields
    }
    values |= {"account": row.account, "platform": row.platform, "title": row.title}
    values["parts"] = [PartOutput.model_validate(part) for part in parts_out(row.delivery.handles)]
    values["parts_total"] = part_total(row.delivery.handles)
    return DeliveryOut(**values)
