"""Files that a post's text shows and that did not come with it."""

from __future__ import annotations

from copydesk.core.findings import Finding


def missing_image(name: str) -> Finding:
    """Return the finding that refuses a text whose image `name` is not there."""
    return Finding(
        code="image_missing",
        field="body",
        message=f"the text shows the image {name}, which is not there",
        remedy="Add the file beside the text, or take the reference out.",
    )
