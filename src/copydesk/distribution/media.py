"""Media that were there when a delivery was planned and are gone when it is sent."""

from __future__ import annotations

from typing import Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.errors import NotFound
from copydesk.core.states import DeliveryState
from copydesk.distribution.judgement import Judgement
from copydesk.store import Store

MEDIA_GONE: Final = "media_gone"


async def gone_media(store: Store, going: Outgoing) -> Judgement | None:
    """Return that `going` is held because bytes it needs are gone or damaged, None when all are
    there.

    No later try would find them. Asked before any call: a spoke that only finds out within the call
    that publishes leaves unknown whether something was published.
    """
    if not going.media or going.action is Action.DELETE:
        return None
    async with store.read() as unit:
        for media in going.media:
            try:
                await unit.workspaces.load(media.sha256)
            except NotFound as error:
                reason = f"media {media.name}: {error.message}"
                return Judgement(
                    to=DeliveryState.HELD,
                    reason=reason,
                    values={
                        "reason_code": MEDIA_GONE,
                        "reason": reason,
                        "remedy": "Restore a backup and send it again, or give it up and publish "
                        "the file again with the image beside it.",
                    },
                )
    return None
