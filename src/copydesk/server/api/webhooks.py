"""`/v1/webhooks`: programs elsewhere that are told what happens, by signed messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from copydesk.core.states import WebhookState
from copydesk.core.webhook import Attempt
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import ADMINS_ONLY, Admin, DeskNow, actor_of
from copydesk.server.owned import own_webhook
from copydesk.work.webhooks import (
    Backlog,
    WebhookStatus,
    add_webhook,
    disable_webhook,
    enable_webhook,
    ping_webhook,
    remove_webhook,
    replay_exhausted,
    replay_messages,
    replay_range,
    rotate_secret,
    webhook_secret,
    webhook_status,
)

router = make_router("webhooks")

_EXAMPLE = "whk_01kbk7v2e0c4m8s6q1r5t9w3x7"


class WebhookOut(BaseModel):
    """One address that is told what happens; its secret has an address of its own."""

    id: str = Field(examples=[_EXAMPLE])
    url: str = Field(examples=["https://example.org/hooks/copydesk"])
    description: str
    events: Sequence[str] = Field(examples=[["delivery.*", "account.blocked"]])
    state: WebhookState
    reason: str = Field(description="why it is disabled, in words")
    allow_private: bool = Field(description="whether it may be on a private network")
    created_at: datetime
    failures: int = Field(description="tries that failed since the last success")
    failing_since: datetime | None
    next_try_at: datetime | None
    behind: int = Field(description="events of the workspace it has not been told of, at most")
    waiting: int = Field(description="messages that wait for another try")
    exhausted: int = Field(description="messages whose tries are used up")
    replaying: bool = Field(description="whether a range of old events is being told again")
    previous_secret_until: datetime | None = Field(
        description="until then messages carry the signature of the old secret, too"
    )


class WebhookIn(BaseModel):
    """A new webhook."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.org/hooks/copydesk",
                    "events": ["delivery.*", "account.blocked"],
                    "description": "the newsroom's chat",
                }
            ]
        },
    )

    url: str = Field(max_length=2000)
    events: list[str] = Field(
        default_factory=lambda: ["*"],
        max_length=50,
        description="what it is told: `*`, `delivery.*`, `delivery.failed` …",
    )
    description: str = Field("", max_length=500)
    allow_private: bool = False


class AttemptOut(BaseModel):
    """One try to tell it something."""

    message_id: str = Field(examples=["evt_4711_9f86d081884c"])
    type: str = Field(examples=["delivery.delivered"])
    attempt: int
    at: datetime
    milliseconds: int
    outcome: str = Field(description="delivered, failed, exhausted (the last try) or gone")
    status: int | None = Field(description="null when no answer came")
    answer: str = Field(description="the beginning of the answer, or why none came")


class SecretOut(BaseModel):
    """What a receiver verifies signatures with."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class EnableIn(BaseModel):
    """What becomes of all that happened meanwhile."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"backlog": "replay"}]}
    )

    backlog: Backlog = Field(description="`replay`: tell it; `skip`: leave it")


class DisableIn(BaseModel):
    """Why a webhook is disabled."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the receiver moves"}]}
    )

    reason: str = Field("", max_length=500)


class ReplayIn(BaseModel):
    """What is told again: messages by id, what happened in a range of time, or what failed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"ids": ["evt_4711_9f86d081884c"]},
                {"since": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"},
                {"failed": True},
            ]
        },
    )

    ids: list[str] = Field(default_factory=list, max_length=500)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    failed: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if bool(self.ids) + (self.since is not None) + self.failed != 1:
            raise ValueError("give one of ids, since (with or without until), failed")
        if self.until is not None and self.since is None:
            raise ValueError("until needs since")
        return self


class ReplayOut(BaseModel):
    """How much is told again: messages, or events to look through for those that are wanted."""

    replayed: int


@router.get("")
async def list_webhooks(desk: DeskNow) -> list[WebhookOut]:
    """List every webhook, oldest first."""
    async with desk.store.read() as unit:
        return [
            webhook_out(await webhook_status(unit, webhook))
            for webhook in await unit.webhooks.all(desk.workspace_id)
        ]


