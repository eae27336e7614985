"""What a Forem would refuse, said before it is asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.devto.liquid import strays
from copydesk.platforms.kit.alts import undescribed
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.public_files import not_public

_CODE: Final = re.compile(r"```.*?```|~~~.*?~~~|`[^`]*`", re.DOTALL)
_MENTION: Final = re.compile(r"(?<![\w/@.])@([a-zA-Z0-9_]{2,30})\b")

_DESCRIBE: Final = "Describe the image for people who cannot see it: ![what it shows](…)."


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    article = payload["article"]
    return [
        *_check_body(article["body_markdown"], limits["text"].value),
        *([] if payload["liquid"] else _check_liquid(article["body_markdown"])),
        *_check_mentions(article["body_markdown"], limits["mentions"].value),
        *_check_addresses(article),
        *(not_public(name, "dev.to") for name in payload["unplaced"]),
        *_check_organization(article.get("organization_id", 0)),
        *(undescribed(path, _DESCRIBE) for path in payload["undescribed"]),
    ]


def _check_body(body: str, most: int) -> list[Finding]:
    if not body.strip():
        return [
            Finding(
                code="body_missing",
                field="body",
                message="there is no text",
                remedy="Write something below the title.",
            )
        ]
    size = len(body.encode())
    if size > most:
        return [
            Finding(
                code="text_too_long",
                field="body",
                message=f"{size:,} bytes, dev.to takes {most:,}",
                remedy="Make a series of it, or publish a shorter body (override devto.body).",
            )
        ]
    return []


def _check_liquid(body: str) -> list[Finding]:
    return [
        Finding(
            code="liquid_stray",
            field="body",
            message=f"dev.to would run {token[:60]!r} as a Liquid tag",
            remedy="Put it into code, or say devto.liquid: true when it is meant as a tag.",
        )
        for token in dict.fromkeys(strays(body))
    ]


def _check_mentions(body: str, most: int) -> list[Finding]:
    names = sorted({name.lower() for name in _MENTION.findall(_CODE.sub(" ", body))})
    if len(names) <= most:
        return []
    return [
        Finding(
            code="mentions_too_many",
            field="body",
            message=f"{len(names)} people are mentioned, dev.to takes {most}: @{', @'.join(names)}",
            remedy="Put names that mean nobody there into code, or link them.",
        )
    ]


def _check_addresses(article: Mapping[str, Any]) -> list[Finding]:
    findings: list[Finding] = []
    canonical, cover = article["canonical_url"], article["main_image"]
    if canonical and not _is_public_page(canonical):
        findings.append(
            Finding(
                code="canonical_url_invalid",
                field="canonical_url",
                message=f"dev.to does not take {canonical!r} as a canonical URL",
                remedy="Give the public http or https address of the original, without spaces.",
            )
        )
    # a cover that has no address at all is told once, as `image_not_public`
    if "://" in cover and not cover.startswith(("http://", "https://")):
        findings.append(
            Finding(
                code="cover_invalid",
                field="cover",
                message=f"dev.to does not take {cover!r} as a cover image",
                remedy="Give a public http or https address.",
            )
        )
    return findings


def _is_public_page(address: str) -> bool:
    if any(character.isspace() for character in address):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"}:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost"))


def _check_organization(organization: Any) -> list[Finding]:
    if isinstance(organization, int):
        return []
    return [
        Finding(
            code="organization_invalid",
            field="overrides.devto.organization_id",
            message=f"{organization!r} is not the number of an organization",
            remedy="GET /api/organizations/NAME shows it as id.",
        )
    ]
