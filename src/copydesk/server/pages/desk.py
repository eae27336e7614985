"""Accounts: a plain list, with how they are."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from copydesk.server.asking import SIGNED_IN, DeskNow
from copydesk.server.rendering import render
from copydesk.server.views.desk import AccountsView, account_line
from copydesk.server.views.frame import Frame
from copydesk.work.accounts.breakers import stopped
from copydesk.work.accounts.versions import endings_of

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)


@router.get("/accounts")
async def show_accounts(desk: DeskNow) -> Response:
    """Show every account and whether it can be published to."""
    async with desk.store.read() as unit:
        found = await unit.accounts.all(desk.workspace_id)
        kept_out = await stopped(unit, found)
    ending = await endings_of(desk)
    view = AccountsView(
        frame=Frame(title="Accounts", section="Accounts"),
        lines=tuple(
            account_line(
                account, desk.clock.now(), kept_out, [e for a, e in ending if a.id == account.id]
            )
            for account in found
        ),
    )
    return render("pages/accounts.html", view)
