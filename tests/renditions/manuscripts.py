"""Ten posts as people write them, with pictures that exist by name, size and shape alone."""

from __future__ import annotations

import hashlib
import mimetypes
from datetime import UTC, datetime
from pathlib import Path

from copydesk.core.post import Media
from copydesk.transformation.content import read_markdown_file
from copydesk.work.deliveries.manuscripts import Manuscript

FOLDER = Path(__file__).parent / "posts"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.md")))

#: When everything is published, so that renditions stay the same.
PUBLISHED_AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def manuscript_of(name: str) -> Manuscript:
    """Return one of the posts. Its local pictures are 1200 × 800 and 180 kB, but have no bytes."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    file = read_markdown_file(text, filename=f"{name}.md")
    pictures = [
        Media(
            name=reference.path,
            content_type=mimetypes.guess_type(reference.path)[0] or "application/octet-stream",
            sha256=hashlib.sha256(reference.path.encode()).hexdigest(),
            size=180_000,
            alt=reference.alt,
            width=1200,
            height=800,
        )
        for reference in file.images
        if "://" not in reference.path
    ]
    return Manuscript(
        source_key=f"post:{name}",
        file=file,
        images=tuple((picture, b"") for picture in pictures),
    )
