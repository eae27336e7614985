"""The simulated server: a `Transport` that answers from a file and goes wrong on demand.

It stands where the network would be, so the client and the kit's classification run as they do for
any real platform. As a server it has a clock and takes its time; that is the one place in the
spokes where this is right.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from copydesk.core.clock import Clock
from copydesk.platforms.kit.transport import AnswerLost, Reply
from copydesk.platforms.sandbox.faults import AFTER_ACCEPT, Fault
from copydesk.platforms.sandbox.formats import FORMATS, Format
from copydesk.platforms.sandbox.knobs import Knobs
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.platforms.sandbox.reporting import Reporter

_PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"


class SandboxRemote:
    """One account's simulated server. `pause` waits for seconds; `clock` is the server's own;
    `reporter` makes its callbacks."""

    def __init__(
        self,
        ledger: Ledger,
        knobs: Knobs,
        *,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
        reporter: Reporter | None = None,
    ) -> None:
        self._ledger = ledger
        self._knobs = knobs
        self._clock = clock
        self._pause = pause
        self._reporter = reporter

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
        """Answer one call; see `Transport.call`. POST and PUT publish, DELETE removes, GET shows.

        Raises `AnswerLost` as a network would.
        """
        path = urlsplit(url).path
        wire_format = FORMATS["2" if path.startswith("/v2/") else "1"]
        target = path.removeprefix(wire_format.collection).strip("/")
        if method == "GET":
            if target.endswith("/metrics"):
                return await self._count(target.removesuffix("/metrics"))
            if target:
                return await self._show(wire_format, target)
            return await self._list(wire_format, (query or {}).get("key", ""))
        if method == "DELETE":
            entry: dict[str, Any] = {"action": "delete"}
        else:
            entry = wire_format.entry(json_body)
        entry |= {
            **({"id": target} if target else {}),
            "key": (headers or {})["Idempotency-Key"],
            "received_at": self._clock.now().isoformat(),
        }
        return await self._publish(wire_format, entry, timeout)

    async def _publish(self, wire_format: Format, entry: dict[str, Any], timeout: float) -> Reply:
        await self._pause(min(self._knobs.latency, timeout))
        fault = await self._next_fault()
        if fault is not Fault.NONE and fault not in AFTER_ACCEPT:
            return self._turned_away(fault)
        if "id" in entry and await asyncio.to_thread(self._ledger.was_removed, entry["id"]):
            return self._reply(404, {"code": "gone", "message": "this post was removed"})
        kept = await asyncio.to_thread(self._ledger.accept, entry, once=self._knobs.by_key)
        if self._knobs.latency > timeout:
            raise AnswerLost(f"no answer within {timeout:g} s")
        answer = {"id": kept["id"], "is_public": self._is_public(kept)}
        return await self._after_accept(fault, wire_format.show(answer), timeout)

    async def _next_fault(self) -> Fault:
        fault = self._knobs.fault
        if fault is Fault.NONE:
            return fault
        strikes = await asyncio.to_thread(self._ledger.take_fault, fault.value, self._knobs.times)
        return fault if strikes else Fault.NONE

    async def _after_accept(self, fault: Fault, shown: dict[str, Any], timeout: float) -> Reply:
        match fault:
            case Fault.LOST_RESPONSE:
                raise AnswerLost("the connection was reset before the answer arrived")
            case Fault.HANG:
                await self._pause(timeout)
                raise AnswerLost(f"no answer within {timeout:g} s")
            case Fault.ERROR_AFTER_ACCEPT:
                return self._reply(500, {"code": "internal", "message": "something broke"})
            case Fault.GARBAGE:
                return self._raw(201, b'{"id": "\xff\x00')
            case Fault.EMPTY:
                return self._raw(201, b"")
            case _:
                return self._reply(201, shown)

    def _turned_away(self, fault: Fault) -> Reply:
        now, wait = self._clock.now(), self._knobs.retry_after
        match fault:
            case Fault.RESET_BEFORE_ACCEPT:
                raise AnswerLost("the connection was reset")
            case Fault.RATE_LIMITED:
                return self._reply(429, {"code": "rate_limited"}, {"retry-after": str(wait)})
            case Fault.RATE_LIMITED_DATE:
                moment = _http_date(now + timedelta(seconds=wait))
                return self._reply(429, {"code": "rate_limited"}, {"retry-after": moment})
            case Fault.HTML:
                return self._raw(502, _PAGE)
            case Fault.TOKEN_EXPIRED:
                return self._reply(401, {"code": "token_expired"})
            case Fault.TOKEN_REVOKED:
                return self._reply(401, {"code": "token_revoked"})
            case _:
                return self._reply(422, {"code": "refused", "message": "told to refuse this"})

    async def _show(self, wire_format: Format, id: str) -> Reply:
        kept = await asyncio.to_thread(self._ledger.newest, id)
        is_public = kept is not None and self._is_public(kept)
        if kept is not None and is_public and self._knobs.public_after and self._reporter:
            # whoever was told this moment is shown it from the next look on
            is_public = not await self._reporter.tell(kept)
        if not self._knobs.can_find:
            return self._reply(403, {"code": "no_listing"})
        if kept is None:
            return self._reply(404, {"code": "gone", "message": "there is no such post"})
        return self._reply(200, wire_format.show({**kept, "is_public": is_public}))

    async def _count(self, id: str) -> Reply:
        if not self._knobs.can_find:
            return self._reply(403, {"code": "no_listing"})
        if await asyncio.to_thread(self._ledger.newest, id) is None:
            return self._reply(404, {"code": "gone", "message": "there is no such post"})
        posts = await asyncio.to_thread(self._ledger.posts)
        return self._reply(200, {"answers": sum(post.get("answers") == id for post in posts)})

    def _is_public(self, kept: Mapping[str, Any]) -> bool:
        # a line that a person put into the file need not say more than what it is about
        if not self._knobs.public_after or kept.get("action") == "delete":
            return True
        public_at = datetime.fromisoformat(kept["received_at"]) + timedelta(
            seconds=self._knobs.public_after
        )
        return self._clock.now() >= public_at

    async def _list(self, wire_format: Format, key: str) -> Reply:
        if not self._knobs.can_find:
            return self._reply(404, {"code": "no_listing"})
        visible = self._clock.now() - timedelta(seconds=self._knobs.read_delay)
        posts = [
            post
            for post in await asyncio.to_thread(self._ledger.posts)
            if post["key"] == key and datetime.fromisoformat(post["received_at"]) <= visible
        ]
        return self._reply(200, wire_format.show_all(posts))

    def _reply(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply:
        return self._raw(status, json.dumps(body).encode(), headers)

    def _raw(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        date = {"date": _http_date(self._clock.now())}
        return Reply(status=status, headers={**date, **(headers or {})}, body=body)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
