"""A post's images as a platform takes them, for a spoke's `prepare`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from copydesk.core.outcomes import Refused
from copydesk.core.post import Media
from copydesk.transformation.images import CannotFit, ImageRule, as_it_is, fit, plan_fitting

_ENDINGS: Final = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedMedia:
    """A file as it is sent: `media` says what it is now (its name stays what the body calls it),
    `filename` is a name with the right ending, `changes` why it was made anew (empty: it was not).
    """

    media: Media
    content: bytes
    filename: str
    changes: tuple[str, ...] = ()


async def fitted(
    load_media: Callable[[Media], Awaitable[bytes]], media: Media, rule: ImageRule
) -> FittedMedia | Refused:
    """Return `media` loaded, and made to fit `rule` where it does not; `Refused` when it cannot be.

    What the file really holds counts, not what its name says. Files that are no images come as
    they are. The same file gives the same bytes every time, so this may be repeated.
    """
    content = await load_media(media)
    if not media.content_type.startswith("image/"):
        return FittedMedia(media=media, content=content, filename=_filename(media))
    try:
        return await asyncio.to_thread(_fit, media, content, rule)
    except CannotFit as error:
        return Refused(f"media.{media.name}", error.reason, error.remedy)


def _fit(media: Media, content: bytes, rule: ImageRule) -> FittedMedia:
    true, see_through = as_it_is(media, content)
    fitting = plan_fitting(true, rule, see_through=see_through)
    if fitting is None:
        return FittedMedia(media=true, content=content, filename=_filename(true))
    made = fit(content, fitting)
    now, _ = as_it_is(replace(true, content_type=fitting.content_type), made)
    now = replace(now, sha256=hashlib.sha256(made).hexdigest(), size=len(made))
    changes = fitting.because
    if see_through and fitting.content_type == "image/jpeg":
        changes = (*changes, "what was transparent is white")
    return FittedMedia(media=now, content=made, filename=_filename(now), changes=changes)


def _filename(media: Media) -> str:
    name = PurePosixPath(media.name).name
    endings = _ENDINGS.get(media.content_type, ())
    stem, dot, ending = name.rpartition(".")
    if not endings or ending.lower() in endings:
        return name
    return f"{stem if dot else name}.{endings[0]}"


__all__ = ["FittedMedia", "fitted"]
