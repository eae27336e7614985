"""The only place that opens HTTP to platforms. One session per process, explicit timeouts.

It never retries: whether a call may be repeated is the engine's decision. What it settles is the
one question that matters for that decision, whether the request can have reached the platform.
"""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from copydesk.core.outcomes import Answer
from copydesk.platforms.kit.addresses import public_socket
from copydesk.platforms.kit.names import Names

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver
    from yarl import URL

#: A platform's answer is evidence, not an archive: what is kept of it, in bytes.
MAX_ANSWER_BYTES = 1 << 20

#: From this size on a body is written piece by piece, in bytes.
_LARGE = 1 << 20

#: Connections to one host at once. There is no bound for all hosts together, which those that hang
#: would use up: how many calls are under way is the callers' bound (seats, hands).
PER_HOST: Final = 100

#: How long it may take until a request can be written (a place, the name, TCP, TLS), in seconds,
#: and which share of the call's time: what ends before certainly was not sent.
_CONNECT: Final = 10.0
_CONNECT_SHARE: Final = 0.75

#: An address that is written out in full: every character is one that an address may have.
_WRITTEN_OUT: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


class NotSent(Exception):
    """The request certainly did not reach the platform (name, connection or TLS failed before)."""


class Closed(NotSent):
    """The call was not made: no call may be made before `until` (aware UTC).

    `scope` is what is closed (account, app or endpoint), `reason` says why in words for people.
    """

    def __init__(self, until: datetime, scope: str = "account", reason: str = "") -> None:
        super().__init__(reason or f"closed until {until.isoformat()}")
        self.until = until
        self.scope = scope
        self.reason = reason


class AnswerLost(Exception):
    """The request may have reached the platform; no usable answer came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer. Header names are lower case; `moved_to` is the address that answered when a
    read was redirected, else "". `is_whole` is False where the body went on behind what was kept.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved_to: str = ""
    is_whole: bool = True

    def json(self) -> Any:
        """Return the decoded body, or None when it is not JSON (proxies answer HTML)."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def answer(self, vendor_code: str = "", mask: Callable[[str], str] = str) -> Answer:
        """Return this reply as evidence; the raw text is bounded to 2,000 characters, then masked
        by `mask`."""
        return Answer(
            status=self.status,
            vendor_code=vendor_code,
            request_id=self.headers.get("x-request-id", ""),
            raw=mask(self.body[:8000].decode("utf-8", "replace")[:2000]),
        )


class Transport(Protocol):
    """What a client calls. Tests and other wires can stand in for it."""

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
        """Make one call. `files` maps a field to (filename, bytes, content type); `timeout` is in
        seconds.

        Raises `NotSent` or `AnswerLost`; every HTTP status is a `Reply`.
        """
        ...


class Observer(Protocol):
    """Stands beside every call of one account: rate budgets ask before, others learn after."""

    async def before(self, method: str, url: str) -> None:
        """Raise `Closed` when the call may not be made now."""
        ...

    async def after(self, method: str, url: str, reply: Reply) -> None:
        """Learn from an answer. Not called when none came; must not raise."""
        ...


