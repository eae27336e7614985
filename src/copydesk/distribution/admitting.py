"""At the door of a round: what is admitted goes on, what waits or is too late is written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from copydesk.core.account import Account, Lease
from copydesk.core.delivery import Delivery
from copydesk.core.states import DeliveryState, PostState, SeriesState
from copydesk.core.taken_back import (
    REJECTED,
    REPLACED,
    called_off,
    going_on,
    held_back,
    waits_for_review,
)
from copydesk.core.timetable import LatePolicy
from copydesk.core.timing import Timing
from copydesk.distribution.admission import PUNCTUAL, Admitted, Late, Waits, admit
from copydesk.distribution.plans import IN_FLIGHT
from copydesk.distribution.threads import has_begun
from copydesk.store import Store, UnitOfWork
from copydesk.store.deliveries import Change

_REMEDIES: Final = {
    LatePolicy.SKIP: "`copydesk schedule move ID --at TIME` lets it go out after all.",
    LatePolicy.ASK: "Send it late, say that it landed, or give it up: `copydesk settle ID`.",
}


class Door:
    """Admits the due deliveries of one leased account, round by round."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._line: datetime | None = None

    async def admit(
        self, due: Sequence[Delivery], account: Account, in_question: Collection[str] = ()
    ) -> list[Delivery]:
        """Return those of `due` that may go out now, in order.

        Of those `in_question`, by id, it is looked first how their posts stand. A thread that has
        begun goes on: when it may go out was asked before its first part. Costs nothing for an
        account without a timetable whose deliveries are on time.
        """
        due = await self._not_taken_back(due, in_question)
        begun = [d for d in due if has_begun(d)]
        if not begun:
            return await self._admit(due, account)
        fresh = await self._admit([d for d in due if not has_begun(d)], account)
        let_in = {d.id for d in (*begun, *fresh)}
        return [d for d in due if d.id in let_in]

    async def _not_taken_back(
        self, due: Sequence[Delivery], in_question: Collection[str]
    ) -> Sequence[Delivery]:
        """Return `due` without what must not go out since its post was taken back while it was in
        flight: it waits for the review, or is called off."""
        asked = [d for d in due if d.id in in_question and waits_for_review(d)]
        if not asked:
            return due
        stopped: set[str] = set()
        async with self._store.begin("courier") as unit:
            for delivery in asked:
                if steps := await _stopping(unit, delivery):
                    await unit.deliveries.move_all(steps)
                    stopped.add(delivery.id)
        return [d for d in due if d.id not in stopped]

    async def _admit(self, due: Sequence[Delivery], account: Account) -> list[Delivery]:
        now = self._store.clock.now()
        overdue = [d.id for d in due if now - d.due_at > PUNCTUAL]
        if account.timetable is None and not overdue:
            return list(due)
        timings: dict[str, Timing] = {}
        later: dict[str, datetime] = {}
        if overdue:
            async with self._store.read() as unit:
                timings = await unit.schedules.timings(overdue)
                later = await _later_occurrences(unit, account, timings, now)
            if account.timetable is None and not timings:
                return list(due)
        admitted: list[Delivery] = []
        waiting: list[tuple[Delivery, Waits]] = []
        late: list[tuple[Delivery, Late]] = []
        for delivery, admission in admit(due, account, timings, now, self._line, later):
            match admission:
                case Admitted():
                    admitted.append(delivery)
                case Waits():
                    waiting.append((delivery, admission))
                    self._line = admission.until
                case Late():
                    late.append((delivery, admission))
        if waiting or late:
            async with self._store.begin("courier") as unit:
                await self._let_wait(unit, waiting)
                await self._give_in(unit, late)
        return admitted

    async def sending(self, account: Account) -> None:
        """Keep that the account sends now, before it does: after a crash the distance holds too.

        Raises `LeaseLost` when somebody else has taken over.
        """
        if account.timetable is not None and account.timetable.spacing:
            async with self._store.begin("courier") as unit:
                await unit.schedules.sending(self._lease)

    async def _let_wait(self, unit: UnitOfWork, waiting: Sequence[tuple[Delivery, Waits]]) -> None:
        resting: dict[Waits, list[str]] = defaultdict(list)
        steps: list[Change] = []
        for delivery, waits in waiting:
            if delivery.state is DeliveryState.SNOOZED:
                resting[waits].append(delivery.id)
                continue
            values = {
                "wake_at": waits.until,
                "reason_code": waits.code,
                "reason": waits.why,
                "remedy": "",
            }
            steps.append(
                Change(delivery=delivery, to=DeliveryState.SNOOZED, reason=waits.why, values=values)
            )
        await unit.deliveries.move_all(steps)
        for waits, ids in resting.items():
            await unit.schedules.wait(ids, waits.until, waits.code, waits.why)

    async def _give_in(self, unit: UnitOfWork, late: Sequence[tuple[Delivery, Late]]) -> None:
        if not late:
            return
        steps = [
            Change(
                delivery=delivery,
                to=DeliveryState.EXPIRED if found.policy is LatePolicy.SKIP else DeliveryState.HELD,
                reason=found.why,
                values={
                    "reason_code": "late",
                    "reason": found.why,
                    "remedy": _REMEDIES[found.policy].replace("ID", delivery.id),
                },
            )
            for delivery, found in late
        ]
        await unit.deliveries.move_all(steps)
        # whoever sends one of these after all has decided, and is not asked again
        await unit.schedules.send_however_late([delivery for delivery, _ in late])


