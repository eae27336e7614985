"""What a Mastodon instance would refuse, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.core.post import Media
from copydesk.platforms.kit.alts import check_alt
from copydesk.platforms.kit.forms import check_form, too_long
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.mastodon import PLATFORM
from copydesk.platforms.mastodon.counting import count
from copydesk.platforms.mastodon.software import Software
from copydesk.transformation.counting import graphemes
from copydesk.transformation.images import CannotFit, ImageRule, plan_fitting

#: Formats the server converts or keeps (SVG is not among them).
IMAGES: Final = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heic",
    "image/heif",
)


def validate(
    rendition: Rendition, limits: Mapping[str, Limit], software: Software
) -> list[Finding]:
    """Return all findings about `rendition` under `limits` on an instance of `software`. Pure."""
    payload = rendition.payload
    parts = payload.get("parts") or [payload]
    by_name = {media.name: media for media in rendition.media}
    findings: list[Finding] = []
    for number, part in enumerate(parts, start=1):
        which = f"part {number}: " if len(parts) > 1 else ""
        media = tuple(by_name[item["name"]] for item in part["media"] if item["name"] in by_name)
        found = [
            *_check_text(part["status"], payload["spoiler_text"], media, limits),
            *_check_mix(media, limits),
        ]
        if software.needs_media and not media and number == 1:
            found.append(_media_needed())
        findings += [replace(finding, message=which + finding.message) for finding in found]
    if len(parts) > limits["parts"].value:
        findings.append(
            Finding(
                code="thread_too_long",
                field="body",
                message=f"{len(parts)} statuses, a thread has at most {limits['parts'].value}",
                remedy="Shorten the text, or let the post be announced (form: announcement).",
            )
        )
    visibility = parts[0]["visibility"]
    if visibility not in software.visibilities:
        findings.append(
            Finding(
                code="visibility_unknown",
                field="overrides.mastodon.visibility",
                message=f"there is no visibility {visibility!r}",
                remedy=f"Use one of: {', '.join(software.visibilities)}.",
            )
        )
    wanted = {"form": payload["form"]} if payload.get("form") else {}
    findings += check_form(PLATFORM.manifest, wanted)
    return [*findings, *_check_files(rendition.media, limits)]


def _media_needed() -> Finding:
    return Finding(
        code="media_needed",
        field="media",
        message="this server takes no status without an image or a film",
        remedy="Attach one, or publish this post elsewhere.",
    )


def _check_text(
    text: str, spoiler: str, media: tuple[Media, ...], limits: Mapping[str, Limit]
) -> list[Finding]:
    if not text.strip() and not media:
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
    return [too_long(PLATFORM.manifest, f"{length} characters, the instance takes {limit.value}")]


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
        if is_image:
            findings += _check_image(item, field, limits["image"].value)
        elif item.size > (most := limits["film"].value):
            findings.append(
                Finding(
                    code="media_too_large",
                    field=field,
                    message=f"{item.size:,} bytes, Mastodon takes {most:,}",
                    remedy="Make the file smaller.",
                )
            )
        findings += check_alt(
            item.name,
            item.alt,
            limits["alt"].value,
            length=graphemes,
            remedy="Describe the file for people who cannot see or hear it.",
        )
    return findings


def _check_image(item: Media, field: str, most: int) -> list[Finding]:
    try:
        plan_fitting(item, ImageRule(types=IMAGES, most_bytes=most))
    except CannotFit as error:
        return [
            Finding(code="media_cannot_fit", field=field, message=error.reason, remedy=error.remedy)
        ]
    return []
