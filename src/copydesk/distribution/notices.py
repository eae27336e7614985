"""How an account's credential stands, in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from copydesk.core.account import Account
from copydesk.core.errors import NotFound
from copydesk.core.findings import Finding, Severity
from copydesk.core.zones import written
from copydesk.distribution.lifetimes import NOTICES
from copydesk.platforms.kit.auth import OAuth1, OAuth2Code, OAuth2Device, missing_scopes
from copydesk.platforms.kit.registry import load_platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is worth saying about a credential.

    `problem` is "" while all is well; `urgent` tells that posts do not go out any more, or soon.
    `connectable` says that a person can connect it again over the platform's pages.
    """

    connectable: bool
    missing_scopes: tuple[str, ...] = ()
    problem: str = ""
    remedy: str = ""
    urgent: bool = False


def notice_of(account: Account, now: datetime) -> Notice:
    """Return how the credential of `account` stands at `now` (aware UTC)."""
    try:
        platform = load_platform(account.platform)
    except NotFound:
        return Notice(connectable=False)
    connectable = any(isinstance(k, OAuth2Code | OAuth2Device | OAuth1) for k in platform.auth)
    missing = missing_scopes(platform.auth_of(account), account.scopes)
    remedy = f"`copydesk accounts connect {account.name}`"
    if missing:
        return Notice(
            connectable=connectable,
            missing_scopes=missing,
            problem=f"not granted, but needed: {', '.join(missing)}",
            remedy=f"{remedy}: agree to everything it asks for.",
            urgent=True,
        )
    if account.ends_at is None:
        return Notice(connectable=connectable)
    left = account.ends_at - now
    when = f"{account.ends_at:%Y-%m-%d %H:%M} UTC"
    if left <= timedelta(0):
        return Notice(
            connectable=connectable,
            problem=f"the credential ended on {when}",
            remedy=f"{remedy} renews it.",
            urgent=True,
        )
    if left <= timedelta(days=NOTICES[0]):
        return Notice(
            connectable=connectable,
            problem=f"the credential ends on {when} and cannot be renewed",
            remedy=f"{remedy} renews it.",
            urgent=left <= timedelta(days=1),
        )
    return Notice(connectable=connectable)


def ends_before(
    account: str, ends_at: datetime | None, due_at: datetime, what: str = "this"
) -> Finding | None:
    """Return the warning that the credential of `account`, by its name, ends at `ends_at` and so
    before `what` goes out at `due_at` (both aware UTC); None when it does not, or nobody knows.

    No error: a person may renew it until then.
    """
    if ends_at is None or due_at < ends_at:
        return None
    return Finding(
        code="credential_ends_before",
        field="at",
        message=f"{account}: its credential ends {written(ends_at, '')}, before {what} goes out",
        remedy=f"Renew it until then: `copydesk accounts connect {account}`.",
        severity=Severity.WARNING,
    )


def credential_findings(account: Account, now: datetime) -> list[Finding]:
    """Return what is to be said about a credential before anything is sent: a scope that was not
    granted is an error, an end that comes near a warning."""
    notice = notice_of(account, now)
    if not notice.problem:
        return []
    return [
        Finding(
            code="scope_missing" if notice.missing_scopes else "credential_ends",
            field="account",
            message=f"{account.name}: {notice.problem}",
            remedy=notice.remedy,
            severity=Severity.ERROR if notice.missing_scopes else Severity.WARNING,
        )
    ]
