"""Paragraph through the engine: somebody edits a post between our look at it and our update."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import Reply, Transport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_paragraph import FakeParagraph
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry_to_rest
from tests.distribution.test_aftercare import manuscript

EDITED = "Edited in the editor."


class EditedAfterALook:
    """`Transport` over `inner` behind which somebody edits the post as soon as it was looked at."""

    def __init__(self, inner: Transport, publication: FakeParagraph) -> None:
        self._inner = inner
        self._publication = publication
        self.is_awake = False

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        reply = await self._inner.call(method, url, **content)
        id = url.rpartition("/posts/")[2]
        if self.is_awake and method == "GET" and id.startswith("post-"):
            self.is_awake = False
            self._publication.edit(id, EDITED)
        return reply


async def test_an_edit_made_after_the_look_holds_the_update(
    desk: Desk, clock: StoppedClock
) -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with FakeParagraph(clock=clock) as publication:
        somebody = EditedAfterALook(transport, publication)
        online = replace(desk, transport=somebody)
        account = await add_account(
            online,
            "paragraph",
            "letters",
            settings={"base_url": publication.url},
            secrets={"api_key": publication.key},
            inbox=False,
            actor="test",
        )
        await publish(online, manuscript(), [account.name], actor="test")
        await carry_to_rest(online, account, clock)
        somebody.is_awake = True
        await publish(online, manuscript("We open on Monday."), [account.name], actor="test")
        *_, update = await carry_to_rest(online, account, clock)
        assert (update.state, update.reason_code) == (DeliveryState.HELD, "changed_there")
        assert [post.markdown for post in publication.public] == [EDITED]

        async with online.store.begin("test") as unit:
            await decide_delivery(unit, update.id, Decision.SEND)
        *_, update = await carry_to_rest(online, account, clock)
        assert update.state is DeliveryState.DELIVERED
        assert "Monday" in publication.public[0].markdown
    await transport.close()
