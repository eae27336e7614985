"""Accounts: one place on one platform to publish to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from copydesk.core.states import AccountState


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as a row. `settings` are strings as given by the operator; secrets live apart.

    `inbox` tells whether approved posts made from submissions go here without being addressed.
    `paused_until` is set when the platform asked us to wait (aware UTC).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act for an account until `until` (aware UTC). A higher `fence` always wins."""

    account_id: str
    owner: str
    fence: int
    until: datetime
