"""The plain lists: reviews that wait for a person, and accounts with how they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.account import Account
from copydesk.core.states import ReviewState
from copydesk.server.views.badges import Badge, badge, risk_badge
from copydesk.server.views.frame import Choice, Frame
from copydesk.store.reviews import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """One question to a person."""

    url: str
    heading: str
    badge: Badge
    risk: Badge
    reasons: tuple[str, ...]
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewsView:
    """The page of reviews; `more` tells that the list goes on beyond what is shown."""

    frame: Frame
    choices: tuple[Choice, ...]
    lines: tuple[ReviewLine, ...]
    waiting: bool
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account and whether it can be published to."""

    id: str
    name: str
    platform: str
    badge: Badge
    reason: str
    paused_until: datetime | None
    inbox: bool
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsView:
    """The page of accounts."""

    frame: Frame
    lines: tuple[AccountLine, ...]


def review_line(review: Review) -> ReviewLine:
    """Return one review as a line."""
    return ReviewLine(
        url=f"/posts/{review.post_id}#review",
        heading=review.title or "(no title)",
        badge=badge(review.state),
        risk=risk_badge(review.risk),
        reasons=review.reasons,
        opened_at=review.opened_at,
    )


def account_line(account: Account) -> AccountLine:
    """Return one account as a line; its secrets are kept elsewhere."""
    return AccountLine(
        id=account.id,
        name=account.name,
        platform=account.platform,
        badge=badge(account.state),
        reason=account.reason,
        paused_until=account.paused_until,
        inbox=account.inbox,
        settings=tuple(sorted(account.settings.items())),
    )


#: What the list of reviews can be narrowed to.
REVIEW_STATES = [state.value for state in ReviewState]
