"""What LinkedIn would refuse or silently cut, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.core.post import Media
from copydesk.platforms.kit.alts import check_alt
from copydesk.platforms.kit.forms import check_form, too_long
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.linkedin import PLATFORM, VISIBILITIES
from copydesk.platforms.linkedin.render import ATTACHMENTS
from copydesk.platforms.linkedin.settings import author_of
from copydesk.platforms.linkedin.uploads import image_rule
from copydesk.platforms.linkedin.urns import is_organization
from copydesk.transformation.counting import utf16_units
from copydesk.transformation.images import CannotFit, plan_fitting


def validate(rendition: Rendition, account: Account, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    return [
        *check_form(PLATFORM.manifest, payload),
        *_check_text(payload, limits["text"]),
        *_check_visibility(payload["visibility"], account),
        *_check_attachment(payload, limits),
        *(finding for media in rendition.media for finding in _check_file(media, limits)),
        *_check_alts(rendition, limits["alt"].value),
    ]


def _check_text(payload: Mapping[str, Any], limit: Limit) -> list[Finding]:
    content = payload["content"]
    if not payload["commentary"].strip() and not content["kind"]:
        return [
            Finding(
                code="empty",
                field="body",
                message="there is neither text nor anything attached",
                remedy="Write something, or attach an image.",
            )
        ]
    characters = utf16_units(payload["commentary"])
    if characters <= limit.value:
        return []
    return [
        too_long(
            PLATFORM.manifest,
            f"{characters} characters after escaping, LinkedIn takes {limit.value}",
        )
    ]


def _check_visibility(visibility: str, account: Account) -> list[Finding]:
    if visibility not in VISIBILITIES:
        return [
            Finding(
                code="visibility_unknown",
                field="overrides.linkedin.visibility",
                message=f"there is no visibility {visibility!r}",
                remedy=f"Use one of: {', '.join(VISIBILITIES)}.",
            )
        ]
    if visibility == "CONNECTIONS" and is_organization(author_of(account)):
        return [
            Finding(
                code="visibility_impossible",
                field="overrides.linkedin.visibility",
                message="a page has followers, not connections",
                remedy="PUBLIC or LOGGED_IN.",
            )
        ]
    return []


def _check_attachment(payload: Mapping[str, Any], limits: Mapping[str, Limit]) -> list[Finding]:
    content, wanted = payload["content"], payload["attach"]
    if wanted not in ATTACHMENTS:
        return [
            Finding(
                code="attachment_unknown",
                field="overrides.linkedin.attach",
                message=f"{wanted!r} is nothing that can be attached",
                remedy=f"Use one of: {', '.join(filter(None, ATTACHMENTS))}.",
            )
        ]
    findings = []
    got = {"image": "images"}.get(content["kind"], content["kind"]) or "none"
    if wanted and wanted != got:
        findings.append(
            Finding(
                code="attachment_missing",
                field="overrides.linkedin.attach",
                message=f"there is nothing to attach as {wanted}",
                remedy="Add the image or document to the post, or give it a canonical URL for a "
                "card.",
            )
        )
    if content["kind"] == "article" and not content["title"].strip():
        findings.append(
            Finding(
                code="title_missing",
                field="title",
                message="a card needs a title",
                remedy="Give the post a title, or set the override linkedin.attach to none.",
            )
        )
    if content["kind"] == "images" and len(content["files"]) > limits["images"].value:
        findings.append(
            Finding(
                code="media_too_many",
                field="media",
                message=f"{len(content['files'])} images, LinkedIn takes {limits['images'].value}",
                remedy="Choose which to keep, or give the post a canonical URL and set the "
                "override linkedin.attach to article.",
            )
        )
    return findings


def _check_file(media: Media, limits: Mapping[str, Limit]) -> list[Finding]:
    field = f"media.{media.name}"
    if not media.content_type.startswith("image/"):
        most = limits["document"].value
        if media.size <= most:
            return []
        return [
            Finding(
                code="media_too_large",
                field=field,
                message=f"{media.size:,} bytes, LinkedIn takes {most:,}",
                remedy="Make the document smaller.",
            )
        ]
    try:
        plan_fitting(media, image_rule(limits))
    except CannotFit as error:
        return [Finding(code="image_unfit", field=field, message=error.reason, remedy=error.remedy)]
    return []


def _check_alts(rendition: Rendition, most: int) -> list[Finding]:
    if rendition.payload["content"]["kind"] not in {"image", "images"}:
        return []  # a card's thumbnail has no alternative text, nor has a document
    return [
        finding for media in rendition.media for finding in check_alt(media.name, media.alt, most)
    ]
