"""What every client that removes and looks again must do, as a test class to inherit from.

    class TestMineAfterwards(AftercareContract):
        @pytest.fixture
        async def rig(self, tmp_path): ...

A post is published, then left alone, changed or removed on the platform itself, and removed by us,
also when the server lies about it. What the server has is asked of the server, not of the client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import Absent, Landed, Published, Unavailable, Unknown
from copydesk.core.standing import AsPublished, Changed, Gone
from copydesk.platforms.kit.contract import Client
from copydesk.testing.loopback import Lie, LoopbackServer

Deed = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """A client, a prepared post, and what other people may do with it on the platform by its id.

    `there` tells whether the platform has the post. `server` is None where nothing can lie.
    """

    client: Client
    outgoing: Outgoing
    change: Deed
    remove: Deed
    there: Callable[[str], bool]
    server: LoopbackServer | None = None

    async def publish(self) -> Outgoing:
        """Publish the post; return it with the platform's id of it."""
        outcome = await self.client.commit(self.outgoing)
        assert isinstance(outcome, Published), outcome
        return replace(self.outgoing, target_id=outcome.id)

    def removal(self, of: Outgoing) -> Outgoing:
        """Return what removes a published post."""
        key = f"{of.key[:-1]}{'0' if of.key[-1] != '0' else '1'}"
        return replace(of, action=Action.DELETE, key=key, delivery_id="dlv_01kbk7remove")


class AftercareContract:
    """Deleting and looking again. Give a `rig` fixture that returns `Afterwards`."""

    async def test_what_nobody_touched_stands_as_published(self, rig: Afterwards) -> None:
        assert isinstance(await rig.client.inspect(await rig.publish()), AsPublished)

    async def test_a_change_made_there_is_seen_and_named(self, rig: Afterwards) -> None:
        post = await rig.publish()
        await rig.change(post.target_id)
        standing = await rig.client.inspect(post)
        assert isinstance(standing, Changed), standing
        assert standing.what.strip()

    async def test_what_was_removed_there_is_gone(self, rig: Afterwards) -> None:
        post = await rig.publish()
        await rig.remove(post.target_id)
        assert isinstance(await rig.client.inspect(post), Gone)

    async def test_deleting_removes_it_and_may_be_repeated(self, rig: Afterwards) -> None:
        post = await rig.publish()
        removal = rig.removal(post)
        assert isinstance(await rig.client.find(removal), Absent)
        assert rig.there(post.target_id)
        assert isinstance(await rig.client.commit(removal), Published)
        assert not rig.there(post.target_id)
        assert isinstance(await rig.client.find(removal), Landed)
        assert isinstance(await rig.client.commit(removal), Published)
        assert isinstance(await rig.client.inspect(post), Gone)

    async def test_deleting_what_is_gone_already_is_done(self, rig: Afterwards) -> None:
        post = await rig.publish()
        await rig.remove(post.target_id)
        outcome = await rig.client.commit(rig.removal(post))
        assert isinstance(outcome, Published)
        assert outcome.id == post.target_id

    @pytest.mark.parametrize("lie", [Lie.ERROR_AFTER_ACCEPT, Lie.RESET_AFTER_ACCEPT])
    async def test_a_removal_whose_answer_was_lost_is_found(
        self, rig: Afterwards, lie: Lie
    ) -> None:
        if rig.server is None:
            pytest.skip("there is no server that could lie")
        post = await rig.publish()
        removal = rig.removal(post)
        rig.server.lie(lie)
        assert isinstance(await rig.client.commit(removal), Unknown)
        assert isinstance(await rig.client.find(removal), Landed)

    @pytest.mark.parametrize("lie", [Lie.RESET_BEFORE_ACCEPT, Lie.HTML, Lie.HTML_OK])
    async def test_a_removal_that_did_not_arrive_is_not_believed(
        self, rig: Afterwards, lie: Lie
    ) -> None:
        if rig.server is None:
            pytest.skip("there is no server that could lie")
        post = await rig.publish()
        removal = rig.removal(post)
        rig.server.lie(lie)
        assert isinstance(await rig.client.commit(removal), Unknown | Unavailable)
        assert isinstance(await rig.client.find(removal), Absent)
        assert rig.there(post.target_id)
