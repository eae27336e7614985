"""Whatever a platform answers, the receipt is written: what went out must not stay unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    Answer,
    AuthExpired,
    AuthRevoked,
    Duplicate,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.store.tables import storable
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, deliveries
from tests.distribution.scripted import Remote, Scripted
from tests.store.outside import ODD

#: How `ODD` stands in the rows.
SEEN = storable(ODD)

ANSWER = Answer(status=200, vendor_code=ODD, request_id=ODD, raw=ODD * 10)
HANDLE: dict[str, Any] = {
    ODD: [ODD, {"deep": ODD}], "size": float("inf"), "share": float("nan"), "big": 10**400,
}  # fmt: skip

OUTCOMES: dict[str, Outcome] = {
    "published": Published(ODD, f"https://example.org/{ODD}", ANSWER),
    "accepted": Accepted(HANDLE, ANSWER),
    "rate limited": RateLimited(scope=ODD, answer=ANSWER, retry_after=5.0, reason=ODD),
    "refused": Refused(ODD, ODD, ODD, ANSWER),
    "credential expired": AuthExpired(ODD, ANSWER),
    "credential revoked": AuthRevoked(ODD, ANSWER),
    "set up wrongly": Misconfigured(ODD, ODD, ANSWER),
    "there already": Duplicate(ODD, ODD, ANSWER),
    "away": Unavailable(ODD, answer=ANSWER),
    "unknown": Unknown(ODD, ANSWER),
}


async def accounts(desk: Desk, *names: str) -> dict[str, Account]:
    """Add an account for each name, and a post that goes out to all of them."""
    made = {}
    for name in names:
        made[name] = await add_account(
            desk, "scripted", name, settings={}, secrets={}, inbox=True, actor="test"
        )
    await add_posts(desk, "one")
    return made


async def delivery_on(desk: Desk, account: Account) -> Delivery:
    (found,) = [one for one in await deliveries(desk) if one.account_id == account.id]
    return found


@pytest.mark.parametrize("parts", [1, 2])
async def test_every_answer_leaves_its_receipt(desk: Desk, platform: Scripted, parts: int) -> None:
    platform.parts = parts
    for name, account in (await accounts(desk, *OUTCOMES)).items():
        platform.remote.script["commit"] = [OUTCOMES[name], Unavailable("that is all")]
        await carry(desk, account)
        found = await delivery_on(desk, account)
        async with desk.store.read() as unit:
            first, *_ = await unit.deliveries.tries(found.id)
        assert first["outcome"] == type(OUTCOMES[name]).__name__.lower()
        assert first["raw"] == SEEN * 10
        assert found.state != "sending", name


async def test_every_look_at_an_unknown_outcome_is_written_down(
    desk: Desk, clock: StoppedClock, remote: Remote
) -> None:
    looks: dict[str, Existence] = {
        "landed": Landed(ODD, ODD, ODD),
        "absent": Absent(ODD),
        "inconclusive": Inconclusive(ODD),
    }
    for name, account in (await accounts(desk, *looks)).items():
        remote.script["commit"] = [Unknown("lost")]
        remote.script["find"] = [looks[name]]
        await carry(desk, account)
        clock.advance(3600)
        await carry(desk, account)
        async with desk.store.read() as unit:
            look, *_ = await unit.letters.looks((await delivery_on(desk, account)).id)
        assert (look.found, look.evidence) == (name, SEEN[:1000])


@pytest.mark.parametrize("step", ["prepare", "check"])
async def test_every_answer_to_preparing_and_to_asking_again_is_taken(
    desk: Desk, clock: StoppedClock, remote: Remote, step: str
) -> None:
    answers = {**OUTCOMES, "pending": Pending(5.0, HANDLE)}
    for name, account in (await accounts(desk, *answers)).items():
        # what was accepted is asked about
        remote.script = {"commit": [Accepted({"job": "7"})], step: [answers[name]]}
        for _ in range(2):
            await carry(desk, account)
            clock.advance(3600)
        assert not remote.script[step], name
        assert (await delivery_on(desk, account)).state != "sending", name


@pytest.mark.parametrize("asked", [1e300, float("inf"), float("nan"), -1e300])
async def test_a_wait_without_sense_is_kept_within_reason(
    desk: Desk, platform: Scripted, clock: StoppedClock, asked: float
) -> None:
    answers: dict[str, RateLimited | Unavailable | Pending] = {
        "rate limited": RateLimited(retry_after=asked),
        "away": Unavailable("away", retry_after=asked),
        "preparing": Pending(retry_after=asked),
        "accepted": Pending(retry_after=asked),
    }
    for name, account in (await accounts(desk, *answers)).items():
        step = "prepare" if name == "preparing" else "commit"
        platform.remote.script[step] = [answers[name]]
        if name == "accepted":
            platform.remote.script |= {"commit": [Accepted({"id": 1})], "check": [answers[name]]}
            await carry(desk, account)
            clock.advance(60)
        await carry(desk, account)
        found = await delivery_on(desk, account)
        assert found.state in {"scheduled", "snoozed"}, name
        assert found.wake_at is not None
        assert found.wake_at - clock.now() <= timedelta(days=7), name
