"""`/v1/accounts`: where things can be published, without any secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from copydesk.core.account import Account
from copydesk.core.states import AccountState
from copydesk.server.api.contract import NOT_FOUND, make_router
from copydesk.server.asking import DeskNow, check_own

router = make_router("accounts")


class AccountOut(BaseModel):
    """One place on one platform; secrets are never shown."""

    id: str = Field(examples=["acc_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    name: str = Field(examples=["newsroom"])
    platform: str = Field(examples=["mastodon"])
    state: AccountState
    reason: str
    settings: Mapping[str, str]
    inbox: bool = Field(description="whether approved posts from the inbox go here")
    paused_until: datetime | None = Field(description="the platform asked to wait until then")


@router.get("")
async def list_accounts(desk: DeskNow) -> list[AccountOut]:
    """List every account, by name."""
    async with desk.store.read() as unit:
        found = await unit.accounts.all(desk.workspace_id)
    return [_account_out(account) for account in found]


@router.get("/{id}", responses=NOT_FOUND)
async def get_account(id: str, desk: DeskNow) -> AccountOut:
    """Return one account."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
    check_own(account.workspace_id, desk, f"account {id}")
    return _account_out(account)


def _account_out(account: Account) -> AccountOut:
    return AccountOut(**{name: getattr(account, name) for name in AccountOut.model_fields})
