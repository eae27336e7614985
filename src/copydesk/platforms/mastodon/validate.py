"""What a Mastodon instance would refuse, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Media
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.mastodon import VISIBILITIES
from copydesk.platforms.mastodon.counting import count
from copydesk.transformation.counting import graphemes

#: Formats the server converts or keeps (SVG is not among them).
_IMAGES: Final = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif"}
)


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    findings = _check_text(payload["status"], payload["spoiler_text"], rendition, limits)
    if payload["visibility"] not in VISIBILITIES:
        findings.append(
            Finding(
                code="visibility_unknown",
                field="overrides.mastodon.visibility",
                message=f"there is no visibility {payload['visibility']!r}",
                remedy=f"one of: {', '.join(VISIBILITIES)}",
            )
        )
    return [*findings, *_check_mix(rendition.media, limits), *_check_files(rendition.media, limits)]


def _check_text(
    text: str, spoiler: str, rendition: Rendition, limits: Mapping[str, Limit]
) -> list[Finding]:
    if not text.strip() and not rendition.media:
        return [
            Finding(
                code="empty",
                field="body",
                message="there is neither text nor an attachment",
                remedy="Write something, or attach an image.",
            )
        ]
    length, limit = count(text, spoiler, per_url=limits["url"].value), limits["text"]
    if length <= limit.value:
        return []
    return [
        Finding(
            code="text_too_long",
            field="body",
            message=f"{length} characters, the instance takes {limit.value}",
            remedy="Give the post a summary or a canonical URL to announce it by, write a short "
            "text for Mastodon (override mastodon.text), or shorten what is there.",
        )
    ]


def _check_mix(media: tuple[Media, ...], limits: Mapping[str, Limit]) -> list[Finding]:
    films = [item for item in media if not item.content_type.startswith("image/")]
    if films and len(media) > limits["video"].value:
        return [
            Finding(
                code="media_mixed",
                field="media",
                message="a video or audio file can only be attached alone",
                remedy="Keep either the one file or the images.",
            )
        ]
    if len(media) > limits["media"].value:
        return [
            Finding(
                code="media_too_many",
                field="media",
                message=f"{len(media)} attachments, Mastodon takes {limits['media'].value}",
                remedy="Choose which to keep, or give the post a canonical URL to link to.",
            )
        ]
    return []


def _check_files(media: tuple[Media, ...], limits: Mapping[str, Limit]) -> list[Finding]:
    findings: list[Finding] = []
    for item in media:
        is_image = item.content_type.startswith("image/")
        field = f"media.{item.name}"
        if is_image and item.content_type not in _IMAGES:
            findings.append(
                Finding(
                    code="media_type",
                    field=field,
                    message=f"Mastodon does not take {item.content_type}",
                    remedy="Convert it to PNG, JPEG or WebP.",
                )
            )
        most = limits["image" if is_image else "film"].value
        if item.size > most:
            findings.append(
                Finding(
                    code="media_too_large",
                    field=field,
                    message=f"{item.size:,} bytes, Mastodon takes {most:,}",
                    remedy="Make the file smaller.",
                )
            )
        findings += _check_alt(item, field, limits["alt"].value)
    return findings


def _check_alt(item: Media, field: str, most: int) -> list[Finding]:
    if not item.alt:
        return [
            Finding(
                code="alt_missing",
                field=field,
                message="there is no alternative text",
                remedy="Describe the file for people who cannot see or hear it.",
                severity=Severity.WARNING,
            )
        ]
    if graphemes(item.alt) > most:
        return [
            Finding(
                code="alt_too_long",
                field=field,
                message=f"the alternative text has {graphemes(item.alt)} characters of {most}",
                remedy="Shorten it.",
            )
        ]
    return []
