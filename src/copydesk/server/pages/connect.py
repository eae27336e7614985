"""Connecting an account from the browser: a form, a link to the platform, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from copydesk.core.account import Account
from copydesk.server.asking import SIGNED_IN, Admin, DeskNow, actor_of
from copydesk.server.cookies import session_secret
from copydesk.server.rendering import render
from copydesk.server.views.connect import connect_view, onward_view
from copydesk.work.accounts.authorising import Wanted, begin_connection
from copydesk.work.accounts.granting import finish_connection

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

#: Where a platform sends a browser back to.
CALLBACK = "/connect/callback"

_Short = Annotated[str, Query(max_length=100)]


@router.get("/accounts/connect")
async def show_form(desk: DeskNow, platform: _Short = "", account: _Short = "") -> Response:
    """Show which platforms can be connected, or the form for one."""
    existing: Account | None = None
    if account:
        async with desk.store.read() as unit:
            existing = await unit.accounts.by_name(desk.workspace_id, account)
    return render("pages/connect.html", connect_view(platform, existing))


@router.post("/accounts/connect")
async def begin(request: Request, desk: DeskNow, asking: Admin) -> Response:
    """Begin, and show the way to the platform's page."""
    form = {key: str(value)[:2000] for key, value in (await request.form()).items()}
    given = {k.removeprefix("set."): v for k, v in form.items() if k.startswith("set.") and v}
    secret = {k.removeprefix("secret."): v for k, v in form.items() if k.startswith("secret.")}
    wanted = Wanted(
        name=form.get("name", "").strip(),
        platform=form.get("platform", ""),
        settings=given,
        secrets={key: value for key, value in secret.items() if value},
        inbox=form.get("inbox") == "on",
        other_identity=form.get("other_identity") == "on",
    )
    begun = await begin_connection(
        desk,
        wanted,
        redirect_uri=callback_url(request),
        session=session_secret(request) or "",
        actor=actor_of(asking, "web"),
    )
    return render("pages/onward.html", onward_view(wanted.name, begun.authorize_url))


@router.get(CALLBACK)
async def come_back(request: Request, desk: DeskNow, asking: Admin) -> Response:
    """Take the platform's answer; the address with it is left behind at once."""
    await finish_connection(
        desk,
        dict(request.query_params),
        session=session_secret(request) or "",
        actor=actor_of(asking, "web"),
    )
    return RedirectResponse("/accounts", 303)


def callback_url(request: Request) -> str:
    """Return this server's own address for answers, as the browser knows it."""
    return str(request.base_url).rstrip("/") + CALLBACK
