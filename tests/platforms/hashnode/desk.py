"""An account in a fake publication, for the tests here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Published, Ready
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON
from copydesk.testing.fake_hashnode import HOST, FakeHashnode
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content


class Desk:
    """An account in a fake publication, a client of it, and a post to send."""

    def __init__(self, hashnode: FakeHashnode, transport: HttpTransport, home: Path) -> None:
        self.hashnode = hashnode
        self.case: Case = sample_case(
            "hashnode",
            {"base_url": hashnode.url, "publication": HOST},
            {"access_token": hashnode.token},
        )
        self.home = home
        self.client = self.client_over(transport)

    def client_over(self, transport: HttpTransport) -> Client:
        session = self.case.session(ImpatientTransport(transport, 0.5, self.hashnode), self.home)
        return self.case.platform.connect(session)

    def to_send(self, content: Content | None = None, **more: Any) -> Outgoing:
        return self.case.outgoing(content or sample_content(), sent_at=NOON, **more)

    async def prepared(self, content: Content | None = None, **more: Any) -> Outgoing:
        outgoing = self.to_send(content, **more)
        ready = await self.client.prepare(outgoing)
        assert isinstance(ready, Ready), ready
        return replace(outgoing, handles=ready.handles)

    async def published(self, content: Content | None = None) -> Outgoing:
        outgoing = await self.prepared(content)
        outcome = await self.client.commit(outgoing)
        assert isinstance(outcome, Published), outcome
        return replace(outgoing, target_id=outcome.id)

    def sent(self, mutation: str) -> list[dict[str, Any]]:
        """The inputs of every request that named `mutation`."""
        bodies = [json.loads(hit.body) for hit in self.hashnode.hits if hit.path == "/"]
        return [
            body["variables"]["input"]
            for body in bodies
            if f"mutation {mutation}(" in body["query"]
        ]
