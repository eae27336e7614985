"""A server may close a kept connection at the very moment the next request comes on it.

Then nobody can tell from here whether that was read. Whatever a platform offers against repeats,
nothing goes out twice and nothing is lost.
"""

from __future__ import annotations

from functools import partial

import pytest
from aiohttp import web

from copydesk.platforms.kit.manifest import Idempotency
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.proxy import Damage, FaultProxy
from copydesk.testing.faults.rigs import find_rigs
from copydesk.testing.faults.scene import Scene, scene

POSTS = 4

#: A spoke of each kind that makes its calls over HTTP.
SPOKES = {
    Idempotency.NONE: "webhook",
    Idempotency.KEY_HEADER: "mastodon",
    Idempotency.CLIENT_ID: "specimen+client_id",
    Idempotency.NATURAL_KEY: "devto",
    Idempotency.DETECTOR: "linkedin",
}


async def rest(stage: Scene) -> Row:
    engine = stage.engine(await stage.account())
    await engine.run_to_rest()
    return await stage.row()


def test_every_kind_is_tried() -> None:
    assert set(SPOKES) == set(Idempotency)


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("spoke", SPOKES.values())
async def test_a_kept_connection_is_closed_when_the_next_request_comes(
    spoke: str, read: bool, made: Databases
) -> None:
    async with scene(find_rigs()[spoke], "sqlite", Fault.NONE, POSTS, made) as stage:
        async with FaultProxy(stage.rig.address) as proxy:
            stage.address = proxy.address
            # the first exchange of a connection is answered, the next one is its last
            damage = Damage.CUT_RESPONSE if read else Damage.CUT_REQUEST
            proxy.damage(damage, after=0, times=2, every=2)
            row = await rest(stage)
        assert proxy.struck == 2
    assert row.is_good, row
    if spoke != "webhook":
        assert row.held == 0, "the truth can be found"


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("spoke", SPOKES.values())
async def test_a_server_that_closes_every_connection_when_the_second_request_comes(
    spoke: str, read: bool, made: Databases
) -> None:
    """Where each try makes two calls in a row, each would lose the second one anew."""
    async with scene(find_rigs()[spoke], "sqlite", Fault.NONE, POSTS, made) as stage:
        async with FaultProxy(stage.rig.address) as proxy:
            stage.address = proxy.address
            damage = Damage.CUT_RESPONSE if read else Damage.CUT_REQUEST
            proxy.damage(damage, times=1_000, kept=True)
            row = await rest(stage)
        # those that are under way at once are lost together, or each has a connection of its own
        assert proxy.struck <= POSTS
    assert row.is_good, row


@pytest.mark.parametrize("spoke", SPOKES.values())
async def test_a_server_that_closes_each_connection_once_it_has_answered_without_saying_so(
    spoke: str, made: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "AppRunner", partial(web.AppRunner, keepalive_timeout=0.0))
    async with scene(find_rigs()[spoke], "sqlite", Fault.NONE, POSTS, made) as stage:
        row = await rest(stage)
    assert row.is_good, row
