"""Accounts: one place on one platform to publish to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from copydesk.core.states import AccountState
from copydesk.core.timetable import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as a row. `settings` are strings as given by the operator; secrets live apart.

    `inbox` tells whether approved posts made from submissions go here without being addressed.
    `paused_until` is set when the platform asked us to wait (aware UTC). `api_version` is the
    version of the platform's API it uses, "" the one its spoke is pinned to. `wait_for_link` holds
    announcements back until the page they link to is there.

    What is known of its credential, which lives sealed elsewhere: `auth` names how it was obtained
    ("": pasted), `identity` who we are there, `scopes` what was granted (space-separated, "" when
    nobody said). `generation` grows with every credential stored. `expires_at` is when it ends by
    itself, `renew_at` when to renew it before that, `ends_at` when nothing but a person can go on;
    all aware UTC, None when it is not known. `timetable` says when it may be posted to, None
    always; `last_sent_at` (aware UTC) is kept where posts have to keep a distance.
    """

    id: str
    workspace_id: str
    name: str
    platform: str
    state: AccountState
    settings: Mapping[str, str] = field(default_factory=dict)
    inbox: bool = False
    reason: str = ""
    paused_until: datetime | None = None
    api_version: str = ""
    wait_for_link: bool = False
    auth: str = ""
    identity: str = ""
    scopes: str = ""
    generation: int = 0
    expires_at: datetime | None = None
    renew_at: datetime | None = None
    ends_at: datetime | None = None
    timetable: Timetable | None = None
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act for an account until `until` (aware UTC). A higher `fence` always wins."""

    account_id: str
    owner: str
    fence: int
    until: datetime
