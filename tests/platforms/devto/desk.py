"""An account on a fake Forem, for the tests here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Published, Ready
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON
from copydesk.testing.fake_devto import Article, FakeDevto
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content


class Desk:
    """An account on a fake Forem, a client of it, and an article to send."""

    def __init__(self, forem: FakeDevto, transport: HttpTransport, home: Path) -> None:
        self.forem = forem
        self.case: Case = sample_case("devto", {"base_url": forem.url}, {"api_key": forem.key})
        self.home = home
        self.client = self.client_over(transport)

    def client_over(self, transport: HttpTransport) -> Client:
        session = self.case.session(ImpatientTransport(transport, 0.5, self.forem), self.home)
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

    @property
    def public(self) -> list[Article]:
        return [article for article in self.forem.articles if article.published]

    @property
    def writes(self) -> list[str]:
        return [hit.method for hit in self.forem.hits if hit.method != "GET"]
