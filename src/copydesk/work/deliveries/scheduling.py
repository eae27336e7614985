"""What is coming up, moved and called off: by its delivery, or by its post for all accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import SETTLED
from copydesk.core.timing import Timing
from copydesk.distribution.moving import cancel, is_cancellable, is_movable, retime
from copydesk.distribution.notices import ends_before
from copydesk.store import UnitOfWork
from copydesk.store.listings import DeliveryLine
from copydesk.work.deliveries.times import Wish, refuse_lone_zone, timing_for

#: What a list of what is coming up shows at most.
MOST = 500


async def upcoming(
    unit: UnitOfWork,
    workspace_id: str,
    *,
    account: str = "",
    until: datetime | None = None,
    after: str = "",
    limit: int = MOST,
) -> list[tuple[DeliveryLine, Timing]]:
    """Return what will go out, soonest first, each with how its time was asked for.

    `account` is a name, `until` an aware time, `after` the id of the delivery to go on behind.
    Raises `NotFound` for an unknown account or delivery.
    """
    account_id = (await unit.accounts.by_name(workspace_id, account)).id if account else ""
    start = await _position(unit, after) if after else None
    lines = await unit.listings.upcoming(
        workspace_id, account_id=account_id, until=until, after=start, limit=limit
    )
    return await with_timings(unit, lines)


async def with_timings(
    unit: UnitOfWork, lines: Sequence[DeliveryLine]
) -> list[tuple[DeliveryLine, Timing]]:
    """Return each line with how its time was asked for, and with a note where the credential of
    its account ends before that."""
    kept = await unit.schedules.timings([line.delivery.id for line in lines])
    return [
        (line, _noted(line, kept.get(line.delivery.id) or Timing(due_at=line.delivery.due_at)))
        for line in lines
    ]


def _noted(line: DeliveryLine, timing: Timing) -> Timing:
    # not kept: whoever renews the credential has answered it
    ends = ends_before(line.account, line.ends_at, line.delivery.due_at)
    if ends is None or line.delivery.state in SETTLED:
        return timing
    words = (timing.note, f"{ends.message}. {ends.remedy}")
    return replace(timing, note="; ".join(part for part in words if part))


async def scheduled(
    unit: UnitOfWork, workspace_id: str, id: str
) -> list[tuple[DeliveryLine, Timing]]:
    """Return a delivery, or all of a post, with how their times were asked for; raises
    `NotFound`."""
    found = await _of(unit, workspace_id, id)
    return await with_timings(unit, [await unit.listings.delivery(d.id) for d in found])


async def move_scheduled(
    unit: UnitOfWork, workspace_id: str, id: str, wish: Wish, *, reason: str = ""
) -> list[Delivery]:
    """Give a delivery, or everything of a post that has not been sent, another time.

    Raises `NotFound`; `Conflict` when nothing of it can be moved any more; `ContentInvalid` when
    the time cannot be.
    """
    refuse_lone_zone(wish)
    found = await _of(unit, workspace_id, id)
    movable = [delivery for delivery in found if is_movable(delivery)]
    if not movable and len(found) != 1:
        raise Conflict(
            f"Nothing of post {id} waits to be sent.", remedy="`copydesk status` shows it."
        )
    moved: list[Delivery] = []
    slots: dict[str, Timing] = {}
    for delivery in sorted(movable or found, key=lambda d: (d.account_id, d.id)):
        account = await unit.accounts.get(delivery.account_id)
        timing = slots.get(account.id) or await timing_for(unit, account, wish)
        slots[account.id] = timing
        moved.append(await retime(unit, delivery, account, timing, reason))
    return moved


async def cancel_scheduled(
    unit: UnitOfWork, workspace_id: str, id: str, *, reason: str = ""
) -> list[Delivery]:
    """Call off a delivery, or everything of a post that has not been sent.

    Raises `NotFound`, and `Conflict` when there is nothing that could be called off any more.
    """
    found = await _of(unit, workspace_id, id)
    waiting = [delivery for delivery in found if is_cancellable(delivery)]
    if not waiting and len(found) != 1:
        raise Conflict(
            f"Nothing of post {id} waits to be sent.", remedy="`copydesk status` shows it."
        )
    return [await cancel(unit, delivery, reason) for delivery in waiting or found]


async def _of(unit: UnitOfWork, workspace_id: str, id: str) -> list[Delivery]:
    """Return the delivery called `id`, or all of the post called so."""
    if id.startswith("pst_"):
        post = await unit.posts.get(id)
        found = await unit.deliveries.of_post(id) if post.workspace_id == workspace_id else []
    else:
        found = [await unit.deliveries.get(id)]
    own = [delivery for delivery in found if delivery.workspace_id == workspace_id]
    if not own:
        raise NotFound(f"There is no delivery of {id}.")
    return own


async def _position(unit: UnitOfWork, id: str) -> tuple[datetime, str]:
    delivery = await unit.deliveries.get(id)
    return (delivery.wake_at or delivery.due_at, delivery.id)