class ObservedTransport:
    """`Transport` that lets `observers` see each call, in their order, before and after."""

    def __init__(self, transport: Transport, observers: Sequence[Observer]) -> None:
        self._transport = transport
        self._observers = tuple(observers)

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Make one call; see `Transport.call`. Raises `Closed` when an observer refuses it."""
        for observer in self._observers:
            await observer.before(method, url)
        reply = await self._transport.call(method, url, **content)
        for observer in self._observers:
            await observer.after(method, url, reply)
        return reply


async def ask(observers: Sequence[Observer], method: str, url: str) -> None:
    """Ask whether a call may be made that no transport makes (SMTP, git); raises `Closed`."""
    for observer in observers:
        await observer.before(method, url)


def observed(transport: Transport, observers: Sequence[Observer]) -> Transport:
    """Return `transport` watched by `observers`; itself where there are none."""
    return ObservedTransport(transport, observers) if observers else transport


def load_http() -> None:
    """Load what calls are made with, in a process that will make some: the first would wait for it.

    Takes from a tenth of a second to one; meant for a thread.
    """
    import aiohttp  # noqa: F401 - to have it loaded


class HttpTransport:
    """`Transport` over one shared aiohttp session; with `public_only` private addresses, this
    machine's own among them, cannot be reached by it, whatever their name. Of an answer at most
    `most_bytes` are kept; without `follows` a redirect is an answer like any other."""

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
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None or self._session.closed:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=PER_HOST,
                    resolver=_resolver(),
                    socket_factory=public_socket if self._public_only else None,
                ),
                headers={"User-Agent": self._user_agent},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )
            # aiohttp 3.14 repeats idempotent methods by itself on a dropped keep-alive connection;
            # repeating is the engine's decision (checked 2026-11-21).
            session._retry_connection = False
            self._session = session
        return self._session

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
        # loaded here: most commands make no call, and it takes a tenth of a second
        import aiohttp

        data: Any = _in_chunks(body) if body is not None else None
        sent_headers = dict(headers or {})
        if json_body is not None:
            data = json.dumps(json_body, ensure_ascii=False, separators=(",", ":")).encode()
            sent_headers.setdefault("Content-Type", "application/json")
        elif files is not None:
            multipart = aiohttp.FormData()
            for key, value in (form or {}).items():
                multipart.add_field(key, str(value))
            for key, (filename, content, content_type) in files.items():
                multipart.add_field(
                    key, _in_chunks(content), filename=filename, content_type=content_type
                )
            data = multipart
        elif form is not None:
            data = aiohttp.FormData(dict(form))
        try:
            async with self._open().request(
                method,
                _as_written(url),
                headers=sent_headers,
                data=data,
                params=query,
                allow_redirects=self._follows and method in {"GET", "HEAD"},
                timeout=_patience(timeout),
            ) as response:
                length = response.content_length
                if length is None or length > self._most_bytes or _is_encoded(response):
                    content, is_whole = await _read_bounded(response, self._most_bytes)
                else:
                    content, is_whole = await response.read(), True
                return Reply(
                    status=response.status,
                    headers={k.lower(): v for k, v in response.headers.items()},
                    body=content,
                    moved_to=str(response.url) if response.history else "",
                    is_whole=is_whole,
                )
        except (
            aiohttp.ClientConnectorError,
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
        ) as error:
            raise NotSent(str(error)) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise NotSent(f"no connection within the timeout: {error}") from error
        except (TimeoutError, aiohttp.ClientError, ConnectionError, OSError) as error:
            raise AnswerLost(f"{type(error).__name__}: {error}".rstrip(": ")) from error

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@lru_cache(maxsize=64)
def _patience(seconds: float) -> aiohttp.ClientTimeout:
    import aiohttp

    connect = min(seconds * _CONNECT_SHARE, _CONNECT)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, sock_connect=connect)


def _resolver() -> AbstractResolver:
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        def __init__(self) -> None:
            self._names = Names()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            return [
                ResolveResult(
                    hostname=host,
                    host=address.host,
                    port=address.port,
                    family=address.family,
                    proto=address.protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
                for address in await self._names.addresses(host, port, family)
            ]

        async def close(self) -> None:
            """Do nothing: a look-up that hangs ends with its thread."""

    return Resolver()


def _is_encoded(response: aiohttp.ClientResponse) -> bool:
    """Whether an answer is compressed: its length then tells nothing of its size."""
    return "Content-Encoding" in response.headers


def _as_written(url: str) -> URL | str:
    # yarl decodes what need not be encoded, and LinkedIn takes no bare colon in a path (yarl 1.25,
    # 2026-11-22): what a spoke has encoded itself is sent byte for byte
    if "%" not in url or _WRITTEN_OUT.fullmatch(url) is None:
        return url
    from yarl import URL

    return URL(url, encoded=True)


def _in_chunks(content: bytes) -> bytes | io.BytesIO:
    """Return `content` so that a large one is written piece by piece: aiohttp writes bytes at once,
    which holds up everything else, and says so."""
    return content if len(content) < _LARGE else io.BytesIO(content)


async def _read_bounded(response: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """Return at most `most` bytes of the body, unpacked, and whether that was all of it."""
    chunks: list[bytes] = []
    room = most
    async for chunk in response.content.iter_chunked(1 << 16):
        chunks.append(chunk[:room])
        room -= len(chunks[-1])
        if len(chunk) > len(chunks[-1]):
            return b"".join(chunks), False
    return b"".join(chunks), True
