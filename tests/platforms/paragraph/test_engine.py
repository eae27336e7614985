"""Paragraph through the engine: somebody edits a post between our look at it and our update."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from copydesk.core.account import Account
from copydesk.core.outcomes import Inconclusive
from copydesk.core.standing import Changed, Standing
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import Reply, Transport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_paragraph import FakeParagraph
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.inspecting import inspect_now
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry_to_rest, deliveries
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


async def letters(desk: Desk, publication: FakeParagraph) -> Account:
    return await add_account(
        desk,
        "paragraph",
        "letters",
        settings={"base_url": publication.url},
        secrets={"api_key": publication.key},
        inbox=False,
        actor="test",
    )


async def test_an_edit_made_after_the_look_holds_the_update(
    desk: Desk, clock: StoppedClock
) -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with FakeParagraph(clock=clock) as publication:
        somebody = EditedAfterALook(transport, publication)
        online = replace(desk, transport=somebody)
        account = await letters(online, publication)
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


class LookedAtInBetween(EditedAfterALook):
    """The same, where another process looks at the post as soon as it was edited."""

    def __init__(self, inner: Transport, publication: FakeParagraph, other: Desk) -> None:
        super().__init__(inner, publication)
        self._other = other
        self.found: list[Standing] = []

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        was_awake = self.is_awake
        reply = await super().call(method, url, **content)
        if was_awake and not self.is_awake:
            (first, *_) = await deliveries(self._other)
            self.found += [
                s.standing for s in await inspect_now(self._other, [first.id], actor="web")
            ]
        return reply


async def test_nor_is_it_overwritten_where_another_process_looks_at_it_meanwhile(
    desk: Desk, clock: StoppedClock
) -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with FakeParagraph(clock=clock) as publication:
        somebody = LookedAtInBetween(transport, publication, replace(desk, transport=transport))
        online = replace(desk, transport=somebody)
        account = await letters(online, publication)
        await publish(online, manuscript(), [account.name], actor="test")
        await carry_to_rest(online, account, clock)
        somebody.is_awake = True
        await publish(online, manuscript("We open on Monday."), [account.name], actor="test")
        first, update = await carry_to_rest(online, account, clock)
        assert [post.markdown for post in publication.public] == [EDITED]
        assert (update.state, update.reason_code) == (DeliveryState.HELD, "changed_there")
        # it says nothing while somebody sends there, and looks as soon as nobody does
        assert [type(standing) for standing in somebody.found] == [Inconclusive]
        (seen,) = await inspect_now(online, [first.id], actor="web")
        assert isinstance(seen.standing, Changed)
    await transport.close()
