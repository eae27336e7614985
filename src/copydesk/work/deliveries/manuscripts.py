"""A person's own Markdown, read from its folder.

A file is one post for ever, known by its `id:` in the front matter or else by where it stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from copydesk.core.errors import InputRefused, NotFound
from copydesk.core.findings import Finding
from copydesk.core.post import Content, Media
from copydesk.transformation.content import MarkdownFile, read_markdown_file
from copydesk.transformation.images import image_size
from copydesk.transformation.metadata import file_findings

#: Above this, in bytes, a Markdown file or an image is not read: it is not a post.
_MAX_FILE: Final = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """A Markdown file with the bytes of the images it shows; `missing` names those that are not
    there, and keeps it from being stored."""

    source_key: str
    file: MarkdownFile
    images: tuple[tuple[Media, bytes], ...]
    missing: tuple[Finding, ...] = ()

    @property
    def content(self) -> Content:
        """Return the content with its media."""
        return replace(self.file.content, media=tuple(media for media, _ in self.images))


async def read_manuscript(path: Path) -> Manuscript:
    """Read a Markdown file and the images beside it that it refers to.

    Raises `NotFound` when it is not there, `InputRefused` when it is not text, `ContentInvalid`
    with all that is wrong with its front matter.
    """
    return await asyncio.to_thread(_read, path)


def _read(path: Path) -> Manuscript:
    raw = _bytes(path, what="file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(
            "undecodable",
            f"{path.name} is not UTF-8 text (byte {error.start}).",
            remedy="Save it as UTF-8.",
        ) from error
    file = read_markdown_file(text, filename=path.name)
    findings: list[Finding] = []
    images: dict[str, tuple[Media, bytes]] = {}
    for reference in file.images:
        if "://" in reference.path or reference.path.startswith(("data:", "/")):
            continue
        target = (path.parent / reference.path).resolve()
        if not target.is_relative_to(path.parent.resolve()) or not target.is_file():
            findings.append(
                Finding(
                    code="image_missing",
                    field=f"image {reference.path}",
                    message="there is no such file beside the post",
                    remedy="Put it there, or correct the path.",
                )
            )
            continue
        data = _bytes(target, what="image")
        width, height = image_size(data)
        kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
        media = Media(
            name=reference.path,
            content_type=kind,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            alt=reference.alt,
            width=width,
            height=height,
            findings=file_findings(reference.path, kind, data),
        )
        images[reference.path] = (media, data)
    # another checkout, another path: an id of its own survives both
    key = f"id:{file.identity}" if file.identity else f"file:{path.resolve()}"
    return Manuscript(
        source_key=key, file=file, images=tuple(images.values()), missing=tuple(findings)
    )


def _bytes(path: Path, *, what: str) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise NotFound(f"{path} is not a {what}.")
        if size > _MAX_FILE:
            raise InputRefused(
                "too_large", f"{path.name} has {size:,} bytes; at most {_MAX_FILE:,} are read."
            )
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"The {what} {path} cannot be read: {error.strerror}.") from error
