"""The only place that opens HTTP to platforms. Connections are shared, timeouts explicit.

It never repeats a call: whether one may be repeated is the engine's decision. reqwest carries the
requests on a thread of its own, which leaves the event loop to the engine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit
from weakref import WeakValueDictionary

from copydesk.platforms.kit.addresses import public_of
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.transport import MAX_ANSWER_BYTES, AnswerLost, NotSent, Reply

if TYPE_CHECKING:
    from pyreqwest.client import Client
    from pyreqwest.exceptions import DetailedPyreqwestError
    from pyreqwest.http import HeaderMap
    from pyreqwest.multipart import FormBuilder
    from pyreqwest.request import StreamRequest

#: Connections to one host at once. There is no bound for all hosts together, which those that hang
#: would use up: how many calls are under way is the callers' bound (seats, hands).
PER_HOST: Final = 100

#: How long it may take until a request can be written (a place, the name, TCP, TLS), in seconds,
#: and which share of the call's time: what ends before certainly was not sent.
_CONNECT: Final = 10.0
_CONNECT_SHARE: Final = 0.75

#: How long a connection is kept for the next call, in seconds. A server that closes it at that very
#: moment makes an outcome unknown, so it is less than what servers commonly wait.
_IDLE: Final = 15.0

_READS: Final = frozenset({"GET", "HEAD"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 10

#: Clients that are kept: one for all of the internet, or one for each address looked up beforehand.
_KEPT: Final = 32

#: What hyper calls the step in which nothing of a request has left yet. Whatever else fails, some
#: of it may have arrived (hyper-util 0.1.21, 2026-11-22).
_CONNECTING: Final = "client error (Connect)"


def load_http() -> None:
    """Load what calls are made with, in a process that will make some: the first would wait for it.

    Takes about a tenth of a second; meant for a thread.
    """
    _new_client("copydesk", _CONNECT)


@dataclass(slots=True, kw_only=True)
class _Request:
    """One request as it is about to be made; `timeout` in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    timeout: float
    query: Mapping[str, str] | None = None
    body: bytes | None = None
    form: Mapping[str, Any] | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it asks for a connection of its own. Saying that its connection ends with it is
        not enough: it would still go out on one kept from before, which may be closed."""
        return self.headers.get("Connection") == "close"

    def built(self, client: Client) -> StreamRequest:
        """Return it for `client`. Raises `ValueError` where no request can be made of it."""
        request = client.request(self.method, self.url)
        request = request.headers(self.headers).timeout(_seconds(self.timeout))
        if self.query:
            request = request.query(self.query)
        if self.files is not None:
            request = request.multipart(_multipart(self.form or {}, self.files))
        elif self.body is not None:
            request = request.body_bytes(self.body)
        elif self.form is not None:
            request = request.form({key: str(value) for key, value in self.form.items()})
        return request.build_streamed()


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
        self._clients: dict[tuple[float, bool, str, str], Client] = {}
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
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
        headers = headers or {}
        if json_body is not None:
            body = json.dumps(json_body, ensure_ascii=False, separators=(",", ":")).encode()
            headers = {"Content-Type": "application/json", **headers}
        request = _Request(
            method=method,
            url=url,
            headers=headers,
            timeout=timeout,
            query=query,
            body=body,
            form=form,
            files=files,
        )
        if not self._follows or method not in _READS:
            return await self._send(request)
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(request)
        except TimeoutError as error:
            raise AnswerLost("no answer within the time allowed") from error

    async def close(self) -> None:
        """Close the connections."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.close()

    async def _follow(self, request: _Request) -> Reply:
        """Return what is answered where the redirects end."""
        first = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            reply = await self._send(request)
            target = reply.headers.get("location", "")
            if reply.status not in _REDIRECTS or not target:
                return reply if request.url == first else replace(reply, moved_to=request.url)
            moved = urljoin(request.url, target)
            request = replace(request, url=moved, query=None, headers=_known_to(moved, request))
        raise AnswerLost(f"redirected more than {_MOST_REDIRECTS} times")

    async def _send(self, request: _Request) -> Reply:
        places = self._places_at(request.url)
        if places.locked():
            try:
                async with asyncio.timeout(_patience(request.timeout)):
                    await places.acquire()
            except TimeoutError as error:
                raise NotSent("no connection became free within the timeout") from error
        else:
            await places.acquire()
        try:
            if self._public_only:
                return await self._send_publicly(request)
            return await self._answer(request, self._client(request))
        finally:
            places.release()

    def _places_at(self, url: str) -> asyncio.Semaphore:
        """Return what bounds the connections to the host of `url`; kept while it is in use."""
        host = "/".join(url.split("/", 3)[:3])
        return self._places.setdefault(host, asyncio.Semaphore(PER_HOST))

    async def _send_publicly(self, request: _Request) -> Reply:
        host, addresses = await self._public_addresses(request)
        for address in addresses[:-1]:
            try:
                return await self._answer(request, self._client(request, host, address))
            except NotSent:
                continue  # nothing was sent, so the next address may be tried
        return await self._answer(request, self._client(request, host, addresses[-1]))

    async def _public_addresses(self, request: _Request) -> tuple[str, Sequence[str]]:
        """Return the host of `request`, as reqwest understands it, and where it is."""
        from pyreqwest.http import Url

        try:
            host = Url(request.url).host_str or ""
            async with asyncio.timeout(_patience(request.timeout)):
                return host, public_of(await self._names.addresses(host.strip("[]")))
        except TimeoutError as error:
            raise NotSent("no connection within the timeout: its name is not known yet") from error
        except (ValueError, OSError) as error:
            raise NotSent(f"it cannot be called: {error}") from error

    def _client(self, request: _Request, host: str = "", address: str = "") -> Client:
        """Return the client for `request`; with `host` one that calls `address` when `host` is
        asked for, whatever the name means elsewhere or by then."""
        connect, alone = _patience(request.timeout), request.is_alone
        client = self._clients.get((connect, alone, host, address))
        if client is None:
            while len(self._clients) >= _KEPT:
                # what is under way over it goes on
                self._clients.pop(next(iter(self._clients)))
            client = _new_client(
                self._user_agent, connect, alone=alone, host=host, address=address
            )
            self._clients[connect, alone, host, address] = client
        return client

    async def _answer(self, request: _Request, client: Client) -> Reply:
        # loaded here: most commands make no call, and it takes a tenth of a second
        from pyreqwest.exceptions import BuilderError, RequestError

        try:
            built = request.built(client)
        except ValueError as error:
            raise NotSent(f"no request can be made of it: {error}") from error
        try:
            async with built as response:
                content = bytes(await response.body_reader.read(self._most_bytes + 1) or b"")
                return Reply(
                    status=response.status,
                    headers=_readable(response.headers),
                    body=content[: self._most_bytes],
                    is_whole=len(content) <= self._most_bytes,
                )
        except BuilderError as error:
            raise NotSent(_causes(error)[-1]) from error
        except RequestError as error:
            causes = _causes(error)
            # the first of them names the whole address, which may carry a secret
            said = ": ".join([error.message, *causes[1:]])
            if _CONNECTING in causes:
                raise NotSent(f"no connection: {said}") from error
            raise AnswerLost(said) from error