async def _stopping(unit: UnitOfWork, delivery: Delivery) -> list[Change]:
    """Return the steps that stop a delivery for how its post stands by now; none: it goes."""
    post = await unit.posts.lock(delivery.post_id)
    if post.state is PostState.REJECTED:
        return [_called_off(delivery, REJECTED)]
    if post.state is not PostState.DISTRIBUTED:
        values = held_back(delivery)
        held = DeliveryState.HELD
        return [Change(delivery=delivery, to=held, reason=values["reason"], values=values)]
    key = delivery.account_id, delivery.post_id, delivery.recipient
    newest = await unit.deliveries.latest(*key, state=DeliveryState.HELD)
    if newest is None or newest[0].reason_code != IN_FLIGHT or newest[0].id < delivery.id:
        return []
    timing = (await unit.schedules.timings([delivery.id])).get(delivery.id)
    if timing is not None and timing.series_id and not delivery.attempts:
        return []  # an occurrence of a series is apart
    # the approved text waited only to learn whether this one had arrived
    goes = Change(
        delivery=newest[0],
        to=DeliveryState.SCHEDULED,
        reason="the earlier text did not arrive",
        values=going_on(newest[0]),
    )
    return [_called_off(delivery, REPLACED), goes]


def _called_off(delivery: Delivery, why: str) -> Change:
    off = DeliveryState.CANCELLED
    return Change(delivery=delivery, to=off, reason=why, values=called_off(why))


async def _later_occurrences(
    unit: UnitOfWork, account: Account, timings: Mapping[str, Timing], now: datetime
) -> dict[str, datetime]:
    """Return, by delivery, the last occurrence of its series that has come since it was due."""
    of_series: dict[str, dict[str, datetime]] = defaultdict(dict)
    for id, timing in timings.items():
        if timing.series_id and timing.occurrence:
            of_series[timing.series_id][id] = timing.occurrence
    found: dict[str, datetime] = {}
    for series_id, occurrences in of_series.items():
        last = await _last_missed(unit, series_id, account, min(occurrences.values()), now)
        if last is not None:
            found |= {id: last for id, occurrence in occurrences.items() if occurrence < last}
    return found


async def _last_missed(
    unit: UnitOfWork, series_id: str, account: Account, after: datetime, now: datetime
) -> datetime | None:
    series = await unit.series.get(series_id)
    if series.state is SeriesState.RUNNING and series.planned_until < now:
        # what came after all that was planned is planned in a moment, its last one alone
        missed = series.rule.last_within(series.planned_until, now)
        if missed is not None:
            return missed.moment
    return await unit.series.latest_occurrence(series_id, account.id, after, now)
