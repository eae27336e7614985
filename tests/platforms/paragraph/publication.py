"""A desk with an account on a fake publication."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Published, Ready
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_paragraph import FakeParagraph, Post
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content


class Desk:
    """An account on `publication`, a client of it, and a way to send."""

    def __init__(
        self, publication: FakeParagraph, transport: HttpTransport, home: Path, **settings: str
    ) -> None:
        self.publication = publication
        self.case: Case = sample_case(
            "paragraph", {"base_url": publication.url, **settings}, {"api_key": publication.key}
        )
        self._session = self.case.session(ImpatientTransport(transport, 0.5, publication), home)
        self.client: Client = self.reopened()

    def reopened(self) -> Client:
        """Return a client as another courier run would have it."""
        return self.case.platform.connect(self._session)

    def to_send(self, content: Content | None = None, **more: Any) -> Outgoing:
        """Return a post that nothing was done about yet."""
        return self.case.outgoing(content or sample_content(), sent_at=NOON, **more)

    async def prepared(self, content: Content | None = None, **more: Any) -> Outgoing:
        """Return a post with its draft made."""
        outgoing = self.to_send(content, **more)
        ready = await self.client.prepare(outgoing)
        assert isinstance(ready, Ready), ready
        return replace(outgoing, handles=ready.handles)

    async def published(self, content: Content | None = None, **more: Any) -> Outgoing:
        """Return a post that is public."""
        outgoing = await self.prepared(content, **more)
        outcome = await self.client.commit(outgoing)
        assert isinstance(outcome, Published), outcome
        return replace(outgoing, target_id=outcome.id)

    def post(self, of: Outgoing) -> Post:
        """Return what the publication holds under the draft's id."""
        id = of.handles.get("post_id") or of.target_id
        return next(post for post in self.publication.posts if post.id == id)


@asynccontextmanager
async def open_desk(home: Path, **settings: str) -> AsyncIterator[Desk]:
    """Yield a desk whose publication has an older post and an older draft."""
    transport = HttpTransport(user_agent="copydesk-tests")
    async with FakeParagraph(clock=StoppedClock()) as publication:
        publication.add("Older", slug="older", status="published")
        publication.add("Sketch", slug="sketch", status="draft")
        yield Desk(publication, transport, home, **settings)
    await transport.close()
