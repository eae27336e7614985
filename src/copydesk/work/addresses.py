"""What is wrong with an address outside that somebody wants us to call, before it is called.

Only what can be told from the address itself: what a name resolves to is looked at where the
connection is made (`platforms.kit.addresses`).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from copydesk.core.findings import Finding
from copydesk.platforms.kit.addresses import is_public


def check_address(
    url: str, *, allow_private: bool, example: str, without_password: str
) -> list[Finding]:
    """Return what is wrong with `url`, nothing for one that may be called.

    `example` shows what a right one looks like; `without_password` says what to do about a user
    name or password in it. With `allow_private` it may be on the operator's own network.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or not url.isprintable() or " " in url:
        remedy = f"It looks like {example}."
        return [_finding("address_invalid", f"{url!r} is not a web address", remedy)]
    if parts.username or parts.password:
        return [
            _finding(
                "address_with_password",
                "the address contains a user name or password",
                without_password,
            )
        ]
    if not allow_private and ((_is_number(host) and not is_public(host)) or _is_own_name(host)):
        return [
            _finding(
                "address_private",
                f"{host} belongs to this machine or a private network",
                "If that is meant, allow it: --allow-private.",
            )
        ]
    return []


def _is_own_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _finding(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, field="url", message=message, remedy=remedy)
