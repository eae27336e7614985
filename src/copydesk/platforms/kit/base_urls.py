"""Whether an address in an account's settings is one that a credential may be sent to."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from copydesk.core.findings import Finding


def check_base_url(settings: Mapping[str, str], *, key: str = "base_url") -> list[Finding]:
    """Return a finding when the setting `key` is given and no token should be sent there.

    An address has a host and neither query nor fragment; it is https, or http on this machine: a
    token in clear text may cross the machine's own loopback, but no network.
    """
    address = settings.get(key, "")
    if not address or is_base_url(address):
        return []
    return [
        Finding(
            code="address_invalid",
            field=key,
            message=f"{address!r} is not an address a token may be sent to",
            remedy="It looks like https://example.org; plain http is for this machine only.",
        )
    ]


def is_base_url(address: str) -> bool:
    """Tell whether a token may be sent to `address`; see `check_base_url`."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return False
    if parts.query or parts.fragment or not host or parts.username:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
