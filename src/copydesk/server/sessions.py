"""Signing in and out: a token is traded for a session that lives in our database."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import DeskNow
from copydesk.server.cookies import LASTS, drop_session, session_secret, set_session
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame, LoginView
from copydesk.work.desk import Desk

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def show_login(
    request: Request,
    desk: DeskNow,
    token: Annotated[str, Query(max_length=200)] = "",
    next: Annotated[str, Query(max_length=300)] = "/",
) -> Response:
    """Show the form, or sign in at once by the link the console prints.

    A link on another site must not sign anybody in as somebody else, so there it is only the form.
    """
    if token and request.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return await _sign_in(request, desk, token, next)
    return _form(next, "")


@router.post("/login")
async def log_in(
    request: Request,
    desk: DeskNow,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Trade a token for a session."""
    return await _sign_in(request, desk, token, next)


@router.post("/logout")
async def log_out(request: Request, desk: DeskNow) -> Response:
    """End the session, here and in the browser."""
    secret = session_secret(request)
    if secret:
        async with desk.store.begin("web") as unit:
            await unit.tokens.close_session(secret)
    response = RedirectResponse("/login", 303)
    drop_session(request, response)
    return response


async def _sign_in(request: Request, desk: Desk, token: str, where: str) -> Response:
    async with desk.store.read() as unit:
        principal = await unit.tokens.find(token.strip())
    if principal is None or principal.workspace_id != desk.workspace_id:
        return _form(where, "This token is not known here. Look at the console again.")
    secret = secrets.token_urlsafe(32)
    async with desk.store.begin("web") as unit:
        await unit.tokens.open_session(principal, secret, LASTS)
    response = RedirectResponse(_local(where), 303)
    set_session(request, response, secret)
    return response


def _form(where: str, problem: str) -> Response:
    view = LoginView(
        frame=Frame(title="Sign in", section="", signed_in=False),
        next=_local(where),
        problem=problem,
    )
    return render("pages/login.html", view, status=403 if problem else 200)


def _local(where: str) -> str:
    """Return a path on this server; anything a browser could read as another host becomes `/`."""
    plain = where.startswith("/") and where.isprintable() and where.isascii()
    return where if plain and not where.startswith(("//", "/\\")) else "/"
