"""A server that counts what a courier's calls come to, and the scripted platform's way to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import Existence, Inconclusive, Outcome, Published
from copydesk.platforms.kit.classify import ErrorTable
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk


def pace(calls: int, seconds: int, **more: Any) -> Pace:
    return Pace.model_validate(
        {"calls": calls, "seconds": seconds, "source": "a test", "checked": NOON.date(), **more}
    )


@dataclass
class StrictPlatform:
    """Counts what reaches it: calls over its limit, and calls while it had asked to be left alone.

    `limit` calls in `seconds`; `refusals` are the answers to come before it behaves again.
    """

    clock: StoppedClock
    limit: int = 10**6
    seconds: float = 60.0
    calls: list[tuple[datetime, str, str]] = field(default_factory=list)
    #: the deliveries' keys, in the order in which they came
    keys: list[str] = field(default_factory=list)
    refusals: list[Reply] = field(default_factory=list)
    closed_at: datetime | None = None
    closed_until: datetime | None = None
    over: int = 0
    simultaneous: int = 0
    during_429: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        now = self.clock.now()
        await asyncio.sleep(0)
        if self.closed_at is not None and self.closed_until is not None:
            # calls of the same instant were on their way when the refusal was
            self.simultaneous += now == self.closed_at
            self.during_429 += self.closed_at < now < self.closed_until
        self.calls.append((now, method, url))
        if key := (content.get("json_body") or {}).get("key"):
            self.keys.append(key)
        since = now - timedelta(seconds=self.seconds)
        if sum(at > since for at, _, _ in self.calls) > self.limit:
            self.over += 1
        if self.refusals:
            refusal = self.refusals.pop(0)
            self.closed_at = now
            asked = refusal.headers["retry-after"]
            self.closed_until = now + timedelta(seconds=int(asked) if asked.isdigit() else 0)
            return refusal
        return Reply(status=200, headers=self.headers, body=b'{"id": "1"}')


class HttpClient(Client):
    """Publishes by one POST and looks by one GET."""

    def __init__(self, session: Session) -> None:
        table: ErrorTable = {}
        self._wire = Wire(
            session.transport,
            base="https://platform.test",
            table=table,
            read_error=lambda reply: ("", ""),
            timeout=5.0,
        )

    async def commit(self, outgoing: Outgoing) -> Outcome:
        if outgoing.action is Action.DELETE:
            reply = await self._wire.write("DELETE", "/v1/posts/1")
        else:
            reply = await self._wire.write("POST", "/v1/posts", json_body={"key": outgoing.key})
        return Published("1") if isinstance(reply, Reply) else reply

    async def find(self, outgoing: Outgoing) -> Existence:
        reply = await self._wire.read("GET", "/v1/posts")
        return Inconclusive("not told" if isinstance(reply, Reply) else "not asked")

    async def test(self) -> Outcome:
        reply = await self._wire.read("GET", "/v1/me")
        return Published("me") if isinstance(reply, Reply) else reply


async def add(desk: Desk, name: str) -> Account:
    return await add_account(
        desk, "scripted", name, settings={}, secrets={}, inbox=True, actor="test"
    )
