"""From canonical content to a Medium story, as Markdown or HTML.

The title stands in the text too, since Medium shows none otherwise. What Medium cannot show is
said in another way, with a loss: tables as lists, footnotes as endnotes. An embed is its bare
address on a line of its own, which the editor makes a card of. Images are uploaded while
preparing, so a placeholder stands for each until then (`addresses.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.kit.public_files import public_address
from copydesk.platforms.medium.addresses import placeholder
from copydesk.platforms.medium.client import IMAGES
from copydesk.transformation.document import (
    changed,
    image_paths,
    is_remote,
    local_path,
    walk,
    with_urls,
    without_title,
)
from copydesk.transformation.downgrading import downgraded
from copydesk.transformation.html import to_html
from copydesk.transformation.images import CannotFit, plan_fitting
from copydesk.transformation.markdown import Flavour, to_markdown
from copydesk.transformation.nodes import (
    Block,
    Document,
    Embed,
    Heading,
    Link,
    Paragraph,
    Text,
)
from copydesk.transformation.tags import TagRule, map_tags

#: What an author may set for Medium alone, besides the fields of every post.
OVERRIDES: Final = ("publish_status", "license", "notify_followers", "format")

#: What Medium's importers take (platform sheets, section 30). The title is the only heading of the
#: first level.
MEDIUM: Final = Flavour(
    name="Medium",
    html="drop",
    top_heading=2,
    embed=lambda embed: embed.url,
)


def render(subject: Subject, account: Account, limits: Mapping[str, Limit]) -> Rendition:
    """Return the story for `subject`."""
    content = subject.content
    override = content.override_for(account)
    files = _Files(content, account)
    title = " ".join(content.title.split())
    # what is raw HTML becomes ordinary first, so that the images in it are placed like others
    document, losses = downgraded(without_title(subject.document, content.title), MEDIUM)
    document = files.placed(document)
    written_as = str(override.get("format") or account.settings.get("format") or "markdown")
    text, more_losses = to_markdown(document, MEDIUM)
    heading = Document((Heading(1, (Text(title),)),)) if title else Document(())
    if written_as == "html":
        body = to_html(heading) + to_html(_bare(document))
    else:
        body = "\n".join(part for part in (to_markdown(heading)[0], text) if part)
    tags, tag_losses = map_tags(content.tags, _tag_rule(limits))
    payload: dict[str, Any] = {
        "title": title,
        "format": written_as,
        "content": body,
        "tags": list(tags),
        "canonical_url": content.canonical_url,
        "publish_status": str(
            override.get("publish_status") or account.settings.get("publish_status") or "draft"
        ),
        "license": str(
            override.get("license") or account.settings.get("license") or "all-rights-reserved"
        ),
        "notify_followers": _says_yes(
            override.get("notify_followers", account.settings.get("notify_followers"))
        ),
        "files": {media.name: placeholder(media.sha256) for media in files.uploads},
        "unplaced": sorted(files.unplaced),
        "undescribed": files.undescribed,
        "markdown": text,
    }
    return Rendition(
        payload=payload,
        text=f"{title}\n\n{text}",
        losses=(
            *losses,
            *more_losses,
            *_untitled(document),
            *tag_losses,
            *_changes(files.uploads),
            *unknown_overrides(override, OVERRIDES),
        ),
        media=tuple(files.uploads),
    )


class _Files:
    """Where a post's files go: uploaded, fetched by Medium where they are public, or nowhere."""

    def __init__(self, content: Content, account: Account) -> None:
        self._content = content
        self._base = account.settings.get("images_url", "")
        self._uploads = account.settings.get("images", "upload") == "upload"
        self._media = {media.name: media for media in content.media}
        self.uploads: list[Media] = []
        self.unplaced: set[str] = set()
        self.undescribed: list[str] = []

    def place(self, name: str) -> str:
        """Return the address `name` will have; itself, noted, when it is nowhere."""
        if is_remote(name):
            return name
        media = self._media.get(name)
        if self._uploads and media is not None and _fits(media):
            if media not in self.uploads:
                self.uploads.append(media)
            return placeholder(media.sha256)
        address = public_address(name, self._content, self._base)
        if not address:
            self.unplaced.add(name)
        return address or name

    def placed(self, document: Document) -> Document:
        """Return `document` with the addresses its images will have."""
        self.undescribed = [image.path for image in image_paths(document) if not image.alt]
        return with_urls(document, image=lambda url: self.place(local_path(url)))


def _fits(media: Media) -> bool:
    try:
        plan_fitting(media, IMAGES)
    except CannotFit:
        return False
    return True


def _changes(uploads: list[Media]) -> tuple[Loss, ...]:
    fittings = [(media, plan_fitting(media, IMAGES)) for media in uploads]
    return tuple(
        Loss(what=f"image {media.name}", how="made anew", why="; ".join(fitting.because))
        for media, fitting in fittings
        if fitting is not None
    )


def _untitled(document: Document) -> tuple[Loss, ...]:
    return tuple(
        Loss(
            what=f"title {node.title!r} of an embed",
            how="left out",
            why="Medium's card takes the title of the page it leads to",
        )
        for node in walk(document)
        if isinstance(node, Embed) and node.title
    )


def _bare(document: Document) -> Document:
    """Return `document` with each embed as a paragraph that is its address alone."""

    def block(node: Block) -> Block:
        if isinstance(node, Embed):
            return Paragraph((Link(node.url, (Text(node.url),)),))
        return node

    return changed(document, block=block)


def _tag_rule(limits: Mapping[str, Limit]) -> TagRule:
    return TagRule(
        allowed=r"\p{L}\p{M}\p{N}",
        joiner=" ",
        lower=False,
        transliterate=False,
        longest=limits["tag"].value,
        most=limits["tags"].value,
    )


def _says_yes(value: Any) -> bool:
    return value is True or value == "yes"
