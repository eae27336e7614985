"""What a platform's report about a post means for its delivery. Pure.

A report that was proved is believed where we have no way to look, or where the platform has taken
the post and we only wait. Where we can ask it ourselves, a report makes us ask now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from copydesk.core.delivery import Action, Delivery
from copydesk.core.standing import Stands
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.platforms.kit.callbacks import Happened, Report


class Effect(StrEnum):
    """What a callback does."""

    MOVED = "moved"  # its delivery took a step
    LOOK = "look"  # we ask the platform ourselves, now
    STANDING = "standing"  # what became of a delivered post was written down
    LATER = "later"  # it is being sent this moment: to be told again
    NOTED = "noted"  # nothing that we do not know, or that we may believe


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a delivery."""

    to: DeliveryState
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a report means: the steps to take in their order, or how the post stands."""

    effect: Effect
    steps: tuple[Step, ...] = ()
    stands: Stands | None = None


#: What says that a delivery is done, by what it does.
_DONE: Final[Mapping[Action, frozenset[Happened]]] = {
    Action.CREATE: frozenset({Happened.PUBLISHED}),
    Action.UPDATE: frozenset({Happened.PUBLISHED, Happened.EDITED}),
    Action.DELETE: frozenset({Happened.REMOVED}),
}
_NOTED: Final = Meaning(effect=Effect.NOTED)
_LOOK: Final = Meaning(effect=Effect.LOOK)

#: A reason shown to people; the platform may have written a book.
_SHOWN: Final = 1_000


def judge_report(
    report: Report, delivery: Delivery, *, trusted: bool, can_ask: bool, can_inspect: bool
) -> Meaning:
    """Return what `report` means for `delivery`.

    `can_ask`: the platform can be asked whether something arrived (`find`); `can_inspect`: how a
    post stands (`inspect`).
    """
    match delivery.state:
        case DeliveryState.SENDING:
            return Meaning(effect=Effect.LATER)
        case DeliveryState.UNKNOWN:
            return _LOOK if can_ask or not trusted else _believed(report, delivery)
        case DeliveryState.SNOOZED if delivery.is_accepted:
            return _believed(report, delivery) if trusted else _LOOK
        case DeliveryState.DELIVERED:
            return _changed_there(report, delivery, trusted=trusted, can_inspect=can_inspect)
        case DeliveryState.HELD if delivery.reason_code not in MAY_HAVE_LANDED:
            return _NOTED
        case (
            DeliveryState.HELD
            | DeliveryState.FAILED
            | DeliveryState.BLOCKED
            | DeliveryState.SCHEDULED
            | DeliveryState.SNOOZED
        ):
            # it was sent before, and we thought that it had not arrived
            if trusted and delivery.attempts and report.happened in _DONE[delivery.action]:
                return _believed(report, delivery)
            return _NOTED
        case _:
            return _NOTED


def _believed(report: Report, delivery: Delivery) -> Meaning:
    if report.happened in _DONE[delivery.action]:
        done = Step(
            to=DeliveryState.DELIVERED,
            reason="the platform reported it",
            values={
                "remote_id": report.remote_id or delivery.remote_id,
                "url": report.url or delivery.url,
                "reason_code": "",
                "reason": "",
                "remedy": "",
            },
        )
        if delivery.state is not DeliveryState.SCHEDULED:
            return Meaning(effect=Effect.MOVED, steps=(done,))
        # nothing may be sent again from here on
        stop = Step(to=DeliveryState.HELD, reason="the platform reports that it is there already")
        return Meaning(effect=Effect.MOVED, steps=(stop, done))
    if report.happened is Happened.FAILED:
        reason = f"the platform reported: {report.reason or 'it could not be published'}"[:_SHOWN]
        held = Step(
            to=DeliveryState.HELD,
            reason=reason,
            values={
                "reason_code": "refused",
                "reason": reason,
                "remedy": "Change the post and publish it again.",
            },
        )
        return Meaning(effect=Effect.MOVED, steps=(held,))
    return _NOTED


def _changed_there(
    report: Report, delivery: Delivery, *, trusted: bool, can_inspect: bool
) -> Meaning:
    if report.happened is Happened.PUBLISHED or delivery.action is Action.DELETE:
        return _NOTED
    if can_inspect:
        return _LOOK
    if not trusted:
        return _NOTED
    stands = Stands.CHANGED if report.happened is Happened.EDITED else Stands.GONE
    return Meaning(effect=Effect.STANDING, stands=stands)