@router.post("", status_code=201, responses=CONFLICT, dependencies=REPEATABLE)
async def create_webhook(given: WebhookIn, desk: DeskNow, asking: Admin) -> WebhookOut:
    """Add a webhook; it is told what happens from now on. Get its secret from `/secret`."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        webhook = await add_webhook(
            unit,
            desk,
            given.url,
            patterns=given.events,
            description=given.description,
            allow_private=given.allow_private,
        )
        return webhook_out(await webhook_status(unit, webhook))


@router.get("/{id}", responses=NOT_FOUND)
async def get_webhook(id: str, desk: DeskNow) -> WebhookOut:
    """Return one webhook and how it is doing."""
    async with desk.store.read() as unit:
        return webhook_out(await webhook_status(unit, await own_webhook(unit, desk, id)))


@router.get("/{id}/attempts", responses=NOT_FOUND)
async def list_attempts(
    id: str,
    desk: DeskNow,
    message_id: Annotated[str, Query(max_length=64, description="only tries of this")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[AttemptOut]:
    """List the newest tries first. The log keeps the last 5,000 of at most 30 days."""
    async with desk.store.read() as unit:
        await own_webhook(unit, desk, id)
        found = await unit.messages.attempts(id, limit=limit, message_id=message_id)
    return [attempt_out(attempt) for attempt in found]


@router.get("/{id}/secret", responses=NOT_FOUND, dependencies=ADMINS_ONLY)
async def get_secret(id: str, desk: DeskNow) -> SecretOut:
    """Return the secret that signs; whoever is to receive verifies with it."""
    async with desk.store.read() as unit:
        webhook = await own_webhook(unit, desk, id)
        return SecretOut(secret=await webhook_secret(unit, desk, webhook))


@router.post("/{id}/rotate", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def rotate_webhook(id: str, desk: DeskNow, asking: Admin) -> WebhookOut:
    """Make a new secret. For a day messages carry the signatures of both."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        webhook = await rotate_secret(unit, desk, await own_webhook(unit, desk, id))
        return webhook_out(await webhook_status(unit, webhook))


@router.post("/{id}/enable", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def enable(id: str, given: EnableIn, desk: DeskNow, asking: Admin) -> WebhookOut:
    """Tell a disabled webhook again what happens; try one that rests after failures at once."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        webhook = await enable_webhook(unit, await own_webhook(unit, desk, id), given.backlog)
        return webhook_out(await webhook_status(unit, webhook))


@router.post("/{id}/disable", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def disable(
    id: str, desk: DeskNow, asking: Admin, given: DisableIn | None = None
) -> WebhookOut:
    """Tell a webhook nothing until it is enabled again."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        reason = given.reason if given else ""
        webhook = await disable_webhook(unit, await own_webhook(unit, desk, id), reason)
        return webhook_out(await webhook_status(unit, webhook))


@router.post(
    "/{id}/test",
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[*REPEATABLE, *ADMINS_ONLY],
)
async def test_webhook(id: str, desk: DeskNow) -> AttemptOut:
    """Send `webhook.ping` now and return what came of it."""
    async with desk.store.read() as unit:
        webhook = await own_webhook(unit, desk, id)
    return attempt_out(await ping_webhook(desk, webhook))


@router.post("/{id}/replay", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def replay(id: str, given: ReplayIn, desk: DeskNow, asking: Admin) -> ReplayOut:
    """Tell again what happened, under the same message ids."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        webhook = await own_webhook(unit, desk, id)
        if given.ids:
            count = await replay_messages(unit, webhook, given.ids)
        elif given.since is not None:
            count = await replay_range(unit, webhook, given.since, given.until)
        else:
            count = await replay_exhausted(unit, webhook)
        return ReplayOut(replayed=count)


@router.delete("/{id}", status_code=204, responses=NOT_FOUND)
async def delete_webhook(id: str, desk: DeskNow, asking: Admin) -> None:
    """Remove a webhook, its secret and its log."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await remove_webhook(unit, await own_webhook(unit, desk, id))


def webhook_out(status: WebhookStatus) -> WebhookOut:
    """Return a webhook as the API shows it."""
    webhook = status.webhook
    return WebhookOut(
        id=webhook.id,
        url=webhook.url,
        description=webhook.description,
        events=webhook.patterns,
        state=webhook.state,
        reason=webhook.reason,
        allow_private=webhook.allow_private,
        created_at=webhook.created_at,
        failures=webhook.failures,
        failing_since=webhook.failing_since,
        next_try_at=webhook.wake_at,
        behind=status.behind,
        waiting=status.waiting,
        exhausted=status.exhausted,
        replaying=webhook.is_replaying,
        previous_secret_until=webhook.previous_until,
    )


def attempt_out(attempt: Attempt) -> AttemptOut:
    """Return a try as the API shows it."""
    return AttemptOut(**{name: getattr(attempt, name) for name in AttemptOut.model_fields})
