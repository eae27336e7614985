"""An account on a fake LinkedIn, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Pending, Ready
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_linkedin import PAGE, FakeLinkedIn
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content


class Desk:
    """An account, a client of it, and a post to send."""

    def __init__(
        self,
        linkedin: FakeLinkedIn,
        transport: HttpTransport,
        home: Path,
        settings: Mapping[str, str],
    ) -> None:
        self.linkedin = linkedin
        self.clock = linkedin.clock
        self.case: Case = sample_case(
            "linkedin",
            {"base_url": linkedin.url, **settings},
            {"access_token": linkedin.token},
        )
        session = self.case.session(ImpatientTransport(transport, 0.5, linkedin), home)
        self.client: Client = self.case.platform.connect(session)
        self.outgoing = self.to_send()

    def to_send(
        self, content: Content | None = None, *, sent_at: datetime = NOON, **more: Any
    ) -> Outgoing:
        return self.case.outgoing(content or sample_content(), sent_at=sent_at, **more)

    async def prepared(self, outgoing: Outgoing | None = None) -> Outgoing:
        """Return the post with its files on LinkedIn."""
        outgoing = outgoing or self.outgoing
        answer = await self.client.prepare(outgoing)
        while isinstance(answer, Pending):
            outgoing = replace(outgoing, handles=answer.handles)
            answer = await self.client.check(outgoing)
        assert isinstance(answer, Ready), answer
        return replace(outgoing, handles=answer.handles)


@asynccontextmanager
async def a_desk(
    home: Path, *, clock: StoppedClock | None = None, author: str = PAGE, **settings: str
) -> AsyncIterator[Desk]:
    """A desk for a page, or whoever `author` names ("": nobody said)."""
    transport = HttpTransport(user_agent="copydesk-tests")
    given = {**settings, **({"author": author} if author else {})}
    async with FakeLinkedIn(clock=clock or StoppedClock()) as linkedin:
        yield Desk(linkedin, transport, home, given)
    await transport.close()
