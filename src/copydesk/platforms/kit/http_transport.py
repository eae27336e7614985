"""The only place that opens HTTP to platforms. Connections are shared, timeouts explicit.

It never repeats a call: whether one may be repeated is the engine's decision. A call counts as not
sent only where nothing of it was written; whatever fails afterwards may have arrived (ADR 0037).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from weakref import WeakValueDictionary

from copydesk.core.record import record
from copydesk.platforms.kit.addresses import AddressNotPublic, public_of
from copydesk.platforms.kit.authorities import NoAuthorities, secured
from copydesk.platforms.kit.http_connection import Connection
from copydesk.platforms.kit.http_kept import Kept, Origin
from copydesk.platforms.kit.http_request import (
    Target,
    form_of,
    head_of,
    multipart_of,
    named_once,
    target_of,
    with_query,
)
from copydesk.platforms.kit.names import Names, connected_to
from copydesk.platforms.kit.transport import MAX_ANSWER_BYTES, AnswerLost, NotSent, Reply

#: Connections to one host at once. There is no bound for all hosts together, which those that hang
#: would use up: how many calls are under way is the callers' bound (seats, hands).
PER_HOST: Final = 100

#: How long it may take until a request can be written (a place, the name, TCP, TLS), in seconds,
#: and which share of the call's time.
_CONNECT: Final = 10.0
_CONNECT_SHARE: Final = 0.75

_READS: Final = frozenset({"GET", "HEAD"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 10


def load_http() -> None:
    """Load what secure calls need, in a process that will make some: the first would wait for it.

    Takes some hundredths of a second; meant for a thread.
    """
    with suppress(NoAuthorities):  # each secure call tells it
        _security()


@record(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request as it is about to be made; `timeout` in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


#: What every request asks for, unless it says otherwise.
_ASKED: Final = {"Accept": "*/*", "Accept-Encoding": "gzip"}

#: What whoever a read is redirected to may see of it.
_FOR_ALL: Final = frozenset({"accept", "accept-encoding", "user-agent"})


class HttpTransport:
    """`Transport` over shared connections; with `public_only` private addresses, this machine's own
    among them, cannot be reached by it, whatever their name. Of an answer at most `most_bytes` are
    kept; without `follows` a redirect is an answer like any other."""

    def __init__(
        self,
        *,
        user_agent: str,
        public_only: bool = False,
        most_bytes: int = MAX_ANSWER_BYTES,
        follows: bool = True,
    ) -> None:
        self._user_agent = user_agent
        self._public_only = public_only
        self._most_bytes = most_bytes
        self._follows = follows
        self._places: WeakValueDictionary[Origin, asyncio.Semaphore] = WeakValueDictionary()
        self._kept = Kept()
        self._names = Names()

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        json_body: Any = None,
        query: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Reply:
        """Make one call; see `Transport.call`."""
        ours, of_the_body = {"User-Agent": self._user_agent, **_ASKED}, {}
        try:
            if json_body is not None:
                body = json.dumps(json_body, ensure_ascii=False, separators=(",", ":")).encode()
                ours["Content-Type"] = "application/json"
            elif files is not None:
                # only who made it knows what is between its parts
                body, of_the_body["Content-Type"] = multipart_of(form or {}, files)
            elif body is None and form is not None:
                body, ours["Content-Type"] = form_of(form)
            whole = with_query(url, query) if query else url
        except ValueError as error:
            raise NotSent(f"no request can be made of it: {error}") from error
        request = _Request(
            method=method,
            url=whole,
            headers=named_once(ours, headers or {}, of_the_body),
            body=body or b"",
            timeout=timeout,
        )
        if not self._follows or method not in _READS:
            return await self._send(request)
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(request)
        except TimeoutError as error:
            raise AnswerLost("no answer within the time allowed") from error

    async def close(self) -> None:
        """Close the connections that are kept; each under way ends with its call."""
        self._kept.close()
        await asyncio.sleep(0)  # the loop closes them in its next round

    async def _follow(self, request: _Request) -> Reply:
        """Return what is answered where the redirects end."""
        first = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            reply = await self._send(request)
            target = reply.headers.get("location", "")
            if reply.status not in _REDIRECTS or not target:
                return reply if request.url == first else replace(reply, moved_to=request.url)
            moved = urljoin(request.url, target)
            request = replace(request, url=moved, headers=_known_to(moved, request))
        raise AnswerLost(f"redirected more than {_MOST_REDIRECTS} times")

    async def _send(self, request: _Request) -> Reply:
        try:
            target = target_of(request.url)
            head = head_of(request.method, target, request.headers, request.body)
        except ValueError as error:
            raise NotSent(f"no request can be made of it: {error}") from error
        began = asyncio.get_running_loop().time()
        places = self._places.get(target.origin)
        if places is None:
            places = self._places[target.origin] = asyncio.Semaphore(PER_HOST)
        if places.locked():
            try:
                async with asyncio.timeout(_patience(request.timeout)):
                    await places.acquire()
            except TimeoutError as error:
                raise NotSent("no connection became free within the timeout") from error
        else:
            await places.acquire()
        try:
            return await self._exchange(request, target, head, began)
        finally:
            places.release()

    async def _exchange(
        self, request: _Request, target: Target, head: bytes, began: float
    ) -> Reply:
        """Send `head` and body of `request` over a connection, a kept one if there is any."""
        # asked for by who has lost an answer: none that was kept from before is used either
        is_alone = request.headers.get("Connection") == "close"
        connection = None
        if is_alone:
            self._kept.drop(target.origin)
        elif not self._public_only:
            connection = self._kept.take(target.origin)
        if connection is None:
            connection = await self._connected(request, target, began, is_alone=is_alone)
        reply = await connection.exchange(
            head,
            request.body,
            until=began + request.timeout,
            most=self._most_bytes,
            is_head=request.method == "HEAD",
            keep=not is_alone,
        )
        if not connection.is_done:
            self._kept.keep(target.origin, connection)
        return reply

    # -- connections ------------------------------------------------------------------------------

    async def _connected(
        self, request: _Request, target: Target, began: float, *, is_alone: bool
    ) -> Connection:
        """Return a connection for `target`. Raises `NotSent`."""
        try:
            async with asyncio.timeout_at(began + _patience(request.timeout)):
                addresses: Sequence[str] = await self._names.addresses(target.host)
                if self._public_only:
                    # what was looked at is what is called, whatever the name means elsewhere
                    addresses = public_of(addresses)
                    if not is_alone and (kept := self._kept.take(target.origin, addresses)):
                        return kept
                return await _connect(target, addresses)
        except TimeoutError as error:
            raise NotSent("no connection within the timeout") from error
        except (ValueError, OSError) as error:
            raise NotSent(_words(error)) from error


async def _connect(target: Target, addresses: Sequence[str]) -> Connection:
    security = _security() if target.is_secure else None
    sock = await connected_to(addresses, target.port)
    try:
        address = sock.getpeername()[0]
    except OSError:
        sock.close()
        raise
    _, connection = await asyncio.get_running_loop().create_connection(
        partial(Connection, sock, address),
        sock=sock,
        ssl=security,
        server_hostname=target.host if target.is_secure else None,
    )
    return connection


@cache
def _security() -> ssl.SSLContext:
    """Return what secure connections are made with. Raises `NoAuthorities`, each time anew: once
    there are some, calls go on."""
    context = secured()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _patience(timeout: float) -> float:
    """Return how long a call of `timeout` seconds may take to be connected, in seconds."""
    return min(timeout * _CONNECT_SHARE, _CONNECT)


def _words(error: Exception) -> str:
    """Return what kept a connection from being made, without the address."""
    if isinstance(error, AddressNotPublic | NoAuthorities | socket.gaierror):
        return str(error.strerror)
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or "the other side closed it"


def _known_to(url: str, request: _Request) -> Mapping[str, str]:
    """Return the headers of `request` that whoever answers at `url` may see."""
    if urlsplit(url)[:2] == urlsplit(request.url)[:2]:
        return request.headers
    return {name: value for name, value in request.headers.items() if name.lower() in _FOR_ALL}
