"""Whether a Mastodon account's settings can work at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from copydesk.core.findings import Finding


def check_instance(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for an address no token should be sent to, and for a limit that is none."""
    findings: list[Finding] = []
    base_url = settings.get("base_url", "")
    if base_url and not _is_instance(base_url):
        findings.append(
            Finding(
                code="address_invalid",
                field="base_url",
                message=f"{base_url!r} is not the address of an instance",
                remedy="It looks like https://mastodon.example, without a path.",
            )
        )
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


def _is_instance(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.path.strip("/") or parts.query or parts.fragment or not host:
        return False
    # a token in clear text may cross the machine's own loopback, but no network
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
