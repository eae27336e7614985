"""What a platform's report about a post means for its delivery. Pure.

A report that was proved is believed where we have no way to look, or where the platform has taken
the post and we only wait. Where we can ask it ourselves, a report makes us ask now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from copydesk.core.delivery import Action, Delivery, parts_out
from copydesk.core.standing import Stands
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.distribution.threads import done, part_again, part_of, told
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
    report: Report,
    delivery: Delivery,
    *,
    trusted: bool,
    can_ask: bool,
    can_inspect: bool,
    now: datetime,
    parts: int = 1,
) -> Meaning:
    """Return what `report` means for `delivery` `now` (aware UTC).

    `can_ask`: the platform can be asked whether something arrived (`find`); `can_inspect`: how a
    post stands (`inspect`). `parts` is how many calls its payload takes.
    """
    if delivery.state is not DeliveryState.DELIVERED and not _is_about(report, delivery, parts):
        return _NOTED
    match delivery.state:
        case DeliveryState.SENDING:
            return Meaning(effect=Effect.LATER)
        case DeliveryState.UNKNOWN:
            if can_ask or not trusted:
                return _LOOK
            return _believed(report, delivery, parts, now)
        case DeliveryState.SNOOZED if delivery.is_accepted:
            return _believed(report, delivery, parts, now) if trusted else _LOOK
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
                return _believed(report, delivery, parts, now)
            return _NOTED
        case _:
            return _NOTED


def _is_about(report: Report, delivery: Delivery, parts: int) -> bool:
    """Whether a report is about the call in flight, not about a part of a thread that is done."""
    out = parts_out(delivery.handles)
    removes = delivery.action is Action.DELETE
    in_flight = max(0, len(out) - 1) if removes else len(out)
    if not removes and part_again(report.remote_id, delivery.handles):
        return False
    named = part_of(report.key, delivery, max(parts, len(out))) if report.key else None
    return named is None or named == in_flight


def _believed(report: Report, delivery: Delivery, parts: int, now: datetime) -> Meaning:
    if report.happened in _DONE[delivery.action]:
        found = done(
            delivery,
            parts,
            report.remote_id or ("" if parts > 1 else delivery.remote_id),
            report.url or ("" if parts > 1 else delivery.url),
            now,
        )
        if found.to is DeliveryState.SCHEDULED and not report.remote_id and parts > 1:
            return _LOOK  # the next part answers this one, so its id has to be asked for
        step = Step(
            to=found.to,
            reason=f"the platform reported it{f': {found.reason}' if found.reason else ''}",
            values=found.values,
        )
        if delivery.state is not DeliveryState.SCHEDULED:
            return Meaning(effect=Effect.MOVED, steps=(step,))
        # nothing may be sent again from here on
        stop = Step(to=DeliveryState.HELD, reason="the platform reports that it is there already")
        return Meaning(effect=Effect.MOVED, steps=(stop, step))
    if report.happened is Happened.FAILED:
        reported = report.reason or "it could not be published"
        reason = told(f"the platform reported: {reported}"[:_SHOWN], delivery)
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
    # of a thread one part is meant
    is_gone = report.happened is not Happened.EDITED and len(parts_out(delivery.handles)) <= 1
    stands = Stands.GONE if is_gone else Stands.CHANGED
    return Meaning(effect=Effect.STANDING, stands=stands)
