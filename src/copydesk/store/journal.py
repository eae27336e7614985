"""The journal: what all couriers of a process hand in together is committed together (ADR 0013).

One writer takes what has gathered, proves the leases, holds every step against the state its
delivery is in, and writes what passes in one transaction. An entry is written whole or not at all,
and one that is not admitted takes no other with it. Should a group fail, each of its entries gets a
transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import structlog

from copydesk.core.account import Lease
from copydesk.core.delivery import Intent, Receipt
from copydesk.core.errors import Conflict, StoreUnavailable
from copydesk.core.record import record
from copydesk.core.states import check_transition
from copydesk.store.accounts import HOLD, RELEASE, TAKE, lease_lost, leases
from copydesk.store.bulk import Bulk
from copydesk.store.deliveries import Change, moved_meanwhile, standing
from copydesk.store.prepared import Prepared, Question, Row
from copydesk.store.tables import deliveries, events, intents, receipts
from copydesk.store.transactions import Ask, Put, Speak, Steps, speaking

if TYPE_CHECKING:
    from copydesk.store.engine import Store

_log = structlog.get_logger(__name__)

#: How many steps share a transaction: others wait no longer than this many take.
MOST = 1000

#: For how many seconds the writer keeps its connection when nobody hands anything in.
LINGER = 0.1

#: For how many seconds a group that had to give way stays away before it is written again.
GIVING_WAY = 0.05

#: What a transaction writes: rows by statement.
Rows = list[tuple[Prepared | Bulk, list[Row]]]

_EVENT = tuple(column.name for column in events.c if column.name != "sequence")
_INTENT = tuple(column.name for column in intents.c)
_RECEIPT = tuple(column.name for column in receipts.c)
_INTENT_OF = attrgetter(*_INTENT)
_RECEIPT_OF = attrgetter(*_RECEIPT)


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one courier wants written, all or nothing.

    `at` (aware UTC) is when it happens. The lease in `proves` must still be the courier's own, and
    is extended to its `until`. `changes` are guarded by the states they start from. No job hints
    are left: the courier that writes is the one a hint would wake.
    """

    actor: str
    at: datetime
    proves: Lease | None = None
    releases: Lease | None = None
    changes: Sequence[Change] = ()
    intents: Sequence[Intent] = ()
    receipts: Sequence[Receipt] = ()


