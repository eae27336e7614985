"""`/v1/accounts`: where things can be published, without any secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from copydesk.core.account import Account
from copydesk.core.states import AccountState
from copydesk.distribution.notices import notice_of
from copydesk.distribution.revoking import Back
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import Admin, DeskNow, actor_of, check_own
from copydesk.work.accounts.breakers import Stopped, stopped
from copydesk.work.accounts.removing import remove_account

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
    api_version: str = Field(description="the API version it was moved to; empty: the pinned one")
    wait_for_link: bool = Field(description="whether its posts wait for pages they link to")
    identity: str = Field(description="who it is on the platform, as far as it is known")
    scopes: str = Field(description="what was granted, space-separated; empty: nobody said")
    missing_scopes: Sequence[str] = Field((), description="needed, but not granted")
    expires_at: datetime | None = Field(description="when its credential expires")
    ends_at: datetime | None = Field(description="when only a person can go on: connect it again")
    notice: str = Field("", description="what is to be done about its credential")
    paused_until: datetime | None = Field(description="the platform asked to wait until then")
    stopped: Sequence[str] = Field(
        (), description="why no call is made at the moment: the platform does not answer"
    )


class RemovedOut(BaseModel):
    """What removing an account did, in deliveries."""

    id: str
    cancelled: int
    held: int = Field(description="they may have landed; a person says what became of them")
    sending: int = Field(description="under way at this moment; they come to their own end")
    credential: Back = Field(
        description="`given-back` to the platform, `failed`: end it there; `nothing` to give back"
    )
    problem: str = Field(description="why it could not be given back, else empty")


@router.get("")
async def list_accounts(desk: DeskNow) -> list[AccountOut]:
    """List every account, by name."""
    async with desk.store.read() as unit:
        found = await unit.accounts.all(desk.workspace_id)
        kept_out = await stopped(unit, found)
    return [_account_out(account, desk.clock.now(), kept_out) for account in found]


@router.get("/{id}", responses=NOT_FOUND)
async def get_account(id: str, desk: DeskNow) -> AccountOut:
    """Return one account."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
        check_own(account.workspace_id, desk, f"account {id}")
        kept_out = await stopped(unit, [account])
    return _account_out(account, desk.clock.now(), kept_out)


@router.post("/{id}/remove", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def remove(id: str, desk: DeskNow, asking: Admin) -> RemovedOut:
    """Remove an account: its secrets are wiped, what waits is cancelled. It cannot be undone."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
    check_own(account.workspace_id, desk, f"account {id}")
    done = await remove_account(desk, account.name, actor=actor_of(asking, "api"))
    return RemovedOut(
        id=id,
        cancelled=done.cancelled,
        held=done.held,
        sending=done.sending,
        credential=done.given_back.back,
        problem=done.given_back.problem,
    )


def _account_out(account: Account, now: datetime, kept_out: Sequence[Stopped]) -> AccountOut:
    values: dict[str, Any] = {name: getattr(account, name, ()) for name in AccountOut.model_fields}
    values["stopped"] = [str(one) for one in kept_out if account.name in one.accounts]
    notice = notice_of(account, now)
    values["missing_scopes"] = notice.missing_scopes
    values["notice"] = f"{notice.problem}. {notice.remedy}" if notice.problem else ""
    return AccountOut(**values)
