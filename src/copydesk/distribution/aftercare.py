"""What was published before and stands there now: what an update or a removal has to respect.

An update never silently overwrites what somebody changed on the platform: planning refuses it when
that is known, and right before it is sent the spoke is asked once more. A person may say that it
should be overwritten; that is remembered with the delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing
from copydesk.core.findings import Finding
from copydesk.core.outcomes import Absent, Existence, Inconclusive, Landed
from copydesk.core.standing import AsPublished, Changed, Gone, Standing, Stands, stands
from copydesk.distribution.calls import Calls
from copydesk.distribution.consequences import Judgement, held
from copydesk.distribution.media import gone_media
from copydesk.distribution.records import outgoing_of
from copydesk.distribution.threads import as_parts
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.lifecycle import Window
from copydesk.store import Store
from copydesk.store.aftercare import Out

CHANGED: Final = "changed_there"
GONE: Final = "gone_there"


class Inspects(Protocol):
    """Who can be asked how a post stands: a client, or what stands for one."""

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Return how a delivered post stands."""
        ...


_OVERWRITE: Final = (
    "Take the change over into the post and publish that, or overwrite it: publish again with "
    "--overwrite."
)
_AGAIN: Final = "Leave it removed, or publish it again with --overwrite."


def standing_finding(standing: Delivery) -> Finding | None:
    """Return what stands in the way of changing a delivered post, by the last look at it."""
    if standing.standing == Stands.CHANGED:
        return Finding(
            code=CHANGED,
            field="account",
            message=f"somebody changed it on the platform: {standing.standing_note}",
            remedy=_OVERWRITE,
        )
    if standing.standing == Stands.GONE:
        return Finding(
            code=GONE,
            field="account",
            message=f"somebody removed it from the platform: {standing.standing_note}",
            remedy=_AGAIN,
        )
    return None


def window_finding(
    window: Window | None, first_at: datetime, times: int, now: datetime, verb: str
) -> Finding | None:
    """Return why a post that is out since `first_at` (aware UTC) and was changed `times` times can
    no longer be changed or removed (`verb`: what is wanted), None when it can."""
    if window is None:
        return None
    if window.within is not None and now - first_at > timedelta(seconds=window.within):
        minutes = window.within // 60
        why = f"posts can be {verb} for {minutes} minutes, which have passed"
    elif window.times is not None and times >= window.times:
        why = f"posts can be {verb} {window.times} times, which have been used"
    else:
        return None
    return Finding(
        code="window_closed",
        field="account",
        message=why,
        remedy="Do it on the platform itself if it still can be done there, or publish anew.",
    )


def as_out(out: Out) -> list[Outgoing]:
    """Return a delivered post as `Client.inspect` and `Client.metrics` take it: what was sent, by
    the platform's id; of a thread one for each part."""
    return as_parts(outgoing_of(out.awake), out.delivery)


async def look_at(calls: Inspects, out: Out) -> Standing:
    """Return how a delivered post stands; a thread as a whole, by looking at each part."""
    parts = as_out(out)
    found = [await calls.inspect(part) for part in parts]
    if len(found) == 1:
        return found[0]
    if all(isinstance(standing, Gone) for standing in found):
        return Gone(f"all {len(found)} parts are gone")
    for number, standing in enumerate(found, start=1):
        if isinstance(standing, Gone):
            return Changed(f"part {number} of {len(found)}", standing.evidence or "it is gone")
        if isinstance(standing, Changed):
            return Changed(f"part {number} of {len(found)}: {standing.what}", standing.evidence)
    unclear = next((s for s in found if not isinstance(s, AsPublished)), None)
    return unclear or AsPublished(f"all {len(found)} parts stand as published")


class Respect:
    """Asks, before anything is sent, whether it still can be as it was planned, and of an update
    whether what it would replace still is as we left it. `closed_until` tells until when a rate
    limit keeps the account from being asked anything."""

    def __init__(
        self,
        store: Store,
        platform: Platform,
        account: Account,
        closed_until: Callable[[Account], datetime | None],
    ) -> None:
        self._store = store
        self._closed_until = partial(closed_until, account)
        self._manifest = platform.manifest
        self._looks = bool(platform.inspections(account))

    async def objection(
        self, calls: Calls, delivery: Delivery, going: Outgoing
    ) -> Judgement | datetime | None:
        """Return why a delivery must not be sent, None when it may; when to ask again (aware UTC)
        where a rate limit kept us from looking, which tells nothing. Creates without media cost
        nothing here."""
        if going.api_version and self._manifest.version(going.api_version) is None:
            return held(
                "version_unknown",
                f"it was made for API version {going.api_version}, which is not spoken any more",
                "Give it up and publish the post again.",
            )
        if (gone := await gone_media(self._store, going)) is not None:
            return gone
        if going.action is not Action.UPDATE or delivery.overwrite or not self._looks:
            return None
        out = await self._replaced(delivery)
        if out is None:
            return None
        found = await look_at(calls, out)
        if isinstance(found, Inconclusive):
            return self._closed_until()
        if not isinstance(found, Changed | Gone):
            return None
        word, note = stands(found)
        async with self._store.begin("courier") as unit:
            await unit.aftercare.stands(out.delivery, word, note, None)
        if isinstance(found, Gone):
            return held(GONE, f"somebody removed it from the platform: {note}", _AGAIN)
        return held(
            CHANGED,
            f"somebody changed it on the platform: {note}",
            "Take the change over into the post and publish that; or send this, which overwrites "
            "it; or give it up.",
        )

    async def told_apart(self, calls: Inspects, delivery: Delivery, found: Existence) -> Existence:
        """Return `found`, unless it says that an update is there because it reads as sent, and what
        it replaces reads the same as well: then nothing was seen of it, and as the same change made
        twice is made, it is said to be absent."""
        if not isinstance(found, Landed) or not found.compared:
            return found
        out = await self._replaced(delivery)
        before = await look_at(calls, out) if out is not None else None
        if isinstance(before, AsPublished):
            return Absent("what it replaces reads the same, as far as it can be read")
        return before if isinstance(before, Inconclusive) else found

    async def _replaced(self, delivery: Delivery) -> Out | None:
        """Return what an update replaces, None when it is not what stands there by our rows."""
        async with self._store.read() as unit:
            out = await unit.aftercare.standing(
                delivery.account_id, delivery.post_id, delivery.recipient
            )
        return out if out is not None and out.delivery.remote_id == delivery.target_id else None
