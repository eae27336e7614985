"""What a spoke calls a platform through, and what it gets to hear.

The one question that matters is settled here: whether the request can have reached the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Protocol

from copydesk.core.json_text import read_json
from copydesk.core.outcomes import Answer
from copydesk.core.record import record

#: A platform's answer is evidence, not an archive: what is kept of it, in bytes.
MAX_ANSWER_BYTES: Final = 1 << 20


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


@record(frozen=True, slots=True, kw_only=True)
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
        """Return the decoded body, or None when it is not JSON (proxies answer HTML) or is nested
        deeper than anybody means."""
        try:
            return read_json(self.body)
        except (ValueError, RecursionError):
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
        seconds. With the header `Connection: close` it goes over a connection of its own.

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
