"""An account on a fake server, a client of it, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from copydesk.core.delivery import Outgoing, part_key
from copydesk.core.outcomes import Outcome, Published, Ready
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON
from copydesk.testing.fake_bluesky import FakeBluesky
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content


class Sky:
    """An account with a session."""

    def __init__(self, server: FakeBluesky, transport: HttpTransport, home: Path) -> None:
        self.server = server
        self.home = home
        self.transport = ImpatientTransport(transport, 0.5, server)
        settings = {"base_url": server.url, "identifier": server.handle}
        secrets = {"app_password": server.password, **server.session()}
        self.case = sample_case("bluesky", settings, {"app_password": server.password})
        self.case = replace(self.case, secrets=secrets)
        self.client = self.connect()

    def connect(self, secrets: Mapping[str, str] | None = None) -> Client:
        """Return a client with other secrets."""
        case: Case = replace(self.case, secrets=secrets or self.case.secrets)
        return case.platform.connect(case.session(self.transport, self.home))

    def to_send(self, content: Content | None = None, **more: Any) -> Outgoing:
        """Return what is sent for `content` for the first time."""
        return self.case.outgoing(content or sample_content(), sent_at=NOON, **more)

    async def ready(self, outgoing: Outgoing) -> Outgoing:
        """Return `outgoing` prepared, as the engine does before a first try."""
        found = await self.client.prepare(replace(outgoing, first_sent_at=None))
        assert isinstance(found, Ready), found
        handles = json.loads(json.dumps(found.handles))
        return replace(outgoing, handles=handles)

    async def publish(self, content: Content) -> Published:
        """Prepare and commit a post of one part."""
        outcome = await self.client.commit(await self.ready(self.to_send(content)))
        assert isinstance(outcome, Published), outcome
        return outcome

    async def publish_thread(self, outgoing: Outgoing) -> list[Outcome]:
        """Prepare and commit every part, as the engine does."""
        key = outgoing.key
        out: list[dict[str, str]] = []
        outcomes: list[Outcome] = []
        for number in range(len(outgoing.payload["parts"])):
            part = replace(
                outgoing,
                key=part_key(key, number),
                handles={**outgoing.handles, "parts": list(out)},
            )
            part = await self.ready(part)
            outcome = await self.client.commit(part)
            outcomes.append(outcome)
            assert isinstance(outcome, Published), outcome
            out.append({"id": outcome.id, "url": outcome.url})
            outgoing = replace(outgoing, handles=part.handles)
        return outcomes


def thread(*texts: str, **more: Any) -> Content:
    """Return a post that is a thread of these texts on Bluesky."""
    return replace(sample_content(), overrides={"bluesky": {"parts": list(texts), **more}})
