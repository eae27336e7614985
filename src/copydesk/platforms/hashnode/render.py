"""From canonical content to a post of a Hashnode publication.

Images are uploaded while preparing, so the payload holds a placeholder for each (`placing.py`), and
`files` says which file it stands for. `unplaced` lists what can neither be uploaded nor has a
public address; `validate` refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media
from copydesk.platforms.hashnode.markdown import to_hashnode
from copydesk.platforms.hashnode.placing import placeholder
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
from copydesk.transformation.slugs import slugify
from copydesk.transformation.tags import TagRule, map_tags

#: What an author may set for Hashnode alone, besides the fields of every post.
OVERRIDES: Final = (
    "subtitle", "series", "cover", "newsletter", "delisted", "comments", "table_of_contents",
)  # fmt: skip

#: Slugs of tags; the author's own words become their names.
TAGS: Final = TagRule(allowed="a-z0-9", joiner="-", most=15)


def render(subject: Subject, account: Account) -> Rendition:
    """Return the post for `subject`."""
    content = subject.content
    override = content.override_for(account)
    files = _Files(content, account)
    document = files.placed(without_title(subject.document, content.title))
    body, losses = to_hashnode(document)
    tags, tag_losses = _tags(content.tags)
    cover = str(override.get("cover", content.cover))
    series = str(override.get("series", content.series))
    payload = {
        "title": " ".join(content.title.split()),
        "subtitle": str(override.get("subtitle", content.summary)),
        "body": body,
        "slug": content.slug,
        "tags": tags,
        "canonical_url": content.canonical_url,
        "cover": files.place(cover) if cover else "",
        "description": content.summary,
        "series": slugify(series) if series else "",
        "newsletter": _flag(override, "newsletter", account.settings.get("newsletter") == "yes"),
        "delisted": _flag(override, "delisted", otherwise=False),
        "comments": _flag(override, "comments", otherwise=True),
        "table_of_contents": _flag(
            override, "table_of_contents", account.settings.get("table_of_contents") == "yes"
        ),
        "files": {media.name: placeholder(media.sha256) for media in files.uploads},
        "unplaced": sorted(files.unplaced),
        "undescribed": files.undescribed,
    }
    return Rendition(
        payload=payload,
        text=f"{payload['title']}\n\n{body}",
        losses=(
            *losses,
            *tag_losses,
            *unknown_overrides(override, OVERRIDES),
            *_odd_flags(override),
        ),
        media=tuple(files.uploads),
    )


class _Files:
    """Where a post's files go: uploaded, public already, or nowhere."""

    def __init__(self, content: Content, account: Account) -> None:
        self._content = content
        self._base = account.settings.get("images_url", "")
        self._media = {media.name: media for media in content.media}
        self.uploads: list[Media] = []
        self.unplaced: set[str] = set()
        self.undescribed: list[str] = []

    def place(self, name: str) -> str:
        """Return the address `name` will have; itself, noted, when it is nowhere."""
        if is_remote(name):
            return name
        media = self._media.get(name)
        if media is not None and _is_taken(media):
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
        placed = with_urls(document, image=lambda url: self.place(local_path(url)))
        # with_urls leaves raw HTML alone: an image that is still local there has no address
        self.unplaced |= {i.path for i in image_paths(placed) if not is_remote(i.path)}
        return placed


def _is_taken(media: Media) -> bool:
    return media.content_type.startswith("image/") and media.content_type != "image/svg+xml"


def _tags(tags: tuple[str, ...]) -> tuple[list[dict[str, str]], tuple[Loss, ...]]:
    slugs, losses = map_tags(tags, TAGS)
    names: dict[str, str] = {}
    for tag in tags:
        for slug in map_tags((tag,), TAGS)[0]:
            names.setdefault(slug, tag)
    return [{"slug": slug, "name": names.get(slug, slug)} for slug in slugs], losses


def _flag(override: Mapping[str, Any], key: str, otherwise: bool) -> bool:
    return bool(override[key]) if isinstance(override.get(key), bool) else otherwise


def _odd_flags(override: Mapping[str, Any]) -> tuple[Loss, ...]:
    flags = ("newsletter", "delisted", "comments", "table_of_contents")
    return tuple(
        Loss(what=f"override {key!r}", how="ignored", why="it is neither true nor false")
        for key in flags
        if key in override and not isinstance(override[key], bool)
    )
