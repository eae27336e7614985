"""The files of a post: what X takes, how many together, and what it is made to fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Media
from copydesk.platforms.kit.alts import check_alt
from copydesk.platforms.kit.manifest import Limit
from copydesk.transformation.images import CannotFit, ImageRule, plan_fitting

GIF: Final = "image/gif"

#: Source: https://docs.x.com/x-api/media/quickstart/best-practices (checked 2026-11-22).
IMAGES: Final = ("image/jpeg", "image/png", "image/webp")
VIDEOS: Final = ("video/mp4", "video/quicktime")


def image_rule(limits: Mapping[str, Limit]) -> ImageRule:
    """Return what a still image has to be; what is not is made to fit before it is uploaded."""
    return ImageRule(types=IMAGES, most_bytes=limits["image"].value)


def category(media: Media) -> str:
    """Return what X calls the use of `media` when it is uploaded."""
    if media.content_type == GIF:
        return "tweet_gif"
    return "tweet_image" if media.content_type.startswith("image/") else "tweet_video"


def is_film(media: Media) -> bool:
    """Tell whether `media` stands alone and is uploaded in pieces: GIFs and videos."""
    return category(media) != "tweet_image"


def is_attachable(media: Media) -> bool:
    """Tell whether X takes such files at all."""
    return media.content_type.startswith("image/") or media.content_type in VIDEOS


def check_attachments(
    part: Mapping[str, Any], media: tuple[Media, ...], where: str, limits: Mapping[str, Limit]
) -> list[Finding]:
    """Return what is wrong with the files of `part`; `media` are those of the whole rendition."""
    by_name = {one.name: one for one in media}
    files = [by_name[item["name"]] for item in part["media"] if item["name"] in by_name]
    alts = {item["name"]: str(item["alt"]) for item in part["media"]}
    findings = _check_mix(files, where, limits)
    for one in files:
        field = f"media.{one.name}"
        findings += _check_file(one, field, limits)
        findings += check_alt(
            one.name,
            alts[one.name],
            limits["alt"].value,
            remedy="Describe the file for people who cannot see it.",
        )
    return findings


def _check_mix(files: list[Media], where: str, limits: Mapping[str, Limit]) -> list[Finding]:
    films = [one for one in files if is_film(one)]
    if films and len(files) > limits["films"].value:
        return [
            Finding(
                code="media_mixed",
                field=where,
                message="a GIF or video can only be attached alone",
                remedy="Keep either the one file or the images.",
            )
        ]
    if len(files) > limits["images"].value:
        return [
            Finding(
                code="media_too_many",
                field=where,
                message=f"{len(files)} images, X takes {limits['images'].value} with a post",
                remedy="Choose which to keep (x.media), or make it a thread.",
            )
        ]
    return []


def _check_file(one: Media, field: str, limits: Mapping[str, Limit]) -> list[Finding]:
    if not is_attachable(one):
        return [
            Finding(
                code="media_type",
                field=field,
                message=f"X does not take {one.content_type}",
                remedy="Convert it to JPEG, PNG, WebP, GIF or MP4.",
            )
        ]
    if not is_film(one):
        try:
            plan_fitting(one, image_rule(limits))
        except CannotFit as error:
            return [
                Finding(code="media_unfit", field=field, message=error.reason, remedy=error.remedy)
            ]
        return []
    most = limits["gif" if one.content_type == GIF else "video"].value
    if one.size > most:
        return [
            Finding(
                code="media_too_large",
                field=field,
                message=f"{one.size:,} bytes, X takes {most:,}",
                remedy="Make the file smaller or shorter.",
            )
        ]
    width, height = limits["gif_width"].value, limits["gif_height"].value
    if one.content_type != GIF or (one.width <= width and one.height <= height):
        return []
    return [
        Finding(
            code="gif_large",
            field=field,
            message=f"{one.width} × {one.height} pixels: X says that GIFs above {width} × {height} "
            "may fail",
            remedy="Make it smaller, or a video.",
            severity=Severity.WARNING,
        )
    ]