@record(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A courier that wants to have an account from `at` to `until` (aware UTC)."""

    account_id: str
    owner: str
    at: datetime
    until: datetime


@dataclass(slots=True, eq=False)
class _Waiting:
    """What was handed in, its rows for the driver, and who waits for it.

    `fence` is that of a lease taken, 0 where there is none.
    """

    handed: Entry | _Wish
    done: asyncio.Future[int]
    rows: Rows = field(default_factory=list)
    account_id: str = ""
    fence: int = 0
    problem: Exception | None = None

    @property
    def changes(self) -> Sequence[Change]:
        return self.handed.changes if isinstance(self.handed, Entry) else ()

    @property
    def counts(self) -> bool:
        """Whether it is still to be written: what a platform answered is, whoever waits for it."""
        return not self.done.done() or (
            isinstance(self.handed, Entry) and bool(self.handed.receipts)
        )


class Journal:
    """Writes entries in groups, one after the other, in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._closing = False
        dialect = store.engine.dialect
        self._dialect = dialect
        self._leases = Question(leases(dialect), dialect)
        self._free = Question(leases(dialect, waiting=False), dialect)
        self._standing = Question(standing(dialect), dialect)
        self._hold = Prepared(HOLD, ["account", "fence", "until"], dialect)
        self._take = Prepared(TAKE, ["account", "fence", "owner", "next_fence", "until"], dialect)
        self._release = Prepared(RELEASE, ["account", "fence"], dialect)
        self._event = Bulk(events, _EVENT, dialect)
        self._intend = Bulk(intents, _INTENT, dialect)
        self._receive = Bulk(receipts, _RECEIPT, dialect)
        self._moves: dict[tuple[str, ...], Bulk] = {}

    async def write(self, entry: Entry) -> None:
        """Write `entry`; return once it is durable.

        Raises `LeaseLost` when the lease is somebody else's, `Conflict` when a delivery has moved
        meanwhile or the database put others first twice, `TransitionNotAllowed` for an illegal
        step, `StoreUnavailable` when the database cannot be used. Nothing of the entry is written
        then.
        """
        lease = entry.proves or entry.releases
        await self._hand_in(
            _Waiting(entry, _future(), self._rows(entry), lease.account_id if lease else "")
        )

    async def lease(
        self, account_id: str, owner: str, at: datetime, until: datetime
    ) -> Lease | None:
        """Take the right to act for an account from `at` to `until` (aware UTC).

        Returns None while another owner has it. Raises `StoreUnavailable`.
        """
        wish = _Wish(account_id=account_id, owner=owner, at=at, until=until)
        fence = await self._hand_in(_Waiting(wish, _future(), account_id=account_id))
        if not fence:
            return None
        return Lease(account_id=account_id, owner=owner, fence=fence, until=until)

    async def close(self) -> None:
        """Write what still waits and give the connection back."""
        self._closing = True
        self._arrived.set()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._closing = False

    # -- gathering --------------------------------------------------------------------------------

    async def _hand_in(self, waiting: _Waiting) -> int:
        self._waiting.append(waiting)
        self._arrived.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await waiting.done

    async def _write(self) -> None:
        while self._waiting:
            try:
                async with speaking(self._store) as speak:
                    while await self._gathered():
                        await self._commit(speak, self._next_group())
            except Exception as error:
                # whoever waits asks again; a new connection is opened for them then
                left, self._waiting = self._waiting, []
                _refuse(left, error)

    async def _gathered(self) -> bool:
        """Wait until something is handed in; False when nothing is for a while."""
        if not self._waiting:
            if self._closing:
                return False
            self._arrived.clear()
            try:
                async with asyncio.timeout(LINGER):
                    await self._arrived.wait()
            except TimeoutError:
                return False
        # those who are awake already may come along
        await asyncio.sleep(0)
        return bool(self._waiting)

    def _next_group(self) -> list[_Waiting]:
        steps = 0
        busy: set[str] = set()
        for number, waiting in enumerate(self._waiting):
            changed = {change.delivery.id for change in waiting.changes}
            steps += len(changed)
            # two steps of one delivery have an order; a group has none
            if (steps > MOST and number) or not busy.isdisjoint(changed):
                group, self._waiting = self._waiting[:number], self._waiting[number:]
                return group
            busy.update(changed)
        group, self._waiting = self._waiting, []
        return group

    # -- committing -------------------------------------------------------------------------------

    async def _commit(self, speak: Speak, group: list[_Waiting], *, again: bool = True) -> None:
        # for who no longer waits, its lease having run out, no call would follow an intent
        group = [waiting for waiting in group if waiting.counts]
        if not group:
            return
        try:
            await speak(self._transact(group))
        except StoreUnavailable as error:
            _refuse(group, error)
            raise
        except Conflict as error:
            # the database put somebody else first, who needs a moment to take the locks we gave up
            if again:
                await asyncio.sleep(GIVING_WAY)
                await self._commit(speak, group, again=False)
            else:
                _refuse(group, error)
        except Exception as error:
            if len(group) == 1:
                _refuse(group, error)
                return
            _log.warning("group_failed", entries=len(group), error=repr(error)[:300])
            for waiting in group:
                await self._commit(speak, [waiting])
        else:
            for waiting in group:
                _answer(waiting)

    def _transact(self, group: Sequence[_Waiting]) -> Steps:
        """Do a group's transaction. On SQLite this runs in the connection's thread."""
        holders: dict[str, tuple[int, str, Any]] = {}
        entries = [waiting for waiting in group if isinstance(waiting.handed, Entry)]
        held = {waiting.account_id for waiting in entries if waiting.account_id}
        # an account that is wished for and locked is somebody else's: a frozen process may keep it
        # so for minutes, and nobody here has to wait for that
        wished = {waiting.account_id for waiting in group if waiting.account_id} - held
        for question, ids in ((self._leases, held), (self._free, wished)):
            for id, *holder in ((yield Ask(question, ids)) or ()) if ids else ():
                holders[id] = (holder[0], holder[1], holder[2])
        states: dict[str, str] = {}
        if ids := {change.delivery.id for waiting in group for change in waiting.changes}:
            states.update((id, state) for id, state in (yield Ask(self._standing, ids)) or ())
        batches: dict[Prepared | Bulk, list[Row]] = {}
        for waiting in group:
            if isinstance(waiting.handed, Entry):
                waiting.problem = _objection(waiting.handed, holders, states)
                rows = [] if waiting.problem else waiting.rows
                if (back := waiting.handed.releases) and back.account_id in holders:
                    fence, owner, _ = holders[back.account_id]
                    if fence == back.fence:
                        holders[back.account_id] = (fence, owner, None)
            else:
                rows = self._admit(waiting, waiting.handed, holders)
            for statement, more in rows:
                batches.setdefault(statement, []).extend(more)
        for statement in sorted(batches, key=self._rank):
            yield Put(statement, batches[statement])

    def _admit(
        self, waiting: _Waiting, wish: _Wish, holders: dict[str, tuple[int, str, Any]]
    ) -> Rows:
        fence, owner, until = holders.get(wish.account_id, (0, "", None))
        at = self._take.value("until", wish.at)
        if wish.account_id not in holders or (
            until is not None and until > at and owner != wish.owner
        ):
            waiting.fence = 0
            return []
        waiting.fence = fence + 1
        # whoever else in this group wants it comes after
        holders[wish.account_id] = (fence + 1, wish.owner, self._take.value("until", wish.until))
        row = (wish.account_id, fence, wish.owner, fence + 1, wish.until)
        return [(self._take, [self._take.row(row)])]

    # -- rows -------------------------------------------------------------------------------------

    def _rows(self, entry: Entry) -> Rows:
        """Return an entry's rows by statement; raises `TransitionNotAllowed`."""
        rows: Rows = []
        if lease := entry.proves:
            rows.append(
                (self._hold, [self._hold.row((lease.account_id, lease.fence, lease.until))])
            )
        if lease := entry.releases:
            rows.append((self._release, [self._release.row((lease.account_id, lease.fence))]))
        happened = []
        for change in entry.changes:
            delivery = change.delivery
            check_transition("delivery", delivery.id, delivery.state, change.to)
            move = self._move(tuple(change.values))
            rest = () if "wake_at" in change.values else (None,)
            values = (delivery.id, str(change.to), entry.at, *change.values.values(), *rest)
            rows.append((move, [move.row(values)]))
            happened.append(
                self._event.row(
                    (
                        entry.at,
                        delivery.workspace_id,
                        "delivery",
                        delivery.id,
                        entry.actor,
                        str(delivery.state),
                        str(change.to),
                        change.reason,
                        change.evidence,
                    )
                )
            )
        if entry.intents:
            rows.append((self._intend, [self._intend.row(_INTENT_OF(i)) for i in entry.intents]))
        if entry.receipts:
            rows.append(
                (self._receive, [self._receive.row(_RECEIPT_OF(r)) for r in entry.receipts])
            )
        if happened:
            rows.append((self._event, happened))
        return rows

    def _move(self, columns: tuple[str, ...]) -> Bulk:
        """Return the statement for steps that set these columns, in this order."""
        if columns not in self._moves:
            rest = () if "wake_at" in columns else ("wake_at",)
            names = ("id", "state", "changed_at", *columns, *rest)
            self._moves[columns] = Bulk(deliveries, names, self._dialect, key="id")
        return self._moves[columns]

    def _rank(self, statement: Prepared | Bulk) -> int:
        # the proof goes first, receipts after their intents; a release never undoes a new lease,
        # since it names the fence it gives back
        order = (self._hold, self._take, self._release)
        last = (self._intend, self._receive, self._event)
        if statement in order:
            return order.index(statement)
        return len(order) + 1 + last.index(statement) if statement in last else len(order)


def _objection(
    entry: Entry, holders: Mapping[str, tuple[int, str, Any]], states: Mapping[str, str]
) -> Exception | None:
    """Return why an entry may not be written, None when it may."""
    lease = entry.proves
    if lease and holders.get(lease.account_id, (0, "", None))[0] != lease.fence:
        return lease_lost(lease)
    for change in entry.changes:
        if states.get(change.delivery.id) != change.delivery.state:
            return moved_meanwhile(change.delivery)
    return None


def _answer(waiting: _Waiting) -> None:
    if waiting.done.done():
        return
    if waiting.problem is not None:
        waiting.done.set_exception(waiting.problem)
    else:
        waiting.done.set_result(waiting.fence)


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(error)


def _future() -> asyncio.Future[int]:
    return asyncio.get_running_loop().create_future()
