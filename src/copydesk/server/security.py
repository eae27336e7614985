"""The guard in front of every request: known hosts, no cross-site writes, bounded bodies, headers.

Cross-site request forgery is refused without tokens, by what browsers say about a request
themselves (`Sec-Fetch-Site`, else `Origin`), after the pattern of datasette.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from copydesk.core.errors import CopydeskError, NotAllowed
from copydesk.server.cookies import session_secret
from copydesk.server.problems import answer_error

_log = structlog.get_logger(__name__)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: More than intake takes: a message that is just too large is kept, and refused with a reason.
SUBMISSION_LIMIT = 60 * 1024 * 1024
BODY_LIMIT = 1024 * 1024
_SUBMISSION_PATHS = frozenset({"/submissions", "/v1/submissions"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class UnknownHost(CopydeskError):
    """This server does not answer to that name."""

    status = 421
    code = "unknown_host"


class BodyTooLarge(HTTPException):
    """The request's body is over the limit.

    An HTTPException, because FastAPI turns any other error raised while it reads a body into a 400.
    """

    code = "content_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request is larger than {limit // 1024} KiB.")


class Guard:
    """Wraps the application. `hosts` are the names it answers to besides numeric addresses.

    A numeric address in `Host` cannot come from DNS rebinding, which needs a name.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request, then hand it on with a request id and a bounded body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["X-Request-Id"] = request_id
            await send(message)

        headers = Headers(scope=scope)
        limit = SUBMISSION_LIMIT if scope["path"] in _SUBMISSION_PATHS else BODY_LIMIT
        try:
            self._check_host(headers)
            _check_origin(scope, headers)
            if int(headers.get("content-length") or 0) > limit:
                raise BodyTooLarge(limit)
            await self._app(scope, _bounded(receive, limit), send_with_headers)
        except Exception as error:
            if started:
                raise
            if not isinstance(error, CopydeskError | HTTPException):
                _log.exception("request failed", path=scope["path"], request_id=request_id)
            response = answer_error(Request(scope, receive), error)
            await response(scope, receive, send_with_headers)

    def _check_host(self, headers: Headers) -> None:
        host = _host_name(headers.get("host", ""))
        if host not in self._hosts and not _is_number(host):
            raise UnknownHost(
                f"This server does not answer to the name {host!r}.",
                remedy="Use its address, or add the name to the hosts it may be called by.",
            )


def _check_origin(scope: Scope, headers: Headers) -> None:
    """Raise `NotAllowed` for a write that another site may have caused."""
    if scope["method"] in _SAFE_METHODS:
        return
    fetched_from = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    carries_cookie = session_secret(Request(scope)) is not None
    if not carries_cookie and headers.get("authorization", "").startswith("Bearer "):
        return
    if fetched_from is not None:
        allowed = fetched_from in {"same-origin", "none"}
    elif origin is not None:
        allowed = urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    else:
        # No browser leaves both out; without a cookie there is no authority to borrow either.
        allowed = not carries_cookie
    if not allowed:
        raise NotAllowed(
            "This request came from another site.", remedy="Send the form from copydesk's own page."
        )


def _bounded(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_within_limit() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise BodyTooLarge(limit)
        return message

    return receive_within_limit


def _host_name(host: str) -> str:
    """Return the host of a `Host` header without its port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
