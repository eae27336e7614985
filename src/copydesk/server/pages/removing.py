"""Removing an account: asked for once, then done."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import SIGNED_IN, Admin, DeskNow, actor_of, check_own
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame
from copydesk.server.views.removing import RemoveView
from copydesk.work.accounts.removing import BATCH, OPEN, remove_account

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)


@router.get("/accounts/{id}/remove")
async def ask_to_remove(id: str, desk: DeskNow) -> Response:
    """Ask before an account is removed."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
        check_own(account.workspace_id, desk, f"account {id}")
        waiting = len(await unit.letters.of_account(id, OPEN, limit=BATCH))
    view = RemoveView(
        frame=Frame(title=f"Remove {account.name}?", section="Accounts"),
        name=account.name,
        platform=account.platform,
        waiting=f"{waiting} or more" if waiting == BATCH else str(waiting),
        remove_url=f"/accounts/{id}/remove",
    )
    return render("pages/remove_account.html", view)


@router.post("/accounts/{id}/remove")
async def remove(id: str, desk: DeskNow, asking: Admin) -> Response:
    """Remove an account and go back to the others."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(id)
    check_own(account.workspace_id, desk, f"account {id}")
    await remove_account(desk, account.name, actor=actor_of(asking, "web"))
    return RedirectResponse("/accounts", 303)
