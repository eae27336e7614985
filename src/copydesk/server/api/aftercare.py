"""After publishing: taking posts down, looking at them again, and the versions accounts use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.standing import Stands
from copydesk.core.states import DeliveryState
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.api.deliveries import DeliveryOut, delivery_out
from copydesk.server.asking import DeskNow, Editor, actor_of, check_own
from copydesk.work.accounts.versions import set_version, versions_of
from copydesk.work.deliveries.inspecting import inspect_now
from copydesk.work.deliveries.measuring import Measured, measure_delivery, measure_post
from copydesk.work.deliveries.unpublishing import Taken, Withdrawal, plan_withdrawals, unpublish

posts = make_router("posts")
deliveries = make_router("deliveries")
accounts = make_router("accounts")


class UnpublishIn(BaseModel):
    """Where to take a post down."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"accounts": ["newsroom"], "dry_run": False}]},
    )

    accounts: list[str] = Field(
        default_factory=list, max_length=50, description="names of accounts; none: everywhere"
    )
    dry_run: bool = Field(False, description="only say what it would do")


class WithdrawalOut(BaseModel):
    """What taking a post down means on one account."""

    account: str = Field(examples=["newsroom"])
    recipient: str
    change: Taken = Field(
        description="`delete`: it stands there and is deleted; `cancel`: it was not sent yet; "
        "`nothing`: it is not there; `refuse`: it cannot be taken down, only in a dry run"
    )
    about: str
    remedy: str
    cancelled: Sequence[str] = Field(description="deliveries that were not sent and now will not")
    delivery_id: str | None = Field(description="the delivery that deletes it")
    state: DeliveryState | None


@posts.post("/{id}/unpublish", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def unpublish_post(
    id: str, given: UnpublishIn, desk: DeskNow, asking: Editor
) -> list[WithdrawalOut]:
    """Take a post down. 422 with every reason when an account cannot; nothing is changed then."""
    if given.dry_run:
        async with desk.store.read() as unit:
            post = await unit.posts.get(id)
            check_own(post.workspace_id, desk, f"post {id}")
            plans = await plan_withdrawals(unit, post, given.accounts)
        return [_withdrawal_out(plan) for plan in plans]
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        done = await unpublish(unit, post, given.accounts)
    return [_withdrawal_out(plan) for plan in done]


def _withdrawal_out(plan: Withdrawal) -> WithdrawalOut:
    return WithdrawalOut(
        account=plan.account.name,
        recipient=plan.recipient,
        change=plan.taken,
        about=plan.note,
        remedy=plan.finding.remedy if plan.finding else "",
        cancelled=[delivery.id for delivery in plan.pending],
        delivery_id=plan.delivery.id if plan.delivery else None,
        state=plan.delivery.state if plan.delivery else None,
    )


class PartMeasuredOut(BaseModel):
    """What a platform counts about one post; a thread has several."""

    id: str = Field(description="the platform's id of it")
    url: str
    counts: Mapping[str, int] = Field(examples=[{"views": 1200, "reactions": 31}])
    raw: Mapping[str, Any] = Field(description="the platform's own answer")
    problem: str = Field(description="why there are no counts, else empty")


class MeasuredOut(BaseModel):
    """What a platform counts about a delivery, asked just now. Nothing of it is kept."""

    delivery_id: str
    account: str = Field(examples=["newsroom"])
    platform: str = Field(examples=["mastodon"])
    url: str
    counts: Mapping[str, int] = Field(description="of all parts together, where they add up")
    parts: Sequence[PartMeasuredOut]
    problem: str = Field(description="why the platform was not asked, else empty")


@deliveries.get("/{id}/metrics", responses={**NOT_FOUND, **CONFLICT})
async def get_delivery_metrics(id: str, desk: DeskNow) -> MeasuredOut:
    """Ask a platform for its numbers about a delivered post. 409 when it was not delivered.

    `counts` are in words that are the same everywhere; what is missing, the platform did not give.
    """
    return _measured_out(await measure_delivery(desk, id, actor="api"))


@posts.get("/{id}/metrics", responses=NOT_FOUND)
async def get_post_metrics(id: str, desk: DeskNow) -> list[MeasuredOut]:
    """Ask every platform where a post stands for its numbers about it."""
    return [_measured_out(one) for one in await measure_post(desk, id, actor="api")]


def _measured_out(one: Measured) -> MeasuredOut:
    return MeasuredOut(
        delivery_id=one.delivery.id,
        account=one.account.name,
        platform=one.account.platform,
        url=one.delivery.url,
        counts={kind.value: number for kind, number in one.counts.items()},
        parts=[
            PartMeasuredOut(
                id=part.id,
                url=part.url,
                counts={kind.value: number for kind, number in part.counts.items()},
                raw=part.raw,
                problem=part.problem,
            )
            for part in one.parts
        ],
        problem=one.problem,
    )


class StandingOut(BaseModel):
    """How a delivered post stands on its platform, found just now or known before."""

    standing: Stands
    note: str
    delivery: DeliveryOut


@deliveries.post("/{id}/inspect", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def inspect_delivery(id: str, desk: DeskNow, asking: Editor) -> StandingOut:
    """Look whether a delivered post was changed or removed there. Changes nothing there.

    409 when it was not delivered.
    """
    async with desk.store.read() as unit:
        check_own((await unit.deliveries.get(id)).workspace_id, desk, f"delivery {id}")
    (seen,) = await inspect_now(desk, [id], actor=actor_of(asking, "api"))
    async with desk.store.read() as unit:
        row = await unit.listings.delivery(id)
    return StandingOut(
        standing=Stands(seen.delivery.standing),
        note=seen.delivery.standing_note,
        delivery=delivery_out(row),
    )


class VersionOut(BaseModel):
    """A version of its platform's API that an account could use."""

    version: str = Field(examples=["2"])
    in_use: bool
    pinned: bool = Field(description="whether the spoke uses it unless told otherwise")
    released: date | None
    sunset: date | None = Field(description="when the platform ends it, as far as announced")
    source: str


class VersionIn(BaseModel):
    """The version an account should use from now on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": "2"}]})

    version: str = Field(max_length=60, description="one of the known ones; empty: the pinned one")


@accounts.get("/{id}/versions", responses=NOT_FOUND)
async def list_versions(id: str, desk: DeskNow) -> list[VersionOut]:
    """List the versions of its platform's API that an account could use."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
    check_own(account.workspace_id, desk, f"account {id}")
    return [
        VersionOut(
            version=known.version.version,
            in_use=known.in_use,
            pinned=known.pinned,
            released=known.version.released,
            sunset=known.version.sunset,
            source=known.version.source,
        )
        for known in versions_of(account)
    ]


@accounts.post("/{id}/version", responses=NOT_FOUND, dependencies=REPEATABLE)
async def move_account(
    id: str, given: VersionIn, desk: DeskNow, asking: Editor
) -> list[VersionOut]:
    """Move one account to another version, or back. What was prepared goes out as prepared."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        account = await unit.accounts.get(id)
        check_own(account.workspace_id, desk, f"account {id}")
        await set_version(unit, account, given.version)
    return await list_versions(id, desk)


router = APIRouter()
for _part in (posts, deliveries, accounts):
    router.include_router(_part)
