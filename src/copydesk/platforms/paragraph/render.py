"""From canonical content to a post: fields, and the whole body as Markdown.

Paragraph turns Markdown into a document of its own. What its Markdown is not known to carry
(tables, struck text, footnotes, raw HTML) is written in plainer ways, with a loss. Images are
fetched by Paragraph, so they need public addresses; those without one are refused by `validate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.kit.public_files import public_address
from copydesk.transformation.document import (
    image_paths,
    local_path,
    parse_markdown,
    with_top_heading,
    with_urls,
)
from copydesk.transformation.markdown import Flavour, to_markdown
from copydesk.transformation.nodes import Document, Emphasis, Link, Paragraph, Text
from copydesk.transformation.text import to_text

#: What an author may set for Paragraph alone.
OVERRIDES: Final = (
    "title", "subtitle", "slug", "text", "categories", "cover", "author_ids", "newsletter",
    "credit",
)  # fmt: skip

#: CommonMark alone: what else its converter reads is not documented (checked 2026-11-22).
FLAVOUR: Final = Flavour(name="Paragraph", html="drop", top_heading=2)

_NO_CREDIT: Final = "none"


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the post for `subject`; `limits` are those that hold for `account`."""
    content = subject.content
    override = content.override_for(account)
    images_url = account.settings.get("images_url", "")
    document = parse_markdown(str(override["text"])) if "text" in override else subject.document
    names = [image.path for image in image_paths(document)]
    document = _with_credit(document, subject, account, override)
    document = with_top_heading(document, FLAVOUR.top_heading)
    text, _ = to_text(document)

    def public(url: str) -> str:
        return public_address(local_path(url), content, images_url) or url

    markdown, losses = to_markdown(with_urls(document, image=public), FLAVOUR)
    cover = str(override.get("cover", content.cover))
    subtitle, subtitle_losses = _subtitle(content, override, limits["subtitle"])
    wanted = [*names, cover] if cover else names
    payload: dict[str, Any] = {
        "title": str(override.get("title") or content.title),
        "subtitle": subtitle,
        "slug": str(override.get("slug") or content.slug),
        "markdown": markdown,
        "categories": _list(override.get("categories", content.tags)),
        "author_ids": _list(override.get("author_ids", account.settings.get("author_ids", ""))),
        "image": public_address(cover, content, images_url) if cover else "",
        "state": "published",
        "newsletter": _newsletter(account, override),
        "not_public": [n for n in wanted if not public_address(n, content, images_url)],
    }
    unknown = unknown_overrides(override, OVERRIDES)
    return Rendition(
        payload=payload,
        text=f"{payload['title']}\n\n{text}".strip(),
        losses=(*losses, *subtitle_losses, *_not_shown(content, names, cover), *unknown),
    )


def _newsletter(account: Account, override: Mapping[str, Any]) -> bool:
    """Return whether the post asks to be mailed; whether it may is for `validate`."""
    if "newsletter" in override:
        return override["newsletter"] is True
    return account.settings.get("newsletter") == "always"


def _subtitle(
    content: Content, override: Mapping[str, Any], limit: Limit
) -> tuple[str, tuple[Loss, ...]]:
    if "subtitle" in override:
        return str(override["subtitle"]), ()
    if len(content.summary) <= limit.value:
        return content.summary, ()
    loss = Loss(
        what="summary",
        how="left out of the subtitle",
        why=f"{len(content.summary)} of {limit.value} {limit.unit}",
    )
    return "", (loss,)


def _with_credit(
    document: Document, subject: Subject, account: Account, override: Mapping[str, Any]
) -> Document:
    """Return `document` ending in a line that names the canonical page: Paragraph has no field."""
    url = subject.content.canonical_url
    line = str(override.get("credit") or account.settings.get("credit") or _DEFAULT_CREDIT)
    if not url or line == _NO_CREDIT:
        return document
    before, _, after = line.partition("{url}")
    parts = urlsplit(url)
    link = Link(subject.link, (Text(f"{parts.netloc}{parts.path}".rstrip("/")),))
    said = Paragraph((Emphasis((Text(before), link, *((Text(after),) if after else ()))),))
    return Document((*document.blocks, said), document.footnotes)


_DEFAULT_CREDIT: Final = "Originally published at {url}"


def _not_shown(content: Content, names: list[str], cover: str) -> tuple[Loss, ...]:
    return tuple(
        Loss(
            what=f"file {media.name}",
            how="left out",
            why="Paragraph shows only images that the text or the cover names",
        )
        for media in content.media
        if media.name not in names and media.name != cover
    )


def _list(value: Any) -> list[str]:
    given = value.split(",") if isinstance(value, str) else list(value or ())
    return [word for item in given if (word := str(item).strip())]
