"""What Hashnode would refuse, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.hashnode.requests import request_size
from copydesk.platforms.kit.alts import undescribed
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.public_files import not_public
from copydesk.transformation.addresses import is_web_address

_DESCRIBE: Final = "Describe the image for people who cannot see it: ![what it shows](…)."


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    return [
        *_check_body(payload, limits["request"].value),
        *_check_web_address("canonical_url", payload["canonical_url"]),
        # a cover without any address is told once, as `image_not_public`
        *(_check_web_address("cover", payload["cover"]) if "://" in payload["cover"] else ()),
        *(not_public(name, "Hashnode") for name in payload["unplaced"]),
        *(undescribed(path, _DESCRIBE) for path in payload["undescribed"]),
    ]


def _check_body(payload: Mapping[str, Any], most: int) -> list[Finding]:
    if not payload["body"].strip():
        return [
            Finding(
                code="body_missing",
                field="body",
                message="there is no text",
                remedy="Write something below the title.",
            )
        ]
    size = request_size(payload)
    if size > most:
        return [
            Finding(
                code="text_too_long",
                field="body",
                message=f"the request has {size:,} bytes, Hashnode takes {most:,}",
                remedy="Make a series of it, link images instead of writing them into the text, or "
                "publish a shorter body (override hashnode.body).",
            )
        ]
    return []


def _check_web_address(field: str, address: str) -> list[Finding]:
    if not address or is_web_address(address):
        return []
    return [
        Finding(
            code="address_invalid",
            field=field,
            message=f"{address!r} is not a web address",
            remedy="Give a public http or https address.",
        )
    ]
