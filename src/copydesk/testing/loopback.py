"""A server on this machine that accepts, records, and then lies on demand.

The lies are the ones real platforms and networks tell: the answer is lost after the work was done,
an error after success, silence, a page of HTML from a proxy. What was accepted is the server's own
record, so a test can count duplicates without asking the code under test. A rate limit is kept to:
whoever calls before it is over is turned away again, and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

from copydesk.core.clock import Clock, SystemClock
from copydesk.platforms.kit.transport import AnswerLost, Reply, Transport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Lie(StrEnum):
    """How a server misbehaves; those in `AFTER_ACCEPT` do the work before they do."""

    RESET_AFTER_ACCEPT = "reset_after_accept"
    ERROR_AFTER_ACCEPT = "error_after_accept"
    HANG = "hang"
    SLOW = "slow"
    GARBAGE = "garbage"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    RESET_BEFORE_ACCEPT = "reset_before_accept"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_DATE = "rate_limited_date"
    RATE_LIMITED_SILENT = "rate_limited_silent"
    HTML = "html"
    HTML_OK = "html_ok"
    ECHO = "echo"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"


AFTER_ACCEPT = frozenset(
    {
        Lie.RESET_AFTER_ACCEPT,
        Lie.ERROR_AFTER_ACCEPT,
        Lie.HANG,
        Lie.SLOW,
        Lie.GARBAGE,
        Lie.EMPTY,
        Lie.TRUNCATED,
    }
)

#: What a caller waits for in vain.
SILENCES = frozenset({Lie.HANG, Lie.SLOW})

#: What a rate-limited caller is told to wait, in seconds; and what one is turned away for that was
#: told nothing.
RETRY_AFTER = 120
SILENT_WAIT = 30


#: What a request may bring, in bytes: a piece of a film, or an image.
LARGEST_BODY = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request as it arrived: lower-case header names; a multipart body is left to its route."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class LoopbackServer:
    """A server on 127.0.0.1, on a port of its own, for the length of an `async with`.

    Subclasses add routes. Lies strike requests with a method in `lies_to`; `struck` counts them.
    `calls_while_limited` counts calls that came before a rate limit of ours was over. `accepted` is
    called after each request in `lies_to` was taken, before it is answered, with their number.
    `gone_status` is what such a request is answered whose target is not there.
    """

    #: The port to listen on; 0: a free one.
    port: int = 0
    lies_to: frozenset[str] = frozenset({"POST", "PUT"})

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.hits: list[Hit] = []
        self.url = ""
        self.struck = 0
        self.taken_calls = 0
        self.calls_while_limited = 0
        self.gone_status = 404
        self.accepted: Callable[[int], Awaitable[None]] | None = None
        self._lie: Lie | None = None
        self._times = 0
        self._every = 1
        self._asked = 0
        self._limited_until: datetime | None = None
        self._silence = asyncio.Event()
        #: Set when the next request is left without an answer; whoever waits for it looks before.
        self.silence_begins = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers to."""
        return []

    def publishes(self, request: web.Request) -> bool:
        """Return whether `request` is one that is lied to; where a method says too little (all
        calls of an RPC are POST), subclasses look at the path."""
        return request.method in self.lies_to

    def lie(self, lie: Lie, times: int = 1, *, every: int = 1) -> None:
        """Tell `lie` to each `every`-th of the next requests, the first one included, until it was
        told `times` times."""
        self._lie, self._times, self._every, self._asked = lie, times, every, 0

    def tell_the_truth(self) -> None:
        """Stop lying."""
        self._lie, self._times = None, 0

    @property
    def will_be_silent(self) -> bool:
        """Whether the lie to be told next leaves the caller without an answer, or half of one."""
        return self._times > 0 and self._lie in SILENCES

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._middleware], client_max_size=LARGEST_BODY)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop listening and let hanging requests go."""
        self._silence.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        is_multipart = request.content_type.startswith("multipart/")
        self.hits.append(
            Hit(
                method=request.method,
                path=request.path_qs,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=b"" if is_multipart else await request.read(),
            )
        )
        answer = await self._answer(request, handler)
        if not answer.prepared:
            answer.headers["Date"] = _http_date(self.clock.now())
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._limited_until is not None and self.clock.now() < self._limited_until:
            self.calls_while_limited += 1
            left = (self._limited_until - self.clock.now()).total_seconds()
            return _limited(str(max(1, round(left))))
        if not self.publishes(request):
            return await handler(request)
        lie = self._next_lie()
        if lie is None or lie in AFTER_ACCEPT:
            answer = await handler(request)
            if answer.status >= 400:
                if answer.status == 404 and not answer.prepared:
                    answer.set_status(self.gone_status)
                return answer
            self.taken_calls += 1
            if self.accepted is not None:
                await self.accepted(self.taken_calls)
            if lie is None:
                return answer
            return await self._misbehave(lie, request, answer)
        return await self._misbehave(lie, request, web.Response())

    def _next_lie(self) -> Lie | None:
        if self._lie is None or self._times < 1:
            return None
        self._asked += 1
        if (self._asked - 1) % self._every:
            return None
        self._times -= 1
        self.struck += 1
        return self._lie

    async def _misbehave(
        self, lie: Lie, request: web.Request, truth: web.StreamResponse
    ) -> web.StreamResponse:
        now = self.clock.now()
        match lie:
            case Lie.RESET_AFTER_ACCEPT | Lie.RESET_BEFORE_ACCEPT:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Lie.ERROR_AFTER_ACCEPT:
                return web.json_response({"error": "something broke"}, status=500)
            case Lie.HANG:
                await self._keep_silent()
                return web.Response()
            case Lie.SLOW | Lie.TRUNCATED:
                return await self._drip(request, truth, whole=lie is Lie.SLOW)
            case Lie.GARBAGE:
                return web.Response(body=b'{"id": "\xff\x00', content_type="application/json")
            case Lie.EMPTY:
                return web.Response(body=b"")
            case Lie.RATE_LIMITED:
                self._limited_until = now + timedelta(seconds=RETRY_AFTER)
                return _limited(str(RETRY_AFTER))
            case Lie.RATE_LIMITED_DATE:
                # an HTTP date has no fraction: what it cannot say we do not insist on
                self._limited_until = (now + timedelta(seconds=RETRY_AFTER)).replace(microsecond=0)
                return _limited(_http_date(self._limited_until))
            case Lie.RATE_LIMITED_SILENT:
                self._limited_until = now + timedelta(seconds=SILENT_WAIT)
                return web.json_response({"error": "Too many requests"}, status=429)
            case Lie.HTML:
                page = "<!doctype html><h1>502 Bad Gateway</h1>"
                return web.Response(text=page, status=502, content_type="text/html")
            case Lie.HTML_OK:
                page = "<!doctype html><h1>We will be back soon</h1>"
                return web.Response(text=page, content_type="text/html")
            case Lie.ECHO:
                return web.json_response({"error": json.dumps(dict(request.headers))}, status=400)
            case Lie.UNAUTHORIZED:
                return web.json_response({"error": "The access token is invalid"}, status=401)
            case Lie.REFUSED:
                return web.json_response({"error": "Validation failed: Text is spam"}, status=422)
            case Lie.FORBIDDEN:
                return web.json_response({"error": "You may not do this"}, status=403)

    async def _keep_silent(self) -> None:
        begins, self.silence_begins = self.silence_begins, asyncio.Event()
        begins.set()
        await self._silence.wait()

    async def _drip(
        self, request: web.Request, truth: web.StreamResponse, *, whole: bool
    ) -> web.StreamResponse:
        """Send half of the answer, and then nothing more (`whole`) or the end of the connection."""
        body = truth.body if isinstance(truth, web.Response) else b""
        text = bytes(body) if isinstance(body, bytes | bytearray) else b""
        text = text or b'{"ok": true}'
        dripping = web.StreamResponse(status=truth.status)
        dripping.content_type = "application/json"
        dripping.content_length = len(text)
        await dripping.prepare(request)
        await dripping.write(text[: len(text) // 2])
        if whole:
            await self._keep_silent()
        if request.transport is not None:
            request.transport.abort()
        return dripping


class ImpatientTransport:
    """A transport that waits at most `seconds` for an answer, so that hanging is soon over. With
    `server`, only from when that keeps silent as it was told: a busy machine is no reason to give
    up, and what it was asked has arrived."""

    def __init__(
        self, inner: Transport, seconds: float, server: LoopbackServer | None = None
    ) -> None:
        self._inner = inner
        self._seconds = seconds
        self._server = server

    async def call(self, method: str, url: str, **content: object) -> Reply:
        """Make the call with the shorter timeout; see `Transport.call`."""
        if self._server is None:
            content = {**content, "timeout": self._seconds}
        call = self._inner.call(method, url, **content)  # type: ignore[arg-type]
        if self._server is None or not self._server.will_be_silent:
            return await call
        going = asyncio.ensure_future(call)
        silence = asyncio.ensure_future(self._server.silence_begins.wait())
        try:
            await asyncio.wait((going, silence), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((going,), timeout=self._seconds)
            if going.done():
                return going.result()
            raise AnswerLost(f"no answer within {self._seconds:g} seconds")
        finally:
            silence.cancel()
            going.cancel()
            await asyncio.wait((going, silence))


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the object that a request brings as JSON, {} when it brings none."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _limited(retry_after: str) -> web.Response:
    headers = {"Retry-After": retry_after}
    return web.json_response({"error": "Too many requests"}, status=429, headers=headers)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
