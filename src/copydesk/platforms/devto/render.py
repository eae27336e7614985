"""From canonical content to an article: JSON fields and a body, never front matter.

The payload's `article` is what the Forem is sent, without the publish state, which the call itself
always names. `unplaced` lists the files that have no public address; `validate` refuses them.
"""

from __future__ import annotations

from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.post import Content
from copydesk.platforms.devto.markdown import to_forem
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.platforms.kit.public_files import public_address
from copydesk.transformation.document import (
    image_paths,
    is_remote,
    local_path,
    with_urls,
    without_title,
)
from copydesk.transformation.nodes import Document
from copydesk.transformation.tags import TagRule, map_tags

#: What an author may set for dev.to alone, besides the fields of every post.
OVERRIDES: Final = ("organization_id", "liquid", "series", "cover")

#: Letters and digits alone; aliases are replaced there by the tag the community prefers.
TAGS: Final = TagRule(allowed="a-z0-9", longest=30, most=4, in_total=126)


def render(subject: Subject, account: Account) -> Rendition:
    """Return the article for `subject`."""
    content = subject.content
    override = content.override_for(account)
    files = _Files(content, account)
    document = files.placed(without_title(subject.document, content.title))
    body, losses = to_forem(document, runs_liquid=override.get("liquid") is True)
    tags, tag_losses = map_tags(content.tags, TAGS)
    cover = str(override.get("cover", content.cover))
    article: dict[str, Any] = {
        "title": " ".join(content.title.split()),
        "body_markdown": body,
        "description": content.summary,
        "tags": list(tags),
        "series": str(override.get("series", content.series)),
        "canonical_url": content.canonical_url,
        "main_image": files.place(cover) if cover else "",
    }
    if organization := override.get("organization_id") or account.settings.get("organization_id"):
        number = str(organization)
        article["organization_id"] = int(number) if number.isdecimal() else number
    if content.language:
        article["language"] = content.language.partition("-")[0].lower()
    payload = {
        "article": article,
        "unplaced": sorted(files.unplaced),
        "undescribed": [i.path for i in image_paths(document) if not i.alt],
        "liquid": override.get("liquid") is True,
    }
    text = f"{article['title']}\n\n{body}"
    return Rendition(
        payload=payload,
        text=text,
        losses=(*losses, *tag_losses, *unknown_overrides(override, OVERRIDES)),
    )


class _Files:
    """The public addresses of a post's own files, and those that have none."""

    def __init__(self, content: Content, account: Account) -> None:
        self._content = content
        self._base = account.settings.get("images_url", "")
        self.unplaced: set[str] = set()

    def place(self, name: str) -> str:
        """Return the address at which `name` is public; itself, noted, when it is nowhere."""
        address = public_address(name, self._content, self._base)
        if not address:
            self.unplaced.add(name)
        return address or name

    def placed(self, document: Document) -> Document:
        """Return `document` with the public addresses of its images."""
        placed = with_urls(document, image=lambda url: self.place(local_path(url)))
        # with_urls leaves raw HTML alone: an image that is still local there has no address
        self.unplaced |= {i.path for i in image_paths(placed) if not is_remote(i.path)}
        return placed
