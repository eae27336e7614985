"""From canonical content to the parts of a post or thread, without ever cutting it.

`transformation.condensing` decides what the texts say. What is Bluesky's own is here: addresses in
short, facets, images or else a card for the link, languages and content warnings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media
from copydesk.platforms.bluesky import PLATFORM
from copydesk.platforms.bluesky.facets import losses_of, show, shown_bytes, shown_graphemes
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import form_of
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.transformation.condensing import Brief, Short, condense
from copydesk.transformation.counting import graphemes
from copydesk.transformation.document import ImageReference, image_paths
from copydesk.transformation.excerpt import excerpt
from copydesk.transformation.forms import Form
from copydesk.transformation.hashtags import hashtags
from copydesk.transformation.nodes import Document
from copydesk.transformation.room import Bound, Room

#: What an author may set for Bluesky alone.
OVERRIDES: Final = (
    "text", "parts", "form", "numbered", "language", "languages", "labels", "quote", "card"
)  # fmt: skip

#: A card's description is cut by every app; so much of it is ever seen.
_DESCRIPTION: Final = 250


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the post or thread for `subject` within `limits`."""
    content = subject.content
    override = content.override_for(account)
    document = subject.document
    pictures = _pictures(content, document)
    form = form_of(PLATFORM.manifest, account, override)
    tags, tag_losses = hashtags(content.tags)
    short = condense(
        content,
        document,
        Brief(
            platform="bluesky",
            form=form,
            room=room(limits),
            override=override,
            link=subject.link,
            tags=tags,
            most_parts=limits["parts"].value if form is Form.THREAD else 1,
            numbered=bool(override.get("numbered", False)),
            # the card says it; where images take its place nothing else would
            repeats_title=not subject.link or bool(pictures) or override.get("card") is False,
        ),
    )
    shown = tuple(show(text) for text in short.texts)
    images = _images_of(short, pictures, bool(subject.link), limits["media"].value)
    card = _card(subject, document, override, pictures)
    place = _card_place(short, images, subject.link) if card else None
    parts = [
        {
            "text": one.text,
            "facets": list(one.facets),
            "images": [{"name": m.name, "alt": m.alt} for m in images[number]],
            "card": card if number == place else None,
            "graphemes": graphemes(one.text),
        }
        for number, one in enumerate(shown)
    ]
    payload: dict[str, Any] = {
        "parts": parts,
        "langs": _languages(override, content, account),
        "labels": _words(override.get("labels")),
        "quote": str(override.get("quote") or ""),
        "form": str(override.get("form") or ""),
    }
    return Rendition(
        payload=payload,
        text="\n\n".join(one.text for one in shown),
        losses=(
            *_moved(short.losses, images, card if place is not None else None),
            *_left_behind(subject, pictures, images, card if place is not None else None),
            *losses_of(shown),
            *tag_losses,
            *unknown_overrides(override, OVERRIDES),
        ),
        media=_used(pictures, images, card if place is not None else None),
    )


def room(limits: Mapping[str, Limit]) -> Room:
    """Return the room of one part, as its text is shown."""
    return Room(
        (
            Bound(shown_graphemes, limits["text"].value, "graphemes"),
            Bound(shown_bytes, limits["text_bytes"].value, "bytes"),
        )
    )


# -- images and the card --------------------------------------------------------------------------


def _pictures(content: Content, document: Document) -> dict[str, Media]:
    """Return the post's own images by name, the cover first, described as the body does it."""
    said = {image.path: image.alt for image in image_paths(document)}
    found = {
        media.name: replace(media, alt=said.get(media.name) or media.alt)
        for media in content.media
        if media.content_type.startswith("image/")
    }
    if content.cover in found:
        found = {content.cover: found.pop(content.cover), **found}
    return found


def _images_of(
    short: Short, pictures: Mapping[str, Media], linked: bool, most: int
) -> list[list[Media]]:
    """Return the images that go with each part.

    Those its text was made from, and with the first those that nothing refers to. An extract with a
    link has them in its card instead. More than `most` only where no link leads to the others.
    """
    images = [_known(references, pictures) for references in short.images]
    if not short.is_whole and linked:
        return images if len(images) > 1 else [[]]
    placed = {media.name for part in images for media in part}
    rest = [media for name, media in pictures.items() if name not in placed]
    if rest and images:
        images[0] = [*rest, *images[0]]
    return [part[:most] for part in images] if linked else images


def _known(references: Sequence[ImageReference], pictures: Mapping[str, Media]) -> list[Media]:
    names = dict.fromkeys(reference.path for reference in references)
    return [pictures[name] for name in names if name in pictures]


def _card(
    subject: Subject,
    document: Document,
    override: Mapping[str, Any],
    pictures: Mapping[str, Media],
) -> dict[str, str] | None:
    content = subject.content
    if not subject.link or override.get("card") is False:
        return None
    return {
        "uri": subject.link,
        "title": content.title or subject.link,
        "description": content.summary or excerpt(document, _DESCRIPTION),
        "thumb": next(iter(pictures), ""),
    }


def _card_place(short: Short, images: Sequence[Sequence[Media]], link: str) -> int | None:
    """Return the part that carries the card: the one whose text has the link, else the last; None
    where that one has images, since a post has either."""
    with_link = [number for number, text in enumerate(short.texts) if link in text]
    place = with_link[-1] if with_link else len(short.texts) - 1
    return None if images[place] else place


def _used(
    pictures: Mapping[str, Media],
    images: Sequence[Sequence[Media]],
    card: Mapping[str, str] | None,
) -> tuple[Media, ...]:
    names = {media.name for part in images for media in part}
    if card and card["thumb"]:
        names.add(card["thumb"])
    return tuple(media for name, media in pictures.items() if name in names)


# -- the rest of the record -----------------------------------------------------------------------


def _languages(override: Mapping[str, Any], content: Content, account: Account) -> list[str]:
    own = _words(override.get("languages") or override.get("language"))
    known = content.language or account.settings.get("language", "")
    return own or ([known] if known else [])


def _words(value: Any) -> list[str]:
    if not value:
        return []
    return [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]


# -- losses ---------------------------------------------------------------------------------------


def _moved(
    losses: Sequence[Loss],
    images: Sequence[Sequence[Media]],
    card: Mapping[str, str] | None,
) -> tuple[Loss, ...]:
    """Return `losses` without images that are attached: they moved, and are not lost."""
    attached = {f"image {media.name}" for part in images for media in part}
    if card and card["thumb"]:
        attached.add(f"image {card['thumb']}")
    return tuple(loss for loss in losses if loss.what not in attached)


def _left_behind(
    subject: Subject,
    pictures: Mapping[str, Media],
    images: Sequence[Sequence[Media]],
    card: Mapping[str, str] | None,
) -> tuple[Loss, ...]:
    used = {media.name for media in _used(pictures, images, card)}
    where = "stays behind the link" if subject.link else "left out"
    losses = [
        Loss(what=f"image {name}", how=where, why="a post has images or a card")
        for name in pictures
        if name not in used
    ]
    losses += [
        Loss(what=f"image {image.path}", how=where, why="only the post's own files go along")
        for image in image_paths(subject.document)
        if image.path not in pictures
    ]
    losses += [
        Loss(
            what=f"file {media.name}",
            how="not attached",
            why=f"only images go along, not {media.content_type}",
        )
        for media in subject.content.media
        if media.name not in pictures
    ]
    return tuple(losses)
