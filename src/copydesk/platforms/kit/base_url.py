"""Whether an address of a setting may be sent an account's secrets."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from copydesk.core.findings import Finding


def check_base_url(
    settings: Mapping[str, str], example: str, *, key: str = "base_url"
) -> list[Finding]:
    """Return a finding when the setting `key` is given but is no address that secrets may be sent
    to: https without a path, or http on this machine. `example` shows how one looks."""
    address = settings.get(key, "")
    if not address or is_base_url(address):
        return []
    return [
        Finding(
            code="address_invalid",
            field=key,
            message=f"{address!r} is not the address of a server",
            remedy=f"It looks like {example}, without a path.",
        )
    ]


def is_base_url(address: str) -> bool:
    """Tell whether `address` names a server alone, by https or on this machine's own loopback."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises when it is none
    except ValueError:
        return False
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username or not host:
        return False
    # a token in clear text may cross the machine's own loopback, but no network
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
