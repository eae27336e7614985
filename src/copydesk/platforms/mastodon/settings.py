"""Whether a Mastodon account's settings can work at all."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url


def check_instance(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for an address no token should be sent to, and for a limit that is none."""
    findings = check_base_url(settings, "https://mastodon.example")
    limit = settings.get("max_characters", "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        findings.append(
            Finding(
                code="setting_not_a_number",
                field="max_characters",
                message=f"{limit!r} is not a number of characters",
                remedy="Leave it out for the usual 500.",
            )
        )
    return findings
