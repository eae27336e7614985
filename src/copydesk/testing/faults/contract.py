"""What every client must do when its platform misbehaves, as a test class to inherit from.

    class TestMineUnderFaults(FaultContract):
        @pytest.fixture
        async def rig(self, tmp_path): ...

Each lie is told to one publishing call. The server's own record then shows whether the post is
there, and how often: exactly once after reconciling, whatever happened on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import (
    Absent,
    AuthExpired,
    AuthRevoked,
    Landed,
    Published,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.contract import Client
from copydesk.testing.loopback import RETRY_AFTER, Lie, LoopbackServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A client on a lying server, something to publish, and the server's count of it.

    `outgoing` must have been prepared. `repeatable` says that a repeat with the same key is safe.
    """

    client: Client
    server: LoopbackServer
    outgoing: Outgoing
    landed: Callable[[], int]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    repeatable: bool = False


class FaultContract:
    """The outcome of every fault, and one post in the end. Give a `rig` fixture."""

    @pytest.mark.parametrize("lie", [Lie.RESET_AFTER_ACCEPT, Lie.ERROR_AFTER_ACCEPT, Lie.HANG])
    async def test_lost_answer_is_unknown_and_then_found(self, rig: Rig, lie: Lie) -> None:
        rig.server.lie(lie)
        assert isinstance(await rig.client.commit(rig.outgoing), Unknown)
        assert isinstance(await rig.client.find(rig.outgoing), Landed)
        assert rig.landed() == 1

    @pytest.mark.parametrize("lie", [Lie.GARBAGE, Lie.EMPTY])
    async def test_unreadable_success_is_never_a_failure(self, rig: Rig, lie: Lie) -> None:
        rig.server.lie(lie)
        outcome = await rig.client.commit(rig.outgoing)
        assert isinstance(outcome, Unknown | Published), outcome
        assert isinstance(await rig.client.find(rig.outgoing), Landed)
        assert rig.landed() == 1

    @pytest.mark.parametrize("lie", [Lie.RESET_BEFORE_ACCEPT, Lie.HTML])
    async def test_doubt_is_unknown_and_then_absent(self, rig: Rig, lie: Lie) -> None:
        rig.server.lie(lie)
        assert isinstance(await rig.client.commit(rig.outgoing), Unknown)
        assert isinstance(await rig.client.find(rig.outgoing), Absent)
        assert isinstance(await rig.client.commit(rig.outgoing), Published)
        assert rig.landed() == 1

    @pytest.mark.parametrize("lie", [Lie.RATE_LIMITED, Lie.RATE_LIMITED_DATE])
    async def test_rate_limit_says_how_long(self, rig: Rig, lie: Lie) -> None:
        rig.server.lie(lie)
        outcome = await rig.client.commit(rig.outgoing)
        assert isinstance(outcome, RateLimited)
        assert outcome.retry_after == RETRY_AFTER
        assert rig.landed() == 0

    async def test_repeat_with_the_same_key_makes_no_second_post(self, rig: Rig) -> None:
        if not rig.repeatable:
            pytest.skip("this account does not promise to recognise a repeated key")
        rig.server.lie(Lie.RESET_AFTER_ACCEPT)
        await rig.client.commit(rig.outgoing)
        assert isinstance(await rig.client.commit(rig.outgoing), Published)
        assert rig.landed() == 1

    async def test_unreachable_is_certainly_not_applied(self, rig: Rig) -> None:
        await rig.server.stop()
        assert isinstance(await rig.client.commit(rig.outgoing), Unavailable)
        assert isinstance(await rig.client.test(), Unavailable)

    async def test_evidence_hides_secrets(self, rig: Rig) -> None:
        rig.server.lie(Lie.ECHO)
        outcome = await rig.client.commit(rig.outgoing)
        assert not isinstance(outcome, AuthExpired | AuthRevoked | Published)
        assert isinstance(outcome, Refused)
        for secret in rig.secrets:
            assert secret not in repr(outcome)
