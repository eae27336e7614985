"""A plan for one post on one account, and what it means beside what is there already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Rendition, part_count, parts_out
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Post
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.distribution.aftercare import GONE, standing_finding, window_finding
from copydesk.distribution.moving import is_movable
from copydesk.distribution.threads import PARTLY, gone_words, has_begun, standing_words
from copydesk.platforms.kit.contract import Platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import freeze

#: States in which an earlier delivery of the same post may still reach the platform.
_UNSETTLED = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})


#: Why a delivery may be there already for all that anybody knows. Of a duplicate the person who
#: changes the text has said that it is somebody else's.
_NOBODY_CAN_TELL = MAY_HAVE_LANDED - {"duplicate"}

#: The reason of a delivery that is held since an earlier text may still arrive.
IN_FLIGHT = "in_flight"


class Intended(StrEnum):
    """What planning means to do with a post on an account."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    NOTHING = "nothing"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen with one post on one account (and one recipient), and why.

    `earlier` is the newest delivery of the post there. `target_id` is the platform's id of what
    stands there already and would be changed, "" when nothing does. `awaits` is what has to be
    there first, as a delivery keeps it; `overwrite` that a person wants to replace what somebody
    changed on the platform.
    """

    account: Account
    platform: Platform
    rendition: Rendition
    findings: tuple[Finding, ...]
    intended: Intended
    earlier: Delivery | None = None
    target_id: str = ""
    awaits: str = ""
    overwrite: bool = False

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that stand in the way."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


async def compare(unit: UnitOfWork, post: Post, planned: Plan) -> Plan:
    """Return `planned` as it stands against what was delivered of `post` before."""
    key = planned.account.id, post.id, planned.rendition.recipient
    latest = await _newest(unit, *key)
    if latest is None:
        return planned
    earlier, digest = latest
    planned = replace(planned, earlier=earlier)
    takes_down = earlier.action is Action.DELETE
    if takes_down and earlier.state is DeliveryState.DELIVERED:
        # it was taken down: what is published now is a post of its own there
        return planned
    same = digest == freeze(planned.rendition.payload)[1]
    repeats = same and not takes_down
    if (halfway := _halfway(earlier)) is not None:
        if repeats and earlier.reason_code != PARTLY:
            return replace(planned, intended=Intended.NOTHING)
        return _refused(planned, halfway)
    if repeats and standing_finding(earlier) is None:
        return replace(planned, intended=Intended.NOTHING)
    if earlier.state in _UNSETTLED or earlier.is_accepted:
        objection = _objection(
            IN_FLIGHT,
            "an earlier version is on its way and its outcome is not known yet",
            f"Wait until {earlier.id} is settled, then publish again.",
        )
        # once that is settled it changes what the earlier one was to change
        target_id = earlier.target_id if earlier.action is Action.UPDATE else ""
        return _refused(replace(planned, target_id=target_id), objection)
    if _may_be_there(earlier):
        objection = _objection(
            "may_have_landed",
            f"an earlier version may be there already: {earlier.reason}",
            f"Look at the platform and say whether {earlier.id} landed, then publish again.",
        )
        return _refused(planned, objection)
    # what stands there may be older than the newest delivery, which never went out
    standing = await unit.deliveries.latest(*key, state=DeliveryState.DELIVERED)
    if standing is None or standing[0].action is Action.DELETE:
        return replace(planned, intended=Intended.REPLACE)
    if same and takes_down:
        return replace(planned, intended=Intended.KEEP)
    return await _change(unit, post, planned, standing[0], earlier)


def _may_be_there(earlier: Delivery) -> bool:
    """Whether another post beside `earlier` could be a second one; an update done twice is done."""
    is_open = earlier.state is DeliveryState.HELD and earlier.reason_code in _NOBODY_CAN_TELL
    return is_open and earlier.action is Action.CREATE


async def _newest(
    unit: UnitOfWork, account_id: str, post_id: str, recipient: str
) -> tuple[Delivery, str] | None:
    """Return what counts as the post's last delivery there, with its payload's digest."""
    latest = await unit.deliveries.latest(account_id, post_id, recipient)
    if latest is None or not is_movable(latest[0]):
        return latest
    timing = (await unit.schedules.timings([latest[0].id])).get(latest[0].id)
    if timing is None or not timing.series_id:
        return latest
    # an occurrence of a series is apart: what counts is what stands there
    return await unit.deliveries.latest(
        account_id, post_id, recipient, state=DeliveryState.DELIVERED
    )


async def _change(
    unit: UnitOfWork, post: Post, planned: Plan, standing: Delivery, earlier: Delivery
) -> Plan:
    """Return the plan as a change of what stands there, or what stands in the way of that."""
    was_delivered = earlier.state is DeliveryState.DELIVERED
    if (objection := standing_finding(standing)) is not None:
        if not planned.overwrite:
            return _refused(planned, objection)
        if objection.code == GONE:
            again = Intended.CREATE if was_delivered else Intended.REPLACE
            return replace(planned, intended=again)
    if part_count(planned.rendition.payload) > 1 or parts_out(standing.handles):
        objection = _objection(
            "thread_cannot_change",
            "it is a thread, there or now: its parts cannot be changed into other ones",
            "Take it down (copydesk unpublish), then publish it anew.",
        )
        return _refused(planned, objection)
    planned = replace(planned, target_id=standing.remote_id)
    if (objection := await _unchangeable(unit, post, planned)) is not None:
        return _refused(planned, objection)
    return replace(planned, intended=Intended.UPDATE if was_delivered else Intended.REPLACE)


async def _unchangeable(unit: UnitOfWork, post: Post, planned: Plan) -> Finding | None:
    """Return why the plan's target cannot be changed there, None where it can."""
    manifest = planned.platform.manifest
    if not planned.platform.can_update(planned.account):
        return _objection(
            "cannot_update",
            f"{manifest.title} cannot change what it has published",
            "Publish the change as a new file.",
        )
    if not planned.target_id:
        return _objection(
            "place_unknown",
            "it is there already, but nobody said under which address",
            "Change it on the platform itself, or publish the change as a new file.",
        )
    if manifest.edits is None:
        return None
    key = planned.account.id, post.id, planned.rendition.recipient
    first_at, times = await unit.aftercare.edits(*key)
    return window_finding(manifest.edits, first_at, times, unit.now, "changed")


def _halfway(earlier: Delivery) -> Finding | None:
    """Return why nothing new is sent beside a thread that is partly out, or partly taken down."""
    if earlier.action is Action.DELETE and has_begun(earlier):
        message = f"it is being taken down: {gone_words(earlier)}"
        remedy = f"Let {earlier.id} take the rest down, then publish again."
    elif has_begun(earlier):
        message = f"{standing_words(earlier)}, and {earlier.id} has still to send the others"
        remedy = "Let it go on, or take the post down (copydesk unpublish) and publish it anew."
    elif earlier.state is DeliveryState.DELIVERED and earlier.reason_code == PARTLY:
        message = f"{standing_words(earlier)}; the others were given up"
        remedy = "Take it down (copydesk unpublish), then publish it anew."
    else:
        return None
    return _objection("thread_halfway", message, remedy)


def _objection(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, field="account", message=message, remedy=remedy)


def _refused(planned: Plan, finding: Finding) -> Plan:
    return replace(planned, intended=Intended.REFUSE, findings=(*planned.findings, finding))
