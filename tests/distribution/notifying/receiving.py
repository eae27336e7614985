"""A receiver that believes nobody: it verifies with somebody else's library and keeps what it got,
and lies on demand."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook as Judge

from copydesk.core.webhook import Attempt, Webhook
from copydesk.distribution.notifying import Horizon, Notifier, NotifierTools
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.wary import WaryTransport
from copydesk.testing.loopback import LoopbackServer
from copydesk.work.desk import Desk
from copydesk.work.webhooks import add_webhook, webhook_secret


class Receiver(LoopbackServer):
    """`script` holds the answers to come: a status, or something that makes one; then 204.

    `refuses` are subjects answered 500 for as long as they are in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""
        self.messages: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.script: list[int | web.Response | str] = []
        self.refuses: set[str] = set()
        self.tried: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hook", self._take), web.post("/elsewhere", self._elsewhere)]

    @property
    def subjects(self) -> list[str]:
        return [message["data"]["id"] for message in self.messages]

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    def count(self) -> Counter[str]:
        return Counter(self.ids)

    async def _elsewhere(self, request: web.Request) -> web.Response:
        raise AssertionError("a redirect was followed")

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            for _ in range(3):  # whoever else is at the door comes in
                await asyncio.sleep(0)
            return await self._answer_to(request)
        finally:
            self.at_once -= 1

    async def _answer_to(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.secret and not self._believes(request, body):
            return web.Response(status=401, text="not signed by whom I know")
        message = json.loads(body)
        subject = message["data"]["id"]
        self.tried.append(subject)
        step = self.script.pop(0) if self.script else 204
        if subject in self.refuses:
            step = 500
        if step == "hang":
            await self._silence.wait()
            return web.Response()
        if step == "drip":
            return await self._trickle(request)
        if step == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        answer = step if isinstance(step, web.Response) else web.Response(status=int(step))
        if 200 <= answer.status < 300:
            self.messages.append(message)
            self.ids.append(request.headers["webhook-id"])
        return answer

    def _believes(self, request: web.Request, body: bytes) -> bool:
        # not `verify`: it compares with the machine's clock, and tests live at their own time
        sent_at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
        expected = Judge(self.secret).sign(request.headers["webhook-id"], sent_at, body.decode())
        return expected in request.headers["webhook-signature"].split()

    async def _trickle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not self._silence.is_set():
            await response.write(b".")
            await asyncio.sleep(0.01)
        return response


class Calling(WaryTransport):
    """What webhooks are told over, with the connections it has open."""

    def __init__(self, *, public_only: bool = False) -> None:
        self.connections = HttpTransport(user_agent="test", public_only=public_only)
        super().__init__(self.connections)


def listening(desk: Desk) -> Desk:
    """The desk with transports that really call; close them with `hang_up`."""
    return replace(desk, public=Calling(public_only=True), private=Calling())


async def hang_up(desk: Desk) -> None:
    for transport in (desk.public, desk.private):
        assert isinstance(transport, Calling)
        await transport.connections.close()


async def subscribe(desk: Desk, receiver: Receiver, *patterns: str) -> Webhook:
    """Add a webhook to the receiver, which learns the secret."""
    async with desk.store.begin("test") as unit:
        webhook = await add_webhook(
            unit, desk, f"{receiver.url}/hook", patterns=patterns, allow_private=True
        )
        receiver.secret = await webhook_secret(unit, desk, webhook)
    return webhook


async def happen(
    desk: Desk, *subjects: str, noun: str = "delivery", to: str = "delivered"
) -> list[int]:
    """Let something happen to each subject, each in a transaction of its own."""
    sequences = []
    for subject in subjects:
        async with desk.store.begin("test") as unit:
            await unit.events.append(desk.workspace_id, noun, subject, "sending", to, reason="so")
            sequences.append(await unit.events.newest())
    return sequences


def tools(desk: Desk, horizon: Horizon | None = None, owner: str = "worker/1") -> NotifierTools:
    return NotifierTools(
        store=desk.store,
        vault=desk.vault,
        transport=desk.public,
        private=desk.private,
        horizon=horizon or Horizon(desk.store),
        owner=owner,
        random=desk.random,
    )


async def notify(desk: Desk, webhook: Webhook, horizon: Horizon | None = None) -> int:
    """Run one notifier; one that spins without end is a failure, not a hanging test."""
    async with asyncio.timeout(60):
        return await Notifier(tools(desk, horizon), webhook.id).run()


async def now(desk: Desk, webhook: Webhook) -> Webhook:
    async with desk.store.read() as unit:
        return await unit.webhooks.get(webhook.id)


async def log(desk: Desk, webhook: Webhook) -> list[Attempt]:
    """The tries, oldest first."""
    async with desk.store.read() as unit:
        return (await unit.messages.attempts(webhook.id, limit=500))[::-1]
