"""From canonical content to a status or a thread of them, without ever cutting it.

`transformation.condensing` decides what the texts say: the author's own, the whole post, a thread
of it, or what stands for it. What is Mastodon's own is here: how it counts, what is attached, and
who may see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Media
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import form_of
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.mastodon import PLATFORM
from copydesk.platforms.mastodon.counting import count
from copydesk.transformation.condensing import Brief, Short, condense
from copydesk.transformation.document import ImageReference, image_paths
from copydesk.transformation.forms import Form
from copydesk.transformation.hashtags import hashtags
from copydesk.transformation.room import Bound, Room

#: What an author may set for Mastodon alone.
OVERRIDES: Final = (
    "text", "parts", "form", "numbered", "spoiler_text", "visibility", "language", "sensitive",
    "focus",
)  # fmt: skip

_ATTACHABLE: Final = ("image/", "video/", "audio/")


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the status or thread for `subject` within `limits`, those that hold for `account`."""
    content = subject.content
    override = content.override_for(account)
    spoiler = str(override.get("spoiler_text", ""))
    form = form_of(PLATFORM.manifest, account, override)
    tags, tag_losses = hashtags(content.tags)
    short = condense(
        content,
        subject.document,
        Brief(
            platform="mastodon",
            form=form,
            room=room(limits, spoiler),
            override=override,
            link=subject.link,
            tags=tags,
            most_parts=limits["parts"].value if form is Form.THREAD else 1,
            numbered=bool(override.get("numbered", False)),
        ),
    )
    attachable = _attachable(subject)
    attached = _attached(short, attachable, bool(subject.link), limits["media"].value)
    visibility = str(override.get("visibility") or account.settings.get("visibility") or "public")
    focus = override.get("focus")
    parts = [
        {
            "status": text,
            "visibility": visibility if not number else _later(visibility),
            "media": [_file(media, focus) for media in attached[number]],
            "characters": count(text, spoiler, per_url=limits["url"].value),
        }
        for number, text in enumerate(short.texts)
    ]
    payload: dict[str, Any] = {
        "spoiler_text": spoiler,
        "sensitive": bool(override.get("sensitive", bool(spoiler))),
        "language": str(
            override.get("language") or content.language or account.settings.get("language") or ""
        ),
        "form": str(override.get("form") or ""),
        # a status alone stands in the payload itself, a thread in its parts
        **({"parts": parts} if len(parts) > 1 else parts[0]),
    }
    used = {media.name for part in attached for media in part}
    return Rendition(
        payload=payload,
        text="\n\n".join(short.texts),
        losses=(
            *(loss for loss in short.losses if loss.what not in {f"image {n}" for n in used}),
            *_left_behind(subject, attachable, used),
            *tag_losses,
            *unknown_overrides(override, OVERRIDES),
        ),
        media=tuple(media for name, media in attachable.items() if name in used),
    )


def room(limits: Mapping[str, Limit], spoiler: str = "") -> Room:
    """Return the room of one status: the content warning takes its share of each."""
    per_url = limits["url"].value
    limit = limits["text"]
    return Room(
        (Bound(lambda text: count(text, spoiler, per_url=per_url), limit.value, limit.unit),)
    )


def _later(visibility: str) -> str:
    # what follows in a thread would fill the local timeline; it stays as visible as it can be
    return "unlisted" if visibility == "public" else visibility


# -- attachments ----------------------------------------------------------------------------------


def _attachable(subject: Subject) -> dict[str, Media]:
    """Return the files Mastodon may take, by name, described as the body describes them where it
    does, the cover first."""
    said = {image.path: image.alt for image in image_paths(subject.document)}
    found = {
        media.name: replace(media, alt=said.get(media.name) or media.alt)
        for media in subject.content.media
        if media.content_type.startswith(_ATTACHABLE)
    }
    cover = subject.content.cover
    return {cover: found.pop(cover), **found} if cover in found else found


def _attached(
    short: Short, attachable: Mapping[str, Media], linked: bool, most: int
) -> list[list[Media]]:
    """Return the files that go with each part.

    Those its text was made from, and with the first those that nothing refers to. What stands for a
    post carries one image. More than `most` only where no link leads to the others.
    """
    if not short.is_whole and len(short.texts) == 1:
        images = (m for m in attachable.values() if m.content_type.startswith("image/"))
        return [list(images)[:1]]
    parts = [_known(references, attachable) for references in short.images]
    if short.is_whole:
        placed = {media.name for part in parts for media in part}
        parts[0] = [*(m for n, m in attachable.items() if n not in placed), *parts[0]]
    return [part[:most] for part in parts] if linked else parts


def _known(references: Sequence[ImageReference], attachable: Mapping[str, Media]) -> list[Media]:
    names = dict.fromkeys(reference.path for reference in references)
    return [attachable[name] for name in names if name in attachable]


def _file(media: Media, focus: Any) -> dict[str, str]:
    where = focus.get(media.name, "") if isinstance(focus, Mapping) else ""
    return {"name": media.name, "alt": media.alt, **({"focus": str(where)} if where else {})}


# -- losses ---------------------------------------------------------------------------------------


def _left_behind(
    subject: Subject, attachable: Mapping[str, Media], used: set[str]
) -> tuple[Loss, ...]:
    where = "stays behind the link" if subject.link else "left out"
    losses = [
        Loss(what=f"file {name}", how=where, why="there is no room for more attachments")
        for name in attachable
        if name not in used
    ]
    losses += [
        Loss(
            what=f"file {media.name}",
            how="not attached",
            why=f"Mastodon takes images, video and audio, not {media.content_type}",
        )
        for media in subject.content.media
        if media.name not in attachable
    ]
    losses += [
        Loss(what=f"image {image.path}", how=where, why="only the post's own files are attached")
        for image in image_paths(subject.document)
        if image.path not in attachable
    ]
    return tuple(losses)
