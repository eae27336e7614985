"""Redriving: sending again what had stopped, one or many, with a look first at what would happen.

What may have landed is never sent again with others: only by itself, by a person who says that it
did not land. The rest leaves in bounded batches, spread over time at the pace of its platform, and
whoever is interrupted begins again: what has been redriven does not wait any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.states import IN_REVIEW, MAY_HAVE_LANDED, AccountState, DeliveryState
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.letters import Wanted
from copydesk.work.deliveries.settling import sent_again
from copydesk.work.desk import Desk

#: How many deliveries one transaction moves, and how many one call redrives unless told otherwise.
BATCH = 200
LIMIT = 1000

#: How many of the deliveries looked at are named in the result; all of them are counted.
NAMED = 200

#: What can be redriven; anything else has no need or no right to be sent again.
REDRIVABLE = (
    DeliveryState.FAILED,
    DeliveryState.HELD,
    DeliveryState.BLOCKED,
    DeliveryState.EXPIRED,
)

#: Seconds between two redriven deliveries of an account whose platform declares no pace.
USUAL_GAP = 0.05


class Verdict(StrEnum):
    """What redriving does with a delivery, or why it does nothing."""

    SENT = "sent"
    MAY_HAVE_LANDED = "may-have-landed"
    ACCOUNT_BLOCKED = "account-blocked"
    ACCOUNT_REMOVED = "account-removed"
    IN_REVIEW = "in-review"
    NOT_WAITING = "not-waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One delivery that was looked at. `wake_at` (aware UTC) is when it goes, None if it stays."""

    delivery: Delivery
    account: str
    platform: str
    verdict: Verdict
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What was done, or with `dry_run` what would be. `more` tells that the limit ended it."""

    dry_run: bool
    counts: Mapping[Verdict, int]
    looked: tuple[Looked, ...]
    more: bool


async def redrive(
    desk: Desk,
    wanted: Wanted,
    *,
    ids: Sequence[str] = (),
    did_not_land: bool = False,
    dry_run: bool = False,
    limit: int = LIMIT,
    reason: str = "",
    actor: str,
) -> Redriven:
    """Send the deliveries `ids` again, or without ids those that are `wanted` (default: failed).

    `did_not_land` is a person's word for the one delivery in `ids`. At most `limit` are sent.

    Raises `ContentInvalid` for states that cannot be redriven and for `did_not_land` about several,
    `NotFound` for an unknown id, account, platform or post.
    """
    _check(wanted, ids, did_not_land=did_not_land)
    await _find(desk, wanted)
    work = _Work(desk, did_not_land=did_not_land, why=reason or "redriven")
    more = False
    async for page in _pages(desk, wanted, ids):
        async with desk.store.read() as unit:
            looked = [await work.look(unit, delivery) for delivery in page]
        room = limit - work.counts[Verdict.SENT]
        going = [one for one in looked if one.verdict is Verdict.SENT]
        if len(going) > room:
            more = True
            last = going[room].delivery.id
            looked = [one for one in looked if one.delivery.id < last]
        if not dry_run:
            looked = await work.send(looked, actor)
        work.count(looked)
        if more:
            break
    return Redriven(
        dry_run=dry_run,
        counts={verdict: work.counts[verdict] for verdict in Verdict if work.counts[verdict]},
        looked=tuple(work.named),
        more=more,
    )


@dataclass
class _Work:
    desk: Desk
    did_not_land: bool
    why: str
    counts: Counter[Verdict] = field(default_factory=Counter)
    named: list[Looked] = field(default_factory=list)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _queued: Counter[str] = field(default_factory=Counter)
    _gaps: dict[str, float] = field(default_factory=dict)

    async def look(self, unit: UnitOfWork, delivery: Delivery) -> Looked:
        """Say what redriving means for a delivery."""
        account = self._accounts.get(delivery.account_id)
        if account is None:
            account = await unit.accounts.get(delivery.account_id)
            self._accounts[account.id] = account
            self._gaps[account.id] = gap_of(account)
        verdict = self._judge(delivery, account)
        wake_at = None
        if verdict is Verdict.SENT:
            wake_at = self._slot(account, unit.now)
        return Looked(
            delivery=delivery,
            account=account.name,
            platform=account.platform,
            verdict=verdict,
            wake_at=wake_at,
        )

    async def send(self, looked: Sequence[Looked], actor: str) -> list[Looked]:
        """Move what is to be sent; return all, corrected for what moved meanwhile."""
        going = [one for one in looked if one.verdict is Verdict.SENT]
        try:
            await self._move(going, actor)
        except Conflict:
            # somebody settles one of them at this moment: each for itself
            overtaken = set[str]()
            for one in going:
                try:
                    await self._move([one], actor)
                except Conflict:
                    overtaken.add(one.delivery.id)
            return [_overtaken(one) if one.delivery.id in overtaken else one for one in looked]
        return list(looked)

    def count(self, looked: Sequence[Looked]) -> None:
        """Take deliveries into the result."""
        self.counts.update(one.verdict for one in looked)
        self.named += looked[: NAMED - len(self.named)]

    async def _move(self, going: Sequence[Looked], actor: str) -> None:
        if not going:
            return
        async with self.desk.store.begin(actor) as unit:
            await unit.deliveries.move_all(
                [sent_again(one.delivery, one.wake_at or unit.now, self.why) for one in going]
            )
            await unit.schedules.send_as_told([one.delivery for one in going])

    def _judge(self, delivery: Delivery, account: Account) -> Verdict:
        if delivery.state not in REDRIVABLE:
            return Verdict.NOT_WAITING
        if account.state is AccountState.REMOVED:
            return Verdict.ACCOUNT_REMOVED
        if account.state is AccountState.BLOCKED:
            return Verdict.ACCOUNT_BLOCKED
        if delivery.reason_code == IN_REVIEW:
            return Verdict.IN_REVIEW
        if delivery.reason_code in MAY_HAVE_LANDED and not self.did_not_land:
            return Verdict.MAY_HAVE_LANDED
        return Verdict.SENT

    def _slot(self, account: Account, now: datetime) -> datetime:
        # in order, each somewhere in a slot of its own: ten thousand do not leave at once
        number = self._queued[account.id]
        self._queued[account.id] += 1
        if not number:
            return now
        gap = self._gaps[account.id]
        return now + timedelta(seconds=gap * (number + self.desk.random.uniform(0, 1)))


async def _pages(
    desk: Desk, wanted: Wanted, ids: Sequence[str]
) -> AsyncIterator[Sequence[Delivery]]:
    if ids:
        for start in range(0, len(ids), BATCH):
            async with desk.store.read() as unit:
                page = [await unit.deliveries.get(id) for id in ids[start : start + BATCH]]
            for delivery in page:
                if delivery.workspace_id != desk.workspace_id:
                    raise NotFound.of(f"delivery {delivery.id}")
            yield sorted(page, key=lambda delivery: delivery.id)
        return
    after = ""
    while True:
        async with desk.store.read() as unit:
            page = await unit.letters.waiting(
                desk.workspace_id, _or_failed(wanted), after=after, limit=BATCH
            )
        if page:
            yield page
        after = page.further or (page[-1].id if page else "")
        if not after:
            return


def gap_of(account: Account) -> float:
    """Return the seconds between two redriven deliveries: the safe pace of the platform."""
    try:
        paces = load_platform(account.platform).manifest.pace
    except NotFound:
        return USUAL_GAP
    gaps = [pace.seconds / pace.calls for pace in paces if pace.scope != "endpoint"]
    return max(gaps, default=USUAL_GAP)


def _or_failed(wanted: Wanted) -> Wanted:
    return wanted if wanted.states else replace(wanted, states=(DeliveryState.FAILED,))


def _overtaken(one: Looked) -> Looked:
    return replace(one, verdict=Verdict.NOT_WAITING, wake_at=None)


def _check(wanted: Wanted, ids: Sequence[str], *, did_not_land: bool) -> None:
    findings = [
        Finding(
            code="state_not_redrivable",
            field="state",
            message=f"what is {state} cannot be sent again",
            remedy=f"Use one of: {', '.join(REDRIVABLE)}.",
        )
        for state in wanted.states
        if state not in REDRIVABLE
    ]
    if did_not_land and len(ids) != 1:
        findings.append(
            Finding(
                code="one_by_one",
                field="did_not_land",
                message="only one delivery at a time can be said not to have landed",
                remedy="Name exactly one delivery, after looking at the platform.",
            )
        )
    if findings:
        raise ContentInvalid(findings)


async def _find(desk: Desk, wanted: Wanted) -> None:
    """Raise `NotFound` for what is named and is not there: nothing would fit, and look settled."""
    if wanted.platform:
        load_platform(wanted.platform)
    async with desk.store.read() as unit:
        if wanted.account:
            await unit.accounts.by_name(desk.workspace_id, wanted.account)
        if wanted.post_id:
            await unit.posts.get(wanted.post_id)
