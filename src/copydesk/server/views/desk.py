"""The plain list of accounts, with how they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.account import Account
from copydesk.distribution.notices import notice_of
from copydesk.distribution.versions import Ending
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.connect import connect_url, credential_words
from copydesk.server.views.frame import Frame
from copydesk.work.accounts.breakers import Stopped
from copydesk.work.accounts.versions import versions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account and whether it can be published to. `stopped` says in words what keeps calls
    from being made."""

    id: str
    name: str
    platform: str
    badge: Badge
    reason: str
    paused_until: datetime | None
    stopped: tuple[str, ...]
    endings: tuple[str, ...]
    version: str
    other_versions: tuple[str, ...]
    version_url: str
    remove_url: str
    credential: tuple[str, ...]
    warning: str
    connect_url: str
    inbox: bool
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsView:
    """The page of accounts."""

    frame: Frame
    lines: tuple[AccountLine, ...]


def account_line(
    account: Account,
    now: datetime,
    stopped: Sequence[Stopped] = (),
    endings: Sequence[Ending] = (),
) -> AccountLine:
    """Return one account as a line at `now`; its secrets are kept elsewhere."""
    versions = versions_of(account)
    notice = notice_of(account, now)
    return AccountLine(
        id=account.id,
        name=account.name,
        platform=account.platform,
        badge=badge(account.state),
        reason=account.reason,
        paused_until=account.paused_until,
        stopped=tuple(str(one) for one in stopped if account.name in one.accounts),
        endings=tuple(f"{ending.words}." for ending in endings),
        version=next((v.version.version for v in versions if v.in_use), account.api_version),
        other_versions=tuple(v.version.version for v in versions if not v.in_use),
        version_url=f"/accounts/{account.id}/version",
        remove_url=f"/accounts/{account.id}/remove",
        credential=credential_words(account),
        warning=f"{notice.problem}." if notice.problem else "",
        connect_url=connect_url(account, notice),
        inbox=account.inbox,
        settings=tuple(sorted(account.settings.items())),
    )
