"""After publishing: what taking a piece down would do, and how a delivered post stands."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.core.delivery import Delivery
from copydesk.core.standing import Stands
from copydesk.server.views.frame import Frame
from copydesk.work.deliveries.unpublishing import Taken, Withdrawal

_WORDS = {
    Taken.DELETE: "is deleted there",
    Taken.CANCEL: "was not sent yet, and will not be",
    Taken.NOTHING: "nothing to do",
    Taken.REFUSE: "cannot be taken down",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalLine:
    """What happens on one account."""

    account: str
    words: str
    note: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpublishView:
    """The question before a piece is taken down; `possible` when every account can."""

    frame: Frame
    post_url: str
    action: str
    lines: tuple[WithdrawalLine, ...]
    possible: bool
    needed: bool


def unpublish_view(post_id: str, title: str, plans: list[Withdrawal]) -> UnpublishView:
    """Return the question, with what every account would do."""
    return UnpublishView(
        frame=Frame(title=f"Take down: {title}", section="Deliveries"),
        post_url=f"/posts/{post_id}",
        action=f"/posts/{post_id}/unpublish",
        lines=tuple(
            WithdrawalLine(
                account=f"{plan.account.name} {plan.recipient}".strip(),
                words=_WORDS[plan.taken],
                note=plan.note,
                remedy=plan.finding.remedy if plan.finding else "",
            )
            for plan in plans
        ),
        possible=all(plan.taken is not Taken.REFUSE for plan in plans),
        needed=any(plan.taken in {Taken.DELETE, Taken.CANCEL} for plan in plans),
    )


def standing_words(delivery: Delivery) -> str:
    """Return in words how a post stood at the last look, "" while nobody has looked."""
    match delivery.standing:
        case Stands.AS_PUBLISHED:
            return "It stands there as published."
        case Stands.CHANGED:
            return f"Changed there: {delivery.standing_note}"
        case Stands.GONE:
            return f"Removed there: {delivery.standing_note}"
        case Stands.UNCLEAR:
            return f"Whether it still stands there is not clear: {delivery.standing_note}"
        case _:
            return ""


def trouble_there(delivery: Delivery) -> str:
    """Return what somebody did to a post on its platform, "" for nothing."""
    touched = {Stands.CHANGED, Stands.GONE}
    return standing_words(delivery) if delivery.standing in touched else ""
