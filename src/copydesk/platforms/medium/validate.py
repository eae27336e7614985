"""What Medium would refuse or ignore, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.alts import undescribed
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.public_files import not_public
from copydesk.platforms.medium import FORMATS, LICENSES, STATES
from copydesk.transformation.counting import codepoints


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    return [
        *_check_title(payload["title"], limits["title"].value),
        *_check_body(payload),
        *_check_choice(payload["publish_status"], "publish_status", STATES),
        *_check_choice(payload["format"], "format", FORMATS),
        *_check_choice(payload["license"], "license", LICENSES),
        *(not_public(name, "Medium") for name in payload["unplaced"]),
        *(undescribed(name) for name in payload["undescribed"]),
    ]


def _check_title(title: str, most: int) -> list[Finding]:
    if not title:
        return [
            Finding(
                code="title_missing",
                field="title",
                message="a story needs a title",
                remedy="Give the post a title.",
            )
        ]
    if codepoints(title) > most:
        return [
            Finding(
                code="title_too_long",
                field="title",
                message=f"{codepoints(title)} characters; above {most} Medium ignores the title and"
                " makes one up",
                remedy="Shorten it, or give Medium a title of its own (override medium.title).",
            )
        ]
    return []


def _check_body(payload: Mapping[str, Any]) -> list[Finding]:
    if payload["markdown"].strip():
        return []
    return [
        Finding(
            code="empty",
            field="body",
            message="there is no text below the title",
            remedy="Write the story.",
        )
    ]


def _check_choice(value: str, field: str, choices: tuple[str, ...]) -> list[Finding]:
    if value in choices:
        return []
    return [
        Finding(
            code=f"{field}_unknown",
            field=f"overrides.medium.{field}",
            message=f"{value!r} is not possible",
            remedy=f"Use one of: {', '.join(choices)}.",
        )
    ]