def _patience(timeout: float) -> float:
    """Return how long a call of `timeout` seconds may take to be connected, in seconds."""
    return min(timeout * _CONNECT_SHARE, _CONNECT)


def _new_client(
    user_agent: str, connect: float, *, alone: bool = False, host: str = "", address: str = ""
) -> Client:
    from pyreqwest.client import ClientBuilder

    builder = (
        ClientBuilder()
        .user_agent(user_agent)
        .follow_redirects(False)
        .no_proxy()
        .connect_timeout(_seconds(connect))
        .pool_idle_timeout(_seconds(_IDLE))
        .http1_ignore_invalid_headers_in_responses(True)
    )
    if alone:
        builder = builder.pool_max_idle_per_host(0)
    return builder.resolve(host, address, 0).build() if host else builder.build()


def _causes(error: DetailedPyreqwestError) -> list[str]:
    """Return what led to `error`, the nearest cause first."""
    return [cause["message"] for cause in error.details["causes"] or ()]


def _known_to(url: str, request: _Request) -> Mapping[str, str]:
    """Return the headers of `request` that whoever answers at `url` may see."""
    if urlsplit(url)[:2] == urlsplit(request.url)[:2]:
        return request.headers
    return {name: value for name, value in request.headers.items() if name.lower() == "accept"}


def _readable(headers: HeaderMap) -> dict[str, str]:
    try:
        return dict(headers.items())
    except ValueError:
        # a value that is not ASCII; none that means anything to us may be
        return {name: value for name in headers if (value := _value(headers, name)) is not None}


def _value(headers: HeaderMap, name: str) -> str | None:
    try:
        return headers.getall(name)[-1]
    except ValueError:
        return None


def _multipart(form: Mapping[str, Any], files: Mapping[str, tuple[str, bytes, str]]) -> FormBuilder:
    from pyreqwest.multipart import FormBuilder, PartBuilder

    multipart = FormBuilder()
    for key, value in form.items():
        multipart = multipart.text(key, str(value))
    for key, (filename, content, content_type) in files.items():
        part = PartBuilder.from_bytes(content).file_name(filename).mime(content_type)
        multipart = multipart.part(key, part)
    return multipart


@lru_cache(maxsize=64)
def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
