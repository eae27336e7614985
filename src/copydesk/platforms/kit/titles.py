"""Titles that a platform would refuse."""

from __future__ import annotations

from copydesk.core.findings import Finding
from copydesk.platforms.kit.manifest import Manifest


def check_title(title: str, manifest: Manifest) -> list[Finding]:
    """Return a finding when there is no title, or one of more code points than the manifest's limit
    `title`. Nothing is cut: a person shortens it, or gives the platform a title of its own."""
    if not title.strip():
        return [
            Finding(
                code="title_missing",
                field="title",
                message=f"{manifest.title} takes no post without a title",
                remedy="Write `title:` or a # heading.",
            )
        ]
    most = manifest.limits["title"]
    if len(title) <= most.value:
        return []
    takes = "safely takes" if most.assumed else "takes"
    return [
        Finding(
            code="title_too_long",
            field="title",
            message=f"{len(title)} characters, {manifest.title} {takes} {most.value}",
            remedy=f"Shorten it, or give {manifest.title} a title of its own "
            f"(override {manifest.name}.title).",
        )
    ]
