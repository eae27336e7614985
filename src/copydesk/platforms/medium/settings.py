"""Whether a Medium account's settings can work at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url
from copydesk.platforms.kit.public_files import check_images_url

_ID: Final = re.compile(r"[0-9A-Za-z]+")


def check_addresses(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for an address that is none, and for a publication given by its name."""
    findings = [*check_base_url(settings, "https://api.medium.com"), *check_images_url(settings)]
    publication = settings.get("publication", "")
    if publication and not _ID.fullmatch(publication):
        findings.append(
            Finding(
                code="publication_invalid",
                field="publication",
                message=f"{publication!r} is not the id of a publication",
                remedy="It looks like b45573563f5a and stands in the API's list of your "
                "publications; names and addresses are not enough.",
            )
        )
    return findings
