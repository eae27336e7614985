"""A worker: runs jobs, sweeps for due rows, says that it is alive, drains when asked to stop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from copydesk.core.errors import Conflict, CopydeskError, StoreUnavailable
from copydesk.distribution.courier import Courier, CourierTools
from copydesk.distribution.notifying import Horizon, Notifier, NotifierTools
from copydesk.distribution.turns import Turns
from copydesk.platforms.kit.http_transport import load_http
from copydesk.store import UnitOfWork
from copydesk.work.accounts.rekeying import refuse_a_wrong_key
from copydesk.work.accounts.tending import tend_account
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.deliveries.inspecting import inspect_account
from copydesk.work.deliveries.occurrences import plan_series
from copydesk.work.desk import Desk
from copydesk.work.drift.comparing import compare_input
from copydesk.work.drift.counting import count
from copydesk.work.drift.probing import plan_probes, send_next
from copydesk.work.feeds.polling import poll
from copydesk.work.in_hand import InHand, Place
from copydesk.work.jobs import Handler, Handlers, Kind
from copydesk.work.models.evidence import prune
from copydesk.work.models.opening import opened_models
from copydesk.work.releases.shadowing import write_shadow
from copydesk.work.reviews.reviewing import prepare
from copydesk.work.runtime import Runtime, open_runtime
from copydesk.work.share import Share
from copydesk.work.sweep import rest_before_next, sweep
from copydesk.work.writing.citing import cite
from copydesk.work.writing.composing import compose
from copydesk.work.writing.spelling import Speller

_log = structlog.get_logger(__name__)

#: How often a worker says that it is alive, and after which silence it is taken off the list.
HEARTBEAT = 2.0
FORGOTTEN_AFTER = timedelta(hours=1)

#: How often the embedded database's log is copied back, in seconds: before it gets long.
CHECKPOINT = 1.0

#: How many webhooks one process tells at a time: those that hang must not take every place that
#: couriers work in.
MOST_NOTIFIERS = 50

#: Of how many accounts the place in line is kept in mind.
MOST_PLACES = 10_000

#: How long a rate bucket is kept that nobody has touched: longer than any window.
BUCKETS_KEPT = timedelta(days=40)

#: How many jobs that are no couriers run at once in a process.
HANDS = 200

#: How many messages a process writes up in the shadow of a release at once.
SHADOWS = 2

#: How many feeds a process polls at once: a server that hangs must not keep all hands busy.
POLLERS = 20

#: How long an account rests after its courier has crashed through a fault of ours.
AFTER_FAULT = timedelta(minutes=1)


@dataclass
class Worker:
    """One process's share of the work."""

    desk: Desk
    runtime: Runtime
    kind: str = "worker"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    jobs_done: int = 0
    last_job_at: datetime | None = None
    running: asyncio.Task[None] | None = None
    _runs: int = 0

    def __post_init__(self) -> None:
        self.id = self.desk.ids.new("worker")
        self._speller = Speller()
        self._turns = Turns()
        self._couriers = InHand()
        self._share = Share()
        self._places: dict[str, Place] = {}
        self._hands = asyncio.Semaphore(HANDS)
        self._shadowing = asyncio.Semaphore(SHADOWS)
        self._polling = asyncio.Semaphore(POLLERS)
        self._horizon = Horizon(self.desk.store)
        self._notifying = 0

    async def run(self) -> None:
        """Work until `stopping` is set; then finish what is in hand and return."""
        async with self.desk.store.begin("worker") as unit:
            await self._succeed_the_dead(unit)
            await unit.workers.add(self.id, self.kind, socket.gethostname(), os.getpid())
            await unit.budgets.forget(unit.now - BUCKETS_KEPT)
        await plan_probes(self.desk)
        loading = asyncio.create_task(asyncio.to_thread(load_http))
        sweeping = asyncio.create_task(self._forever(self._sweep))
        beating = asyncio.create_task(self._forever(self._beat))
        copying = asyncio.create_task(self._forever(self._checkpoint))
        try:
            await self.runtime.run(self.handlers(), self.stopping)
        finally:
            self.stopping.set()
            await asyncio.gather(loading, sweeping, beating, copying, return_exceptions=True)
            await self._leave()

    async def _succeed_the_dead(self, unit: UnitOfWork) -> None:
        """Free the leases of workers that died on this machine, instead of waiting them out.

        Only when embedded: with a database on the network, an equal host name proves nothing.
        """
        if not self.desk.store.embedded:
            return
        for other in await unit.workers.all():
            if other.host == socket.gethostname() and not _is_running(other.pid):
                await unit.accounts.free_leases_of(other.id)
                await unit.webhooks.free_leases_of(other.id)
                await unit.workers.remove(other.id, older_than=FORGOTTEN_AFTER)

    async def ended(self) -> None:
        """Wait until the worker has stopped by itself; raises what stopped it."""
        assert self.running is not None
        await asyncio.shield(self.running)

    def handlers(self) -> Handlers:
        """Return what to do for each kind of job."""
        return {
            Kind.COMPOSE: self._counted(
                self._in_hand(lambda id: compose(self.desk, id, self._speller))
            ),
            Kind.DISTRIBUTE: self._counted(self._in_hand(lambda id: distribute(self.desk, id))),
            Kind.REVIEW: self._counted(self._in_hand(lambda id: prepare(self.desk, id))),
            Kind.COUNT: self._counted(self._in_hand(lambda id: count(self.desk, id))),
            Kind.SHADOW: self._counted(self._shadow),
            Kind.POLL: self._counted(self._poll),
            Kind.COMPARE: self._counted(self._in_hand(lambda id: compare_input(self.desk, id))),
            Kind.TEND: self._counted(self._in_hand(lambda id: tend_account(self.desk, id))),
            Kind.COURIER: self._carry,
            Kind.NOTIFY: self._counted(self._in_hand(self._notify)),
            Kind.INSPECT: self._counted(self._in_hand(lambda id: inspect_account(self.desk, id))),
            Kind.SERIES: self._counted(self._in_hand(lambda id: plan_series(self.desk, id))),
            Kind.CITE: self._counted(self._in_hand(lambda id: cite(self.desk, id))),
            Kind.PRUNE: self._counted(self._in_hand(lambda _: prune(self.desk))),
            Kind.PROBE: self._counted(self._in_hand(lambda id: send_next(self.desk, id))),
        }

    async def _shadow(self, shadow_id: str) -> None:
        # few at a time: nobody waits for them, and they must not take the model from those who do
        async with self._shadowing:
            await write_shadow(self.desk, shadow_id, self._speller)

    async def _poll(self, feed_id: str) -> None:
        async with self._polling:
            await poll(self.desk, feed_id)

    async def _carry(self, account_id: str) -> None:
        """Carry for an account, then for one that waits outside for the place it leaves."""
        carry = self._counted(self._carry_in_hand)
        following: str | None = account_id
        while following is not None:
            await carry(following)
            following = None if self.stopping.is_set() else self._couriers.next_one()

    async def _carry_in_hand(self, account_id: str) -> None:
        place = await self._place_of(account_id)
        if not self._couriers.take(account_id, place):
            return  # in hand already, or waiting outside
        try:
            await self._carry_for(place.workspace_id, account_id)
        finally:
            self._couriers.leave(account_id)

    async def _place_of(self, account_id: str) -> Place:
        if (known := self._places.get(account_id)) is None:
            async with self.desk.store.read() as unit:
                account = await unit.accounts.get(account_id)
            known = Place(account.workspace_id, self._turns.lane_of(account))
            if len(self._places) >= MOST_PLACES:
                self._places.clear()
            self._places[account_id] = known
        return known

    async def _carry_for(self, workspace_id: str, account_id: str) -> None:
        self._runs += 1
        tools = CourierTools(
            store=self.desk.store,
            transport=self.desk.transport,
            names=self.desk.names,
            vault=self.desk.vault,
            home=self.desk.settings.home,
            turns=self._turns.of(workspace_id),
            # every run is an owner of its own: two runs in one process must not share a lease
            owner=f"{self.id}/{self._runs}",
            random=self.desk.random,
            stopping=self.stopping.is_set,
            observers=self.desk.observers,
            closed_until=self.desk.closed_until,
            budget=self.desk.budget,
            public=self.desk.public,
        )
        try:
            await Courier(tools, account_id).run()
        except CopydeskError:
            raise
        except Exception:
            # a fault of ours would bring the account back with every sweep, for ever and at once
            async with self.desk.store.begin("worker") as unit:
                await unit.accounts.pause(account_id, unit.now + AFTER_FAULT)
            raise

    async def _notify(self, webhook_id: str) -> None:
        if self._notifying >= MOST_NOTIFIERS:
            return  # it is still due, and the next sweep says so
        self._runs += 1
        tools = NotifierTools(
            store=self.desk.store,
            vault=self.desk.vault,
            transport=self.desk.public,
            private=self.desk.private,
            horizon=self._horizon,
            owner=f"{self.id}/{self._runs}",
            random=self.desk.random,
            stopping=self.stopping.is_set,
        )
        self._notifying += 1
        try:
            await Notifier(tools, webhook_id).run()
        except CopydeskError:
            raise
        except Exception:
            async with self.desk.store.begin("worker") as unit:
                await unit.webhooks.change(webhook_id, resting=True, wake_at=unit.now + AFTER_FAULT)
            raise
        finally:
            self._notifying -= 1

    def _in_hand(self, handler: Handler) -> Handler:
        """Bound how many of these run at once; couriers take turns by themselves."""

        async def handle(subject_id: str) -> None:
            async with self._hands:
                await handler(subject_id)

        return handle

    def _counted(self, handler: Handler) -> Handler:
        async def handle(subject_id: str) -> None:
            try:
                await handler(subject_id)
            except Conflict as error:
                # somebody else has done it meanwhile
                _log.info("overtaken", subject=subject_id, reason=error.message)
            except StoreUnavailable as error:
                _log.warning("store_unavailable", subject=subject_id, reason=error.message)
            except CopydeskError as error:
                _log.error("job_failed", subject=subject_id, reason=str(error))
            except Exception:
                # a fault of ours: the row is still due and comes back with the sweep
                _log.exception("job_crashed", subject=subject_id)
            self.jobs_done += 1
            self.last_job_at = self.desk.clock.now()

        return handle

    async def _sweep(self) -> float:
        share = None if self.desk.store.embedded else self._share
        await sweep(self.desk, self.runtime, self._couriers.known(), share)
        return await rest_before_next(self.desk)

    async def _beat(self) -> float:
        async with self.desk.store.begin("worker") as unit:
            await unit.workers.seen(self.id, self.last_job_at, self.jobs_done)
        return HEARTBEAT

    async def _checkpoint(self) -> float:
        await self.desk.store.checkpoint()
        return CHECKPOINT

    async def _forever(self, step: Callable[[], Awaitable[float]]) -> None:
        while not self.stopping.is_set():
            try:
                rest = await step()
            except Exception as error:
                # a database that is away comes back; this loop must still be here then
                _log.warning(
                    "step_failed", step=getattr(step, "__name__", ""), error=str(error)[:300]
                )
                rest = HEARTBEAT
            try:
                async with asyncio.timeout(rest):
                    await self.stopping.wait()
            except TimeoutError:
                continue

    async def _leave(self) -> None:
        try:
            async with self.desk.store.begin("worker") as unit:
                await unit.workers.remove(self.id, older_than=FORGOTTEN_AFTER)
        except CopydeskError as error:
            _log.warning("worker_not_signed_off", reason=error.message)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@asynccontextmanager
async def working(desk: Desk, kind: str) -> AsyncIterator[Worker]:
    """Run a worker beside the body; it drains when the body ends.

    Its first sweep rebuilds the queue from rows. Raises `ConfigError` when the configured model
    cannot be opened, or our keys open no credential that is stored.
    """
    async with AsyncExitStack() as stack:
        await refuse_a_wrong_key(desk)
        desk = await stack.enter_async_context(opened_models(desk))
        runtime = await open_runtime(desk.store)
        stack.push_async_callback(runtime.close)
        desk.store.outbox = runtime.outbox
        worker = Worker(desk=desk, runtime=runtime, kind=kind)
        worker.running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stopping.set()
            await worker.running
