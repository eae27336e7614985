"""From canonical content to a post or a thread, without ever cutting it.

The text is the author's own for X, else what was written for X, else the whole post, else an
extract (`transformation.condensing`). A payload always has `parts`; a single post has one. Files go
with the part whose text they belong to, as many as X takes there; the others are losses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import form_of
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.x import EVERYONE, PLATFORM
from copydesk.platforms.x.attachments import image_rule, is_attachable, is_film
from copydesk.transformation.condensing import Brief, condense
from copydesk.transformation.document import ImageReference, image_paths
from copydesk.transformation.forms import Form
from copydesk.transformation.hashtags import hashtags
from copydesk.transformation.images import CannotFit, plan_fitting
from copydesk.transformation.nodes import Document
from copydesk.transformation.room import Bound, Room
from copydesk.transformation.weighted import weighted_length

#: What an author may set for X alone.
OVERRIDES: Final = (
    "text",
    "parts",
    "form",
    "media",
    "reply_settings",
    "made_with_ai",
    "paid_partnership",
    "poll",
)

#: A part of a thread is as long as a post of an account without Premium, whoever sends it.
PART: Final = 280


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the parts of `subject` within `limits`, the limits that hold for `account`."""
    content = subject.content
    override = content.override_for(account)
    form = form_of(PLATFORM.manifest, account, override)
    is_thread = form is Form.THREAD
    most = PART if is_thread else limits["text"].value
    room = Room((Bound(weighted_length, most, limits["text"].unit),))
    tags, tag_losses = hashtags(content.tags)
    short = condense(
        content,
        subject.document,
        Brief(
            platform="x",
            form=form,
            room=room,
            override=override,
            link=subject.link,
            tags=tags,
            most_parts=limits["parts"].value if is_thread else 1,
        ),
    )
    chosen = override.get("media")
    if chosen is None:
        unnamed = _unnamed(content, subject.document)
        images = ((*short.images[0], *unnamed), *short.images[1:])
        files, file_losses = _attached(content, images, limits)
    else:
        files, file_losses = _chosen(content, chosen, len(short.texts))
    payload: dict[str, Any] = {
        # an unknown one is refused by `validate`
        "form": str(override.get("form") or form),
        "parts": [
            {
                "text": text,
                "length": weighted_length(text),
                "media": [{"name": one.name, "alt": one.alt} for one in attached],
            }
            for text, attached in zip(short.texts, files, strict=True)
        ],
        "reply_settings": str(
            override.get("reply_settings") or account.settings.get("reply_settings") or EVERYONE
        ),
        "made_with_ai": bool(override.get("made_with_ai", False)),
        "paid_partnership": bool(override.get("paid_partnership", False)),
        "poll": override.get("poll"),
    }
    media = {one.name: one for part in files for one in part}
    losses = (
        *short.losses,
        *tag_losses,
        *file_losses,
        *_made_anew(tuple(media.values()), limits),
        *unknown_overrides(override, OVERRIDES),
    )
    text = "\n\n".join(short.texts)
    return Rendition(payload=payload, text=text, losses=losses, media=tuple(media.values()))


def _unnamed(content: Content, document: Document) -> tuple[ImageReference, ...]:
    """Return the files that the post has without its text saying where: they go first."""
    named = {image.path for image in image_paths(document)}
    return tuple(
        ImageReference(media.name, media.alt, "")
        for media in content.media
        if media.name not in named and media.name != content.cover
    )


def _attached(
    content: Content, images: Sequence[Sequence[ImageReference]], limits: Mapping[str, Limit]
) -> tuple[list[tuple[Media, ...]], tuple[Loss, ...]]:
    """Return the files of each part, and the losses for those that find no place."""
    by_name = {media.name: media for media in content.media}
    taken: list[tuple[Media, ...]] = []
    losses: list[Loss] = []
    for references in images:
        losses += [
            Loss(what=f"image {one.path}", how="not attached", why="X takes files, not addresses")
            for one in references
            if one.path not in by_name
        ]
        wanted = {
            one.path: replace(by_name[one.path], alt=one.alt or by_name[one.path].alt)
            for one in references
            if one.path in by_name
        }
        kept: list[Media] = []
        for media in wanted.values():
            if why := _no_place(media, kept, limits):
                losses.append(Loss(what=f"file {media.name}", how="not attached", why=why))
            else:
                kept.append(media)
        taken.append(tuple(kept))
    return taken, tuple(losses)


def _no_place(media: Media, kept: Sequence[Media], limits: Mapping[str, Limit]) -> str:
    """Return why `media` cannot go with those `kept` already, "" when it can."""
    if not is_attachable(media):
        return f"X takes images and videos, not {media.content_type}"
    most = limits["images"].value
    if kept and (is_film(media) or is_film(kept[0])):
        return "a GIF or video can only be attached alone"
    if len(kept) >= most:
        return f"X takes {most} images with a post"
    if is_film(media):
        return ""
    try:
        plan_fitting(media, image_rule(limits))
    except CannotFit as error:
        return error.reason
    return ""


def _made_anew(media: Sequence[Media], limits: Mapping[str, Limit]) -> tuple[Loss, ...]:
    """Return a loss for each still image that is made to fit before it is uploaded."""
    losses: list[Loss] = []
    for one in media:
        try:
            fitting = None if is_film(one) else plan_fitting(one, image_rule(limits))
        except CannotFit:
            continue  # `validate` refuses it
        if fitting is not None:
            why = "; ".join(fitting.because)
            losses.append(Loss(what=f"file {one.name}", how="made anew to fit", why=why))
    return tuple(losses)


def _chosen(
    content: Content, names: Any, parts: int
) -> tuple[list[tuple[Media, ...]], tuple[Loss, ...]]:
    """Return the files an author named, all with the first part; `validate` judges them."""
    by_name = {media.name: media for media in content.media}
    listed = [str(name) for name in names] if isinstance(names, list | tuple) else [str(names)]
    first = tuple(by_name[name] for name in dict.fromkeys(listed) if name in by_name)
    losses = tuple(
        Loss(what=f"file {name}", how="not attached", why="the post has no file of this name")
        for name in listed
        if name and name not in by_name
    )
    return [first, *[()] * (parts - 1)], losses
