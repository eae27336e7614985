"""What a person may decide about a delivery that waits for one, in words true of why it waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from copydesk.core.delivery import Action, Delivery
from copydesk.core.states import IN_REVIEW, MAY_HAVE_LANDED, TRANSITIONS, DeliveryState
from copydesk.distribution.threads import has_begun
from copydesk.work.deliveries.settling import WAITING, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One button. `warning` is what a person has to have read first, "" where nothing can go
    wrong."""

    value: str
    label: str
    hint: str
    warning: str


#: reason code → button and hint of sending what is held or failed for it. What may have landed
#: has words of its own.
_SEND: Final[Mapping[str, tuple[str, str]]] = {
    "changed_there": ("Overwrite it", "What somebody changed on the platform is lost."),
    "link_not_there": ("Publish without waiting", "Even if the page it links to is not there."),
    "late": ("Send it late", "Its time is over; it goes out now."),
    "too_expensive": ("Send it", "If the budget has been raised; else it is held again."),
    "refused": ("Send it", "As it is; the platform refused it. A change is published instead."),
    "attempts_used_up": ("Send it", "Nothing arrived so far; it has all its tries again."),
    "account_blocked": ("Send it", "Once its account works again; then it goes by itself as well."),
    "not_authorised": ("Send it", "Once the account is connected again."),
    "misconfigured": ("Send it", "Once the account's settings are corrected."),
    "account_removed": ("Send it", "Its account was removed, so it would be held again."),
}
_SEND_ELSE: Final = ("Send it", "Nothing of it is there; it goes out now.")

_SEND_LOOKED: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("Send it", "It is not there; try again now."),
    Action.UPDATE: ("Send it", "The change is not there; try again now."),
    Action.DELETE: ("Take it down", "It is still there; try again now."),
}
_WARNINGS: Final[Mapping[Action, str]] = {
    Action.CREATE: (
        "I have looked at the platform: it is not there. If it is, this makes a duplicate."
    ),
    Action.UPDATE: (
        "I have looked at the platform: the change is not there. If it is, it is made again."
    ),
    Action.DELETE: "I have looked at the platform: the post is still there.",
}

_LANDED: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("It landed", "You found it on the platform; nothing is sent."),
    Action.UPDATE: ("It landed", "You found the change on the platform; nothing is sent."),
    Action.DELETE: ("It is gone", "The post is not on the platform any more; nothing is sent."),
}
_GIVE_UP: Final[Mapping[str, tuple[str, str]]] = {
    "changed_there": ("Leave theirs", "What was changed there stays; nothing is sent any more."),
}
_GIVE_UP_ELSE: Final = ("Give up", "Leave it; nothing is sent any more.")

#: Of a thread that is partly out, or partly taken down.
_BEGUN: Final[Mapping[Action, Mapping[Decision, tuple[str, str]]]] = {
    Action.CREATE: {
        Decision.SEND: ("Send the rest", "It goes on with the part that stopped; the others stay."),
        Decision.LANDED: (
            "This part landed",
            "You found it on the platform: give its address, and the parts after it are sent.",
        ),
        Decision.GIVE_UP: ("Give up the rest", "What is out stays, and can still be taken down."),
    },
    Action.DELETE: {
        Decision.SEND: ("Take the rest down", "It goes on with the part that stopped."),
        Decision.LANDED: ("This part is gone", "The parts before it are taken down."),
        Decision.GIVE_UP: ("Leave the rest", "What was taken down stays so."),
    },
}

_TARGETS: Final[Mapping[Decision, DeliveryState]] = {
    Decision.SEND: DeliveryState.SCHEDULED,
    Decision.LANDED: DeliveryState.DELIVERED,
    Decision.GIVE_UP: DeliveryState.CANCELLED,
}


def options_of(delivery: Delivery) -> tuple[Option, ...]:
    """Return what may be decided about `delivery`; nothing while it waits for nobody."""
    if delivery.state not in WAITING:
        return ()
    code, action = delivery.reason_code, delivery.action
    may_be_there = code in MAY_HAVE_LANDED
    words = {
        Decision.SEND: _SEND_LOOKED[action] if may_be_there else _SEND.get(code, _SEND_ELSE),
        Decision.LANDED: _LANDED[action],
        Decision.GIVE_UP: _GIVE_UP.get(code, _GIVE_UP_ELSE),
    }
    if has_begun(delivery):
        words |= _BEGUN.get(action, {})
    if code == "account_removed":
        words[Decision.SEND] = _SEND[code]
    if code == IN_REVIEW:
        del words[Decision.SEND]  # its review lets it go
    possible = TRANSITIONS[DeliveryState][delivery.state]
    return tuple(
        Option(
            value=decision.value,
            label=label,
            hint=hint,
            warning=_WARNINGS[action] if may_be_there and decision is Decision.SEND else "",
        )
        for decision, (label, hint) in words.items()
        if _TARGETS[decision] in possible
    )
