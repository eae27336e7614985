"""From canonical content to a status, without ever cutting it.

A post that fits goes whole: title, text, link, hashtags. A longer one that has a summary or a
canonical link is announced by them, and the loss says that the body stays behind. Anything else
stays too long, and `validate` refuses it with the choices a person has. An author's own `text` for
Mastodon goes before all of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.mastodon.counting import count
from copydesk.transformation.document import image_paths, parse_markdown
from copydesk.transformation.hashtags import hashtags
from copydesk.transformation.nodes import Document, Heading, plain
from copydesk.transformation.text import to_text

#: What an author may set for Mastodon alone.
OVERRIDES: Final = ("text", "spoiler_text", "visibility", "language", "sensitive")

_ATTACHABLE: Final = ("image/", "video/", "audio/")


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    losses: tuple[Loss, ...]
    media: tuple[Media, ...]


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the status for `subject` within `limits`, the limits that hold for `account`."""
    content = subject.content
    override = _override(content, account)
    spoiler = str(override.get("spoiler_text", ""))
    draft = _draft(content, override, spoiler, limits)
    payload: dict[str, Any] = {
        "status": draft.text,
        "spoiler_text": spoiler,
        "sensitive": bool(override.get("sensitive", bool(spoiler))),
        "visibility": str(
            override.get("visibility") or account.settings.get("visibility") or "public"
        ),
        "language": str(
            override.get("language") or content.language or account.settings.get("language") or ""
        ),
        "media": [{"name": media.name, "alt": media.alt} for media in draft.media],
        "characters": count(draft.text, spoiler, per_url=limits["url"].value),
    }
    unknown = tuple(
        Loss(what=f"override {key!r}", how="ignored", why=f"known: {', '.join(OVERRIDES)}")
        for key in override
        if key not in OVERRIDES
    )
    losses = (*draft.losses, *unknown)
    return Rendition(payload=payload, text=draft.text, losses=losses, media=draft.media)


def _draft(
    content: Content, override: Mapping[str, Any], spoiler: str, limits: Mapping[str, Limit]
) -> _Draft:
    attachable = _attachable(content)
    if "text" in override:
        return _Draft(str(override["text"]), _not_attached(content), attachable)
    tags, tag_losses = hashtags(content.tags)
    whole = _whole(content, attachable, tags)
    fits = (
        count(whole.text, spoiler, per_url=limits["url"].value) <= limits["text"].value
        and len(attachable) <= limits["media"].value
    )
    chosen = whole if fits or not _has_stand_in(content) else _announcement(content, tags, limits)
    return _Draft(chosen.text, (*chosen.losses, *tag_losses), chosen.media)


def _whole(content: Content, attachable: tuple[Media, ...], tags: str) -> _Draft:
    body, losses = to_text(_without_title(content), images="drop")
    attached = {f"image {media.name}" for media in attachable}
    # what is attached is not lost, only moved below the text
    kept = tuple(loss for loss in losses if loss.what not in attached)
    text = _paragraphs(content.title, body, content.canonical_url, tags)
    return _Draft(text, (*kept, *_not_attached(content)), attachable)


def _announcement(content: Content, tags: str, limits: Mapping[str, Limit]) -> _Draft:
    behind = "stays behind the link" if content.canonical_url else "left out"
    limit = limits["text"]
    losses = [
        Loss(
            what="body",
            how=f"{behind}; title and summary announce it",
            why=f"the whole post does not fit into {limit.value} {limit.unit}"
            f" and {limits['media'].value} attachments",
        )
    ]
    first = tuple(m for m in _attachable(content) if m.content_type.startswith("image/"))[:1]
    shown = {media.name for media in first}
    if len(content.media) > len(first):
        losses.append(
            Loss(
                what=", ".join(media.name for media in content.media if media.name not in shown),
                how=behind,
                why="an announcement carries one image",
            )
        )
    text = _paragraphs(content.title, content.summary, content.canonical_url, tags)
    return _Draft(text, tuple(losses), first)


def _attachable(content: Content) -> tuple[Media, ...]:
    """Return the files Mastodon may take, described as the body describes them where it does."""
    said = {image.path: image.alt for image in image_paths(parse_markdown(content.body))}
    return tuple(
        replace(media, alt=said.get(media.name) or media.alt)
        for media in content.media
        if media.content_type.startswith(_ATTACHABLE)
    )


def _has_stand_in(content: Content) -> bool:
    return bool(content.canonical_url or content.summary)


def _not_attached(content: Content) -> tuple[Loss, ...]:
    return tuple(
        Loss(
            what=f"file {media.name}",
            how="not attached",
            why=f"Mastodon takes images, video and audio, not {media.content_type}",
        )
        for media in content.media
        if not media.content_type.startswith(_ATTACHABLE)
    )


def _without_title(content: Content) -> Document:
    document = parse_markdown(content.body)
    match document.blocks:
        case (Heading() as first, *rest) if plain(first.children).strip() == content.title.strip():
            return replace(document, blocks=tuple(rest))
        case _:
            return document


def _override(content: Content, account: Account) -> Mapping[str, Any]:
    return {**content.overrides.get("mastodon", {}), **content.overrides.get(account.name, {})}


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
