"""From canonical content to a LinkedIn post: a text, and pictures, a document or a card.

A post that fits with its pictures goes whole. A longer one with a canonical link is condensed and
leads there by a card, which LinkedIn does not make by itself: source, title, description and
thumbnail are ours. Nothing is cut: what has no room is refused by `validate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media, Tier
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import form_of
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.linkedin import PLATFORM
from copydesk.platforms.linkedin.little import length, shown, to_little
from copydesk.platforms.linkedin.uploads import DOCUMENTS, image_rule
from copydesk.transformation.condensing import Brief, Short, condense
from copydesk.transformation.document import ImageReference, image_paths
from copydesk.transformation.excerpt import excerpt
from copydesk.transformation.hashtags import hashtags
from copydesk.transformation.images import CannotFit, plan_fitting
from copydesk.transformation.nodes import Document
from copydesk.transformation.room import Bound, Room

#: What an author may set for LinkedIn alone.
OVERRIDES: Final = ("text", "parts", "form", "visibility", "attach")

#: What can be attached to a post; "" leaves the choice to us.
ATTACHMENTS: Final = ("", "article", "images", "document", "none")

#: How much of a post without a summary describes it on its card, in graphemes.
_DESCRIPTION: Final = 200


@dataclass(frozen=True, slots=True)
class _Draft:
    short: Short
    content: dict[str, Any]
    media: tuple[Media, ...]
    losses: tuple[Loss, ...]


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the post for `subject` within `limits`, the limits that hold for `account`."""
    content = subject.content
    override = content.override_for(account)
    tags, tag_losses = hashtags(content.tags)
    room = Room((Bound(length, limits["text"].value, "characters as LinkedIn counts them"),))
    form = form_of(PLATFORM.manifest, account, override)
    brief = Brief(
        platform="linkedin",
        form=form,
        room=room,
        override=override,
        link=subject.link,
        tags=tags,
    )
    draft = _draft(subject, brief, str(override.get("attach", "")), limits)
    text = "\n\n".join(draft.short.texts)
    commentary = to_little(text)
    payload: dict[str, Any] = {
        # an unknown form is refused by `validate`
        "form": str(override.get("form") or form),
        "commentary": commentary,
        "visibility": str(
            override.get("visibility") or account.settings.get("visibility") or "PUBLIC"
        ),
        "content": draft.content,
        "attach": str(override.get("attach", "")),
        "characters": length(text),
        "shown": shown(commentary),
    }
    unknown = unknown_overrides(override, OVERRIDES)
    written = () if draft.short.tier is Tier.PERSON else tag_losses
    losses = (*draft.short.losses, *draft.losses, *written, *unknown)
    return Rendition(payload=payload, text=shown(commentary), losses=losses, media=draft.media)


def _draft(subject: Subject, brief: Brief, attach: str, limits: Mapping[str, Limit]) -> _Draft:
    content, document = subject.content, subject.document
    short = condense(content, document, brief)
    references = _references(content, document, short)
    files = _files(content, references)
    papers = tuple(media for media in files if media.content_type in DOCUMENTS)
    pictures = tuple(media for media in files if media.content_type.startswith("image/"))
    if papers and attach in {"", "document"}:
        chosen = _papers(papers)
    elif pictures and (attach == "images" or (not attach and (short.is_whole or not brief.link))):
        chosen = _pictures(pictures)
    elif brief.link and attach in {"", "article"}:
        # the card shows the title and leads to the page, so the text need not
        short = condense(content, document, replace(brief, link="", repeats_title=False))
        text = "\n\n".join(short.texts)
        chosen = _card(subject, brief.link, text, _thumbnail(content, pictures))
    else:
        chosen = (_nothing(), ())
    content_payload, media = chosen
    left_out = _left_out(content, references, media)
    changed = tuple(loss for item in media for loss in _changed(item, limits))
    return _Draft(short, content_payload, media, (*left_out, *changed))


def _references(content: Content, document: Document, short: Short) -> tuple[ImageReference, ...]:
    """Return what the text shows, and the files that came with the post without standing in it."""
    named = {image.path for image in image_paths(document)} | {content.cover}
    unnamed = (
        ImageReference(media.name, media.alt, "")
        for media in content.media
        if media.name not in named
    )
    return (*(image for images in short.images for image in images), *unnamed)


def _files(content: Content, references: Sequence[ImageReference]) -> tuple[Media, ...]:
    """Return the files that are meant, in their order, described as the text describes them."""
    known = {media.name: media for media in content.media}
    found = {
        image.path: replace(known[image.path], alt=image.alt or known[image.path].alt)
        for image in references
        if image.path in known
    }
    return tuple(found.values())


def _thumbnail(content: Content, pictures: Sequence[Media]) -> tuple[Media, ...]:
    cover = tuple(
        media
        for media in content.media
        if media.name == content.cover and media.content_type.startswith("image/")
    )
    shown_first = tuple(pictures) or tuple(
        media for media in content.media if media.content_type.startswith("image/")
    )
    return (cover or shown_first)[:1]


def _pictures(pictures: tuple[Media, ...]) -> tuple[dict[str, Any], tuple[Media, ...]]:
    kind = "image" if len(pictures) == 1 else "images"
    return {**_nothing(), "kind": kind, "files": [_file(media) for media in pictures]}, pictures


def _papers(papers: tuple[Media, ...]) -> tuple[dict[str, Any], tuple[Media, ...]]:
    first = papers[:1]
    files = [{**_file(media), "title": media.alt or _name(media)} for media in first]
    return {**_nothing(), "kind": "document", "files": files}, first


def _card(
    subject: Subject, link: str, text: str, thumbnail: tuple[Media, ...]
) -> tuple[dict[str, Any], tuple[Media, ...]]:
    content = subject.content
    described = content.summary or excerpt(subject.document, _DESCRIPTION)
    card = {
        "kind": "article",
        "files": [_file(media) for media in thumbnail],
        "source": link,
        "title": content.title,
        # what stands above the card need not be said on it again
        "description": "" if described in text else described,
    }
    return card, thumbnail


def _nothing() -> dict[str, Any]:
    return {"kind": "", "files": [], "source": "", "title": "", "description": ""}


def _file(media: Media) -> dict[str, Any]:
    return {"name": media.name, "alt": media.alt, "title": ""}


def _name(media: Media) -> str:
    return media.name.rpartition("/")[2]


def _left_out(
    content: Content, references: Sequence[ImageReference], media: tuple[Media, ...]
) -> tuple[Loss, ...]:
    """Return what of the pictures and files that are meant does not go along."""
    attached = {item.name for item in media}
    types = {item.name: item.content_type for item in content.media}
    return tuple(
        Loss(what=f"image {image.path}", how="not attached", why=_why_not(image, types))
        for image in references
        if image.path not in attached
    )


def _why_not(image: ImageReference, types: Mapping[str, str]) -> str:
    kind = types.get(image.path)
    if kind is None:
        return "LinkedIn takes files, not addresses of images"
    if not (kind.startswith("image/") or kind in DOCUMENTS):
        return f"LinkedIn posts from here carry images and documents, not {kind}"
    return "a LinkedIn post carries one card, one document, or images"


def _changed(media: Media, limits: Mapping[str, Limit]) -> tuple[Loss, ...]:
    if not media.content_type.startswith("image/"):
        return ()
    try:
        fitting = plan_fitting(media, image_rule(limits))
    except CannotFit:
        return ()  # `validate` refuses it
    if fitting is None:
        return ()
    return (Loss(what=f"image {media.name}", how="made anew", why="; ".join(fitting.because)),)
