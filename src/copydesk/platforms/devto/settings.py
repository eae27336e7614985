"""Whether a dev.to account's settings can work at all."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url
from copydesk.platforms.kit.public_files import check_images_url


def check_forem(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for each address that cannot be one, and for an organization's name where
    its number is wanted."""
    findings = [*check_base_url(settings, "https://dev.to"), *check_images_url(settings)]
    organization = settings.get("organization_id", "")
    if organization and not (organization.isascii() and organization.isdigit()):
        findings.append(
            Finding(
                code="setting_not_a_number",
                field="organization_id",
                message=f"{organization!r} is not the number of an organization",
                remedy="GET /api/organizations/NAME shows it as id.",
            )
        )
    return findings
