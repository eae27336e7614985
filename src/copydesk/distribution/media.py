"""Media on their way out: without what they tell about people; and those that are gone by then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.errors import NotFound
from copydesk.core.post import Media
from copydesk.distribution.consequences import Judgement, held
from copydesk.store import Store
from copydesk.transformation.metadata import (
    REDRAW,
    UNREADABLE_DRAWING,
    refused,
    without_metadata,
)

LoadMedia = Callable[[Media], Awaitable[bytes]]

MEDIA_GONE: Final = "media_gone"
_RESTORE: Final = (
    "Restore a backup and send it again, or give it up and publish the file again with the image"
    " beside it."
)


def as_shown(load_media: LoadMedia) -> LoadMedia:
    """Return a `load_media` whose pictures and films come without places, cameras and names.

    Whatever a spoke does with a file, this is all of it that leaves.
    """

    async def load(media: Media) -> bytes:
        content = await load_media(media)
        return await asyncio.to_thread(without_metadata, content, media.content_type)

    return load


async def no_media(media: Media) -> bytes:
    """Stand for a `load_media` where an account is called without sending a post.

    Raises `LookupError`: a spoke that loads a file there breaks its contract.
    """
    raise LookupError(f"{media.name}: no media are needed where no post is sent")


async def gone_media(store: Store, going: Outgoing) -> Judgement | None:
    """Return that `going` is held because bytes it needs are gone or damaged, or must not go out;
    None when all are there.

    No later try would find them. Asked before any call: a spoke that only finds out within the call
    that publishes leaves unknown whether something was published.
    """
    if not going.media or going.action is Action.DELETE:
        return None
    async with store.read() as unit:
        for media in going.media:
            try:
                content = await unit.workspaces.load(media.sha256)
            except NotFound as error:
                return held(MEDIA_GONE, f"media {media.name}: {error.message}", _RESTORE)
            if why := await asyncio.to_thread(refused, content, media.content_type):
                return held(UNREADABLE_DRAWING, f"media {media.name}: {why}", REDRAW)
    return None
