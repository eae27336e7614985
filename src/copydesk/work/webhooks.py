"""What an operator does with webhooks: add, change, test, stop, resume, replay, remove."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.states import WebhookState
from copydesk.core.webhook import Attempt, Waiting, Webhook
from copydesk.distribution.notifying import tell
from copydesk.distribution.notifying.message import (
    check_patterns,
    message_id,
    ping_of,
    sequence_of,
)
from copydesk.distribution.notifying.notifier import (
    KEPT_ATTEMPTS,
    KEPT_FOR,
    attempt_of,
    keys_of,
)
from copydesk.platforms.kit.signature import signing_secret
from copydesk.store import UnitOfWork
from copydesk.work.addresses import check_address
from copydesk.work.desk import Desk

#: For how long both secrets sign after a rotation.
BOTH_SIGN_FOR: Final = timedelta(days=1)

_MOST_PATTERNS = 50


class Backlog(StrEnum):
    """What becomes of all that happened while a webhook was disabled."""

    REPLAY = "replay"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStatus:
    """A webhook with how it is doing: how many events lie behind its cursor (of the whole
    workspace, wanted or not), how many messages wait for another try, how many gave up."""

    webhook: Webhook
    behind: int
    waiting: int
    exhausted: int


async def add_webhook(
    unit: UnitOfWork,
    desk: Desk,
    url: str,
    *,
    patterns: Sequence[str] = (),
    description: str = "",
    allow_private: bool = False,
) -> Webhook:
    """Add a webhook that is told what happens from now on; without patterns everything.

    Its secret is made here; `webhook_secret` shows it. Raises `ContentInvalid` naming the field.
    """
    patterns = tuple(dict.fromkeys(p.strip() for p in patterns if p.strip())) or ("*",)
    findings = [
        *check_address(
            url,
            allow_private=allow_private,
            example="https://example.org/hooks/copydesk",
            without_password="Leave it out: receivers know us by the signature.",
        ),
        *check_patterns(patterns),
    ]
    if len(patterns) > _MOST_PATTERNS:
        findings.append(_finding("events_too_many", "events", "more than 50", "Use noun.*"))
    if findings:
        raise ContentInvalid(findings)
    return await unit.webhooks.add(
        workspace_id=desk.workspace_id,
        url=url,
        description=description.strip(),
        patterns=patterns,
        secrets=desk.vault.seal({"secret": signing_secret(os.urandom(32))}),
        allow_private=allow_private,
    )


async def find_webhook(unit: UnitOfWork, desk: Desk, name: str) -> Webhook:
    """Return the workspace's webhook by its id, or by its address; raises `NotFound`, or
    `Conflict` when several have that address."""
    if name.startswith("whk_"):
        webhook = await unit.webhooks.get(name)
        if webhook.workspace_id == desk.workspace_id:
            return webhook
    found = [one for one in await unit.webhooks.all(desk.workspace_id) if one.url == name]
    if len(found) > 1:
        raise Conflict(f"{len(found)} webhooks go to {name}.", remedy="Name one by its id.")
    if not found:
        raise NotFound.of(f"webhook {name}")
    return found[0]


async def webhook_status(unit: UnitOfWork, webhook: Webhook) -> WebhookStatus:
    """Return how a webhook is doing."""
    waiting, exhausted = await unit.messages.counts(webhook.id)
    return WebhookStatus(
        webhook=webhook,
        behind=max(0, await unit.events.newest() - webhook.cursor),
        waiting=waiting,
        exhausted=exhausted,
    )


async def webhook_secret(unit: UnitOfWork, desk: Desk, webhook: Webhook) -> str:
    """Return the secret a receiver verifies with; raises `ConfigError` if the key is another."""
    return desk.vault.open(await unit.webhooks.sealed(webhook.id)).get("secret", "")


async def rotate_secret(unit: UnitOfWork, desk: Desk, webhook: Webhook) -> Webhook:
    """Give a webhook a new secret. For a day messages carry the signatures of both."""
    previous = await webhook_secret(unit, desk, webhook)
    secrets = {"secret": signing_secret(os.urandom(32)), "previous": previous}
    await unit.webhooks.change(
        webhook.id, secrets=desk.vault.seal(secrets), previous_until=unit.now + BOTH_SIGN_FOR
    )
    await unit.events.append(
        webhook.workspace_id,
        "webhook",
        webhook.id,
        webhook.state,
        webhook.state,
        reason="secret rotated",
    )
    return await unit.webhooks.get(webhook.id)


async def disable_webhook(unit: UnitOfWork, webhook: Webhook, reason: str = "") -> Webhook:
    """Tell a webhook nothing until it is enabled again."""
    why = reason.strip() or "an operator disabled it"
    await unit.webhooks.move(webhook, WebhookState.DISABLED, why)
    return await unit.webhooks.get(webhook.id)


async def enable_webhook(unit: UnitOfWork, webhook: Webhook, backlog: Backlog) -> Webhook:
    """Tell a disabled webhook again what happens, with what it missed or without it.

    An enabled one that rests after failures is tried at once.
    """
    fresh = {"failures": 0, "failing_since": None, "resting": False, "wake_at": unit.now}
    if webhook.state is WebhookState.ENABLED:
        await unit.webhooks.change(webhook.id, **fresh)
        await unit.messages.wake(webhook.id, exhausted=False)
        return await unit.webhooks.get(webhook.id)
    if backlog is Backlog.SKIP:
        fresh |= {
            "cursor": await unit.events.newest(),
            "replay_cursor": None,
            "replay_until": None,
        }
        await unit.messages.drop_all(webhook.id)
    else:
        await unit.messages.wake(webhook.id, exhausted=True)
    await unit.webhooks.move(webhook, WebhookState.ENABLED, "", **fresh)
    return await unit.webhooks.get(webhook.id)


async def remove_webhook(unit: UnitOfWork, webhook: Webhook) -> None:
    """Tell a webhook nothing any more and forget its secret, its log and what waits for it."""
    await unit.webhooks.move(webhook, WebhookState.REMOVED, "an operator removed it")
    await unit.webhooks.forget(webhook.id)


async def replay_messages(unit: UnitOfWork, webhook: Webhook, ids: Sequence[str]) -> int:
    """Tell messages once more, under their ids, whatever the webhook usually wants; return how
    many. Raises `NotFound` naming an id of no event."""
    _check_enabled(webhook)
    wanted = {id: sequence_of(id) for id in ids}
    events = await unit.messages.named(
        webhook.workspace_id, {sequence for sequence in wanted.values() if sequence is not None}
    )
    for id, sequence in wanted.items():
        if sequence not in events or message_id(events[sequence]) != id.strip():
            raise NotFound(
                f"There is no message {id}.", remedy="`copydesk webhooks show` lists them."
            )
    asked = [
        Waiting(sequence=event.sequence, subject_id=event.subject_id) for event in events.values()
    ]
    await unit.messages.put(webhook.id, asked, tries_left=True)
    await unit.webhooks.change(webhook.id, wake_at=unit.now)
    return len(asked)


async def replay_exhausted(unit: UnitOfWork, webhook: Webhook) -> int:
    """Try all messages again that used up their tries, and those that wait; return how many."""
    _check_enabled(webhook)
    woken = await unit.messages.wake(webhook.id, exhausted=True)
    await unit.webhooks.change(webhook.id, wake_at=unit.now)
    return woken


async def replay_range(
    unit: UnitOfWork, webhook: Webhook, since: datetime, until: datetime | None = None
) -> int:
    """Tell once more what a webhook wants of what happened from `since` (aware) until before
    `until` (None: now); return how many events of the workspace that range has at most.

    Raises `ContentInvalid` for a range that is none, `Conflict` while another one is being told.
    """
    _check_enabled(webhook)
    end = until or unit.now + timedelta(seconds=1)
    if since >= end:
        raise ContentInvalid(
            [_finding("range_empty", "since", "it is not before the end", "Give an earlier time.")]
        )
    if webhook.is_replaying:
        raise Conflict(
            f"Webhook {webhook.id} is already being sent a range again.",
            remedy="Wait until it is through, or disable and enable it with --backlog skip.",
        )
    span = await unit.messages.span(webhook.workspace_id, since, end)
    if span is None:
        return 0
    first, last = span
    # what has not been told for the first time yet is not told twice
    last = min(last, webhook.cursor)
    if last < first:
        return 0
    await unit.webhooks.change(webhook.id, replay_cursor=first - 1, replay_until=last)
    return last - first + 1


async def ping_webhook(desk: Desk, webhook: Webhook) -> Attempt:
    """Send a test message now, whatever the webhook wants, and return what came of it."""
    async with desk.store.read() as unit:
        sealed = await unit.webhooks.sealed(webhook.id)
    keys = keys_of(desk.vault.open(sealed), webhook, desk.clock.now())
    message = ping_of(desk.ids.new("message"), webhook.id, desk.clock.now())
    transport = desk.private if webhook.allow_private else desk.public
    told = await tell(transport, webhook.url, keys, message, desk.clock)
    attempt = attempt_of(
        message, Waiting(sequence=0, subject_id=webhook.id), told, told.answered.outcome
    )
    async with desk.store.begin("ping") as unit:
        await unit.messages.log(webhook.id, [attempt])
        await unit.messages.shorten_log(webhook.id, keep=KEPT_ATTEMPTS, since=unit.now - KEPT_FOR)
    return attempt


def _check_enabled(webhook: Webhook) -> None:
    if webhook.state is not WebhookState.ENABLED:
        raise Conflict(
            f"Webhook {webhook.id} is {webhook.state}.",
            remedy=f"`copydesk webhooks enable {webhook.id} --backlog replay` lets it go on.",
        )


def _finding(code: str, field: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, field=field, message=message, remedy=remedy)
