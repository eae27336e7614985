"""The session cookie: its name and its attributes."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

LASTS = timedelta(days=14)
_NAME = "copydesk_session"


def _cookie_name(request: Request) -> str:
    # Browsers accept a cookie of this prefix only over https, for one host and the whole of it.
    return f"__Host-{_NAME}" if request.url.scheme == "https" else _NAME


def session_secret(request: Request) -> str | None:
    """Return the session secret a request carries, or None."""
    return request.cookies.get(_cookie_name(request))


def set_session(request: Request, response: Response, secret: str) -> None:
    """Hand the browser a session secret no script can read."""
    response.set_cookie(
        _cookie_name(request),
        secret,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Make the browser forget its session."""
    response.delete_cookie(
        _cookie_name(request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
