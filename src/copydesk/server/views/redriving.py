"""Sending again what had stopped: the filter, what would happen, and what has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import DeliveryState
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame
from copydesk.work.deliveries.redriving import Looked, Redriven, Verdict

#: verdict → what becomes of one, and of several
_WORDS = {
    Verdict.SENT: ("goes out again", "go out again"),
    Verdict.MAY_HAVE_LANDED: (
        "stays: it may have landed; settle it by itself",
        "stay: they may have landed; settle each by itself",
    ),
    Verdict.ACCOUNT_BLOCKED: (
        "stays: its account is blocked",
        "stay: their accounts are blocked",
    ),
    Verdict.ACCOUNT_REMOVED: (
        "stays: its account was removed",
        "stay: their accounts were removed",
    ),
    Verdict.IN_REVIEW: ("stays: its post is in review", "stay: their posts are in review"),
    Verdict.NOT_WAITING: ("stays: it waits for nobody", "stay: they wait for nobody"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One part of the filter; `choices` where only some values are possible."""

    name: str
    label: str
    value: str
    hint: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveLine:
    """One delivery that was looked at and what happens to it."""

    url: str
    account: str
    badge: Badge
    reason: str
    verdict: str
    wake_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveView:
    """The page: nothing is sent before the button, which sends what the list shows. `problems` say
    what of the filter cannot be meant."""

    frame: Frame
    fields: tuple[Field, ...]
    problems: tuple[str, ...]
    counts: tuple[str, ...]
    lines: tuple[RedriveLine, ...]
    sending: int
    more: bool
    done: str


def redrive_line(one: Looked) -> RedriveLine:
    """Return one delivery as a line."""
    return RedriveLine(
        url=f"/deliveries/{one.delivery.id}",
        account=f"{one.platform}: {one.account}",
        badge=badge(one.delivery.state),
        reason=one.delivery.reason,
        verdict=_WORDS[one.verdict][0],
        wake_at=one.wake_at,
    )


def counts_of(preview: Redriven) -> tuple[str, ...]:
    """Return the counts in words."""
    return tuple(
        f"{number} {_WORDS[verdict][number > 1]}" for verdict, number in preview.counts.items()
    )


def done_words(sent: int) -> str:
    """Return what was done when `sent` deliveries were sent again."""
    which = "its platform" if sent == 1 else "their platforms"
    return f"{sent} {_WORDS[Verdict.SENT][sent != 1]}, at the pace of {which}."


def fields_of(given: dict[str, str], states: tuple[DeliveryState, ...]) -> tuple[Field, ...]:
    """Return the filter as it was given."""
    return (
        Field(
            name="state",
            label="State",
            value=given.get("state", ""),
            hint="",
            choices=tuple(state.value for state in states),
        ),
        Field(name="account", label="Account", value=given.get("account", ""), hint="its name"),
        Field(name="platform", label="Platform", value=given.get("platform", ""), hint=""),
        Field(
            name="reason_code",
            label="Reason code",
            value=given.get("reason_code", ""),
            hint="such as attempts_used_up",
        ),
        Field(name="post", label="Piece", value=given.get("post", ""), hint="its id"),
        Field(
            name="since",
            label="Stopped from",
            value=given.get("since", ""),
            hint="2026-12-01T09:00+01:00",
        ),
        Field(
            name="until",
            label="Stopped before",
            value=given.get("until", ""),
            hint="2026-12-01T17:00+01:00",
        ),
    )
