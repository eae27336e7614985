"""Webhooks: who is told what happens, how that goes, and the latest tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import WebhookState
from copydesk.core.webhook import Attempt
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame
from copydesk.work.webhooks import WebhookStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLine:
    """One webhook in the list. `address` is "" where the heading is the address itself; `events` is
    what it is told and `doing` how that goes, in words."""

    page_url: str
    heading: str
    address: str
    badge: Badge
    events: str
    doing: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksView:
    """The page of all webhooks, with the form for another one."""

    frame: Frame
    lines: tuple[WebhookLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One try to tell a webhook something; `status` is "" where nothing answered."""

    badge: Badge
    type: str
    message_id: str
    number: int
    at: datetime
    milliseconds: int
    status: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """The page of one webhook."""

    frame: Frame
    line: WebhookLine
    id: str
    next_try_at: datetime | None
    is_disabled: bool
    missed: str
    attempts: tuple[AttemptLine, ...]


def line_of(status: WebhookStatus) -> WebhookLine:
    """Return one webhook as a line."""
    webhook = status.webhook
    return WebhookLine(
        page_url=f"/settings/webhooks/{webhook.id}",
        heading=webhook.description or webhook.url,
        address=webhook.url if webhook.description else "",
        badge=badge(webhook.state),
        events="all events" if "*" in webhook.patterns else " ".join(webhook.patterns),
        doing=_doing(status),
        reason=webhook.reason,
    )


def view_of(status: WebhookStatus, attempts: Sequence[Attempt]) -> WebhookView:
    """Return the page of one webhook, newest tries first."""
    webhook, line = status.webhook, line_of(status)
    return WebhookView(
        frame=Frame(title=line.heading, section="Webhooks"),
        line=line,
        id=webhook.id,
        next_try_at=webhook.wake_at,
        is_disabled=webhook.state is WebhookState.DISABLED,
        missed=_counted(status.behind, "event", "events") + " happened",
        attempts=tuple(
            AttemptLine(
                badge=_outcome(attempt.outcome),
                type=attempt.type,
                message_id=attempt.message_id,
                number=attempt.attempt,
                at=attempt.at,
                milliseconds=attempt.milliseconds,
                status=str(attempt.status or ""),
                answer=attempt.answer,
            )
            for attempt in attempts
        ),
    )


def _outcome(outcome: str) -> Badge:
    looks = {"delivered": ("check", "good"), "failed": ("clock", "warn")}
    return Badge(outcome, *looks.get(outcome, ("cross", "bad")))


def _doing(status: WebhookStatus) -> str:
    webhook = status.webhook
    words = []
    if webhook.failing_since:
        words.append(_counted(webhook.failures, "try", "tries in a row") + " failed")
    if status.waiting:
        words.append(
            _counted(status.waiting, "message waits", "messages wait") + " for another try"
        )
    if status.exhausted:
        words.append(_counted(status.exhausted, "message was", "messages were") + " given up")
    if webhook.is_replaying:
        words.append("old events are being told again")
    if status.behind:
        words.append(_counted(status.behind, "event", "events") + " behind")
    return ", ".join(words) or "told everything"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
