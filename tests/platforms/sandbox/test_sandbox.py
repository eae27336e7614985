"""The sandbox misbehaves exactly as told, and its file tells what it took."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthExpired,
    AuthRevoked,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Refused,
    Unknown,
)
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.sandbox import Sandbox
from copydesk.platforms.sandbox.faults import Fault
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.contract import ClosedTransport, PlatformContract
from copydesk.testing.samples import Case, sample_case, sample_content


class TestSandbox(PlatformContract):
    name = "sandbox"


class Desk:
    """A sandbox account on a stopped clock, and the lines in its file."""

    def __init__(self, home: Path, **knobs: str) -> None:
        self.clock = StoppedClock()
        self.home = home
        self.case: Case = sample_case("sandbox", knobs)
        self.client = self.connect()
        self.outgoing: Outgoing = self.case.outgoing(sample_content(), sent_at=NOON)

    def connect(self) -> Client:
        platform = Sandbox(clock=self.clock, pause=self.clock.pause)
        return platform.connect(self.case.session(ClosedTransport(), self.home))

    @property
    def file(self) -> Path:
        return self.home / "sandbox" / f"{self.case.account.id}.jsonl"

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    async def publish(self) -> Outcome:
        return await self.client.commit(self.outgoing)

    async def find(self) -> Existence:
        return await self.client.find(self.outgoing)


@pytest.mark.parametrize(
    ("fault", "outcome", "existence", "kept"),
    [
        (Fault.NONE, Published, Landed, 1),
        (Fault.LOST_RESPONSE, Unknown, Landed, 1),
        (Fault.ERROR_AFTER_ACCEPT, Unknown, Landed, 1),
        (Fault.HANG, Unknown, Landed, 1),
        (Fault.GARBAGE, Unknown, Landed, 1),
        (Fault.EMPTY, Unknown, Landed, 1),
        (Fault.RESET_BEFORE_ACCEPT, Unknown, Absent, 0),
        (Fault.HTML, Unknown, Absent, 0),
        (Fault.RATE_LIMITED, RateLimited, Absent, 0),
        (Fault.RATE_LIMITED_DATE, RateLimited, Absent, 0),
        (Fault.TOKEN_EXPIRED, AuthExpired, Absent, 0),
        (Fault.TOKEN_REVOKED, AuthRevoked, Absent, 0),
        (Fault.REFUSED, Refused, Absent, 0),
    ],
)
async def test_every_fault(
    tmp_path: Path, fault: Fault, outcome: type, existence: type, kept: int
) -> None:
    desk = Desk(tmp_path, fault=fault)
    assert type(await desk.publish()) is outcome
    assert type(await desk.find()) is existence
    assert len(desk.lines()) == kept


def test_no_fault_is_left_untested() -> None:
    marks = test_every_fault.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(Fault)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.RATE_LIMITED_DATE])
async def test_rate_limit_names_the_wait(tmp_path: Path, fault: Fault) -> None:
    outcome = await Desk(tmp_path, fault=fault, retry_after="90").publish()
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == 90
    assert outcome.until == NOON + timedelta(seconds=90)


async def test_faults_are_counted_across_restarts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, fault="refused", times="2")
    assert isinstance(await desk.publish(), Refused)
    desk.client = desk.connect()
    assert isinstance(await desk.publish(), Refused)
    desk.client = desk.connect()
    assert isinstance(await desk.publish(), Published)
    assert len(desk.lines()) == 1


async def test_a_repeated_key_makes_a_second_post_unless_told_otherwise(tmp_path: Path) -> None:
    plain, keyed = Desk(tmp_path / "a"), Desk(tmp_path / "b", idempotency="key")
    for desk in (plain, keyed):
        await desk.publish()
        desk.client = desk.connect()
        await desk.publish()
    assert (len(plain.lines()), len(keyed.lines())) == (2, 1)


def test_the_account_says_what_its_knobs_promise() -> None:
    keyed = sample_case("sandbox", {"idempotency": "key", "find": "no", "read_delay": "4"})
    plain = sample_case("sandbox")
    assert keyed.platform.idempotency(keyed.account) is Idempotency.KEY_HEADER
    assert plain.platform.idempotency(plain.account) is Idempotency.NONE
    assert keyed.platform.reconcile(keyed.account).find is False
    assert keyed.platform.reconcile(keyed.account).delay == 4
    assert plain.platform.reconcile(plain.account).find is True


async def test_without_find_nothing_is_claimed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, fault="lost_response", find="no")
    await desk.publish()
    assert isinstance(await desk.find(), Inconclusive)


async def test_absence_is_not_claimed_before_a_post_would_show(tmp_path: Path) -> None:
    desk = Desk(tmp_path, fault="lost_response", read_delay="10")
    await desk.publish()
    early = await desk.find()
    assert early == Inconclusive(
        "a new post is not listed yet", retry_at=NOON + timedelta(seconds=10)
    )
    desk.clock.advance(10)
    assert isinstance(await desk.find(), Landed)
    absent = Desk(tmp_path / "other", fault="reset_before_accept", read_delay="10")
    await absent.publish()
    absent.clock.advance(10)
    assert isinstance(await absent.find(), Absent)


async def test_latency_and_hanging_take_the_remotes_time(tmp_path: Path) -> None:
    slow = Desk(tmp_path / "slow", latency_ms="250")
    await slow.publish()
    assert slow.clock.monotonic() == 0.25
    hanging = Desk(tmp_path / "hang", fault="hang", timeout_ms="2000")
    await hanging.publish()
    assert hanging.clock.monotonic() == 2.0


async def test_slower_than_our_patience_is_unknown_though_it_landed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, latency_ms="5000", timeout_ms="1000")
    assert isinstance(await desk.publish(), Unknown)
    assert len(desk.lines()) == 1


async def test_an_update_names_the_post_it_changes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = await desk.publish()
    assert isinstance(first, Published)
    desk.outgoing = desk.case.outgoing(
        sample_content("Changed."), sent_at=NOON, action=Action.UPDATE, target_id=first.id, key="k2"
    )
    assert await desk.publish() == Published(first.id, answer=(await desk.publish()).answer)
    assert [line["action"] for line in desk.lines()] == ["create", "update", "update"]


async def test_a_line_torn_by_a_crash_spoils_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.publish()
    with desk.file.open("ab") as handle:
        handle.write(b'{"id": "2", "key": "to')
    desk.client = desk.connect()
    desk.outgoing = desk.case.outgoing(sample_content(), sent_at=NOON, key="another")
    assert isinstance(await desk.publish(), Published)
    desk.client = desk.connect()
    assert isinstance(await desk.find(), Landed)
    assert len(Ledger(tmp_path / "sandbox", desk.case.account.id).posts()) == 2


def _write(folder: Path, writer: int) -> None:
    ledger = Ledger(folder, "acc")
    for number in range(20):
        ledger.accept({"key": f"{number}", "writer": writer}, once=True)


def test_two_processes_keep_one_post_for_each_key(tmp_path: Path) -> None:
    start: Callable[..., multiprocessing.Process] = multiprocessing.get_context("spawn").Process  # type: ignore[assignment]
    writers = [start(target=_write, args=(tmp_path, number)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    posts = Ledger(tmp_path, "acc").posts()
    assert sorted(int(post["key"]) for post in posts) == list(range(20))
    assert len({post["id"] for post in posts}) == 20


@pytest.mark.parametrize("key", ["times", "latency_ms", "retry_after", "read_delay", "timeout_ms"])
@pytest.mark.parametrize("value", ["-1", "often", "nan"])
def test_knobs_must_be_numbers(key: str, value: str) -> None:
    findings = Sandbox().check_settings({key: value}, {})
    assert [finding.field for finding in findings] == [key]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"callback_url": "/hooks/acc_1", "callback_secret": "whsec_c2VjcmV0"}, "callback_url"),
        ({"callback_url": "http://127.0.0.1:1/hooks/acc_1"}, "callback_secret"),
        ({"callback_secret": "whsec_!"}, "callback_secret"),
        ({"public_after": "soon"}, "public_after"),
    ],
)
def test_what_could_never_call_back_is_refused_by_name(
    settings: dict[str, str], field: str
) -> None:
    assert [finding.field for finding in Sandbox().check_settings(settings, {})] == [field]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_what_is_not_public_yet_is_accepted_in_both_formats(
    tmp_path: Path, version: str
) -> None:
    desk = Desk(tmp_path, public_after="30")
    desk.outgoing = replace(desk.outgoing, api_version=version)
    accepted = await desk.publish()
    assert isinstance(accepted, Accepted)
    taken = replace(desk.outgoing, handles=accepted.handle)
    assert isinstance(await desk.client.check(taken), Pending)
    desk.clock.advance(30)
    public = await desk.client.check(taken)
    assert isinstance(public, Published)
    assert len(desk.lines()) == 1
