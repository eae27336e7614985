"""Whether a Hashnode account's settings can work at all, and what names its publication."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from copydesk.core.findings import Finding
from copydesk.platforms.hashnode import ENDPOINT
from copydesk.platforms.kit.base_url import check_base_url
from copydesk.platforms.kit.public_files import check_images_url

_OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]+(\.[a-z0-9-]+)*")

#: Where publications are that have no host of their own.
_SHARED: Final = "hashnode.dev"


def check_hashnode(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for each address that cannot be one, and for a publication that is neither
    a host nor an id."""
    findings = check_images_url(settings)
    if endpoint := settings.get("base_url", ""):
        # unlike elsewhere a path is fine: GraphQL has one address, and servers differ about it
        origin = endpoint.removesuffix(urlsplit(endpoint).path) if "//" in endpoint else endpoint
        findings += check_base_url({"base_url": origin}, ENDPOINT)
    publication = settings.get("publication", "")
    if publication and not any(publication_of(settings).values()):
        findings.append(
            Finding(
                code="publication_invalid",
                field="publication",
                message=f"{publication!r} is neither a host nor the id of a publication",
                remedy="It looks like blog.example.com, without https:// and path.",
            )
        )
    return findings


def publication_of(settings: Mapping[str, str]) -> dict[str, str | None]:
    """Return what names the account's publication as GraphQL takes it: `id` or `host`; a name
    alone is that of a publication on Hashnode's own host. Both None when it is none of these."""
    name = settings.get("publication", "").strip().lower()
    if _OBJECT_ID.fullmatch(name):
        return {"id": name, "host": None}
    if not _HOST.fullmatch(name):
        return {"id": None, "host": None}
    return {"id": None, "host": name if "." in name else f"{name}.{_SHARED}"}


def endpoint_of(settings: Mapping[str, str]) -> str:
    """Return the address all calls go to."""
    endpoint = settings.get("base_url") or ENDPOINT
    return endpoint if urlsplit(endpoint).path else f"{endpoint}/"
