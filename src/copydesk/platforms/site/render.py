"""From canonical content to the data of a page. Pure: files and addresses come later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Loss, Severity
from copydesk.core.post import Content, Media
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.missing_files import missing_image
from copydesk.transformation.characters import without_controls
from copydesk.transformation.content import with_overrides
from copydesk.transformation.counting import graphemes, utf8_bytes
from copydesk.transformation.document import (
    image_paths,
    is_remote,
    local_path,
    parse_markdown,
    with_top_heading,
)
from copydesk.transformation.excerpt import excerpt, shorten
from copydesk.transformation.html import html_losses, to_html
from copydesk.transformation.slugs import is_slug, slugify
from copydesk.transformation.text import to_text

#: What may lie beside a page, and the file name ending it gets. SVG is not among them: opened by
#: itself it may run scripts in the name of the site.
EXTENSIONS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "application/pdf": ".pdf",
}
SUMMARY_LENGTH: Final = 200
_SAFE_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")


def render(subject: Subject, account: Account) -> Rendition:
    """Return the page data of `subject`: everything the site shows, nothing about where.

    `html` and `markdown` refer to images by their file name beside the page.
    """
    content, removed = _presentable(with_overrides(subject.content, "site", account.name))
    document = parse_markdown(content.body)
    files = media_files(content.media)

    def place(reference: str) -> str:
        return files.get(reference, reference)

    def place_link(url: str) -> str:
        return files.get(local_path(url), url)

    text, _ = to_text(document)
    images = image_paths(document)
    payload: dict[str, Any] = {
        "id": subject.post_id,
        "revision": subject.revision,
        "title": content.title or shorten(" ".join(text.split()), 70) or content.slug,
        "slug": content.slug,
        "summary": content.summary or excerpt(document, SUMMARY_LENGTH),
        "tags": list(content.tags),
        "language": content.language,
        "authors": list(content.authors),
        "canonical_url": content.canonical_url,
        "published_at": subject.published_at,
        "updated_at": subject.updated_at,
        "html": to_html(with_top_heading(document, 2), image_url=place, link_url=place_link),
        "markdown": content.body,
        "media": [
            {
                "name": media.name,
                "file": files[media.name],
                "alt": media.alt or next((i.alt for i in images if i.path == media.name), ""),
                "content_type": media.content_type,
                "sha256": media.sha256,
                "size": media.size,
            }
            # the first picture is the one shown where pages are linked to
            for media in sorted(content.media, key=lambda media: media.name != content.cover)
        ],
        "images": [{"path": image.path, "alt": image.alt} for image in images],
    }
    return Rendition(
        payload=payload,
        text=f"{payload['title']}\n\n{text}".strip(),
        losses=(*removed, *html_losses(document)),
        media=content.media,
    )


def _presentable(content: Content) -> tuple[Content, tuple[Loss, ...]]:
    """Return `content` without characters that pages and feeds may not contain."""
    clean = replace(
        content,
        title=without_controls(content.title),
        body=without_controls(content.body),
        summary=without_controls(content.summary),
        tags=tuple(tag for tag in map(without_controls, content.tags) if tag.strip()),
        authors=tuple(name for name in map(without_controls, content.authors) if name.strip()),
    )
    if clean == content:
        return content, ()
    loss = Loss(
        what="control characters",
        how="removed",
        why="pages and feeds may not contain them",
    )
    return clean, (loss,)


def media_files(media: tuple[Media, ...]) -> dict[str, str]:
    """Return media name → path below the page's folder: its own where it is safe."""
    files: dict[str, str] = {}
    taken: set[str] = set()
    for item in media:
        path = PurePosixPath(item.name)
        ending = EXTENSIONS.get(item.content_type, path.suffix.lower())
        safe = (
            not path.is_absolute()
            and all(_SAFE_SEGMENT.fullmatch(part) for part in path.parts)
            and path.suffix.lower() not in {".html", ".htm", ".md", ".js", ".svg", ""}
        )
        file = str(path) if safe else f"{slugify(path.stem, 'image')}{ending}"
        stem, number = PurePosixPath(file).with_suffix(""), 2
        while file.casefold() in taken:
            file, number = f"{stem}-{number}{PurePosixPath(file).suffix}", number + 1
        taken.add(file.casefold())
        files[item.name] = file
    return files


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return everything that keeps `rendition` from being a good page."""
    payload = rendition.payload
    findings = [*_check_lengths(payload, limits), *_check_images(payload, limits)]
    if not is_slug(payload["slug"]):
        findings.append(
            Finding(
                code="slug_invalid",
                field="slug",
                message=f"{payload['slug']!r} cannot be part of an address",
                remedy="Use 3 to 80 lower-case letters, digits and single hyphens.",
            )
        )
    if not payload["html"].strip():
        findings.append(
            Finding(
                code="body_missing",
                field="body",
                message="the page would be empty",
                remedy="Write something below the title.",
            )
        )
    return findings


def _check_lengths(payload: Mapping[str, Any], limits: Mapping[str, Limit]) -> list[Finding]:
    sizes = {
        "title": graphemes(payload["title"]),
        "body": utf8_bytes(payload["html"]),
        "tags": len(payload["tags"]),
    }
    return [
        Finding(
            code=f"{field}_too_long",
            field=field,
            message=f"{size:,} {limits[field].unit} are more than {limits[field].value:,}",
            remedy=f"Shorten the {field}.",
        )
        for field, size in sizes.items()
        if size > limits[field].value
    ]


def _check_images(payload: Mapping[str, Any], limits: Mapping[str, Limit]) -> list[Finding]:
    findings: list[Finding] = []
    names = {media["name"] for media in payload["media"]}
    for media in payload["media"]:
        if media["content_type"] not in EXTENSIONS:
            findings.append(
                Finding(
                    code="media_type_refused",
                    field="media",
                    message=f"{media['name']} is {media['content_type']}, which pages cannot show",
                    remedy=f"Convert it to one of: {', '.join(EXTENSIONS)}.",
                )
            )
        if media["size"] > limits["media_size"].value:
            findings.append(
                Finding(
                    code="media_too_large",
                    field="media",
                    message=f"{media['name']} has {media['size']:,} bytes, "
                    f"more than {limits['media_size'].value:,}",
                    remedy="Save it smaller.",
                )
            )
    for image in payload["images"]:
        path = image["path"]
        if not is_remote(path) and path not in names:
            findings.append(missing_image(path))
        elif path.startswith("http:"):
            findings.append(
                Finding(
                    code="image_not_secure",
                    field="body",
                    message=f"browsers will not load {path} on this site",
                    remedy="Use an https address, or keep the image with the post.",
                    severity=Severity.WARNING,
                )
            )
        if not image["alt"]:
            findings.append(
                Finding(
                    code="alt_missing",
                    field="body",
                    message=f"the image {path} has no alternative text",
                    remedy="Say in its brackets what it shows: ![a red kite](kite.jpg).",
                    severity=Severity.WARNING,
                )
            )
    return findings
