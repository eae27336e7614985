"""Who is asking, and what they may do: a bearer token or a session, and a role.

Roles grow: viewer, author, editor, admin, owner. A handler names the least role it takes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import Request

from copydesk.core.errors import NotAllowed, NotFound
from copydesk.server.cookies import session_secret
from copydesk.server.problems import SignInNeeded
from copydesk.store.tokens import Principal
from copydesk.work.desk import Desk

_ROLES: Final = ("viewer", "author", "editor", "admin", "owner")


def desk_of(request: Request) -> Desk:
    """Return the desk this application serves."""
    desk: Desk = request.app.state.desk
    return desk


async def identify(request: Request) -> Principal:
    """Return who is asking; raises `SignInNeeded`. The answer is kept for the request.

    A bearer token goes before a cookie. Tokens of another workspace are unknown here.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    desk = desk_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    cookie = session_secret(request)
    if not bearer and not cookie:
        raise SignInNeeded(
            "This needs an access token.",
            remedy="Send `Authorization: Bearer TOKEN`, or sign in at /login.",
        )
    async with desk.store.read() as unit:
        if bearer:
            found = await unit.tokens.find(bearer)
        else:
            found = await unit.tokens.find_session(cookie or "")
    if found is None or found.workspace_id != desk.workspace_id:
        raise SignInNeeded(
            "The token is not known here." if bearer else "The session has ended.",
            remedy="Check the token, or sign in again at /login.",
        )
    request.state.principal = found
    return found


def may(principal: Principal, role: str) -> bool:
    """Tell whether who asks has this role or a greater one."""
    held = _ROLES.index(principal.role) if principal.role in _ROLES else -1
    return held >= _ROLES.index(role)


def at_least(role: str) -> Callable[[Request], Awaitable[Principal]]:
    """Return a dependency that lets in whoever has this role or a greater one."""

    async def check(request: Request) -> Principal:
        principal = await identify(request)
        if not may(principal, role):
            raise NotAllowed(
                f"The role {principal.role} may not do this; it takes {role}.",
                remedy="Use a token with a higher role.",
            )
        return principal

    return check


def actor_of(principal: Principal, door: str) -> str:
    """Return who the history says did it; `door` is the way they came (`web`, `api`)."""
    who = principal.label if principal.label != "session" else principal.role
    return f"{door}:{who}"


def check_own(workspace_id: str, desk: Desk, what: str) -> None:
    """Raise `NotFound` for a row of another workspace: it does not exist for whoever asks."""
    if workspace_id != desk.workspace_id:
        raise NotFound.of(what)


# Declares the scheme in OpenAPI; `identify` reads the header itself, because a cookie does as well.
_bearer = HTTPBearer(auto_error=False, description="an access token of this workspace")

DeskNow = Annotated[Desk, Depends(desk_of)]
#: Dependencies of every router but those that let people in: nothing is open by oversight.
SIGNED_IN = [Depends(at_least("viewer"))]
Author = Annotated[Principal, Depends(at_least("author"))]
Editor = Annotated[Principal, Depends(at_least("editor"))]
Admin = Annotated[Principal, Depends(at_least("admin"))]
#: For handlers that need the role and not the name.
ADMINS_ONLY = [Depends(at_least("admin"))]
BearerScheme = Security(_bearer)
