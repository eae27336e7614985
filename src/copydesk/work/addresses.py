"""What is wrong with an address outside that somebody wants us to call, before it is called.

Only what can be told from the address itself: what a name resolves to is looked at where the
connection is made (`platforms.kit.addresses`).
"""

from __future__ import annotations

import ipaddress
import socket
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
    if not allow_private and _is_private(host):
        return [
            _finding(
                "address_private",
                f"{host} belongs to this machine or a private network",
                "If that is meant, allow it: `--allow-private` on the command line, "
                "`allow_private` in the API.",
            )
        ]
    return []


def _is_private(host: str) -> bool:
    number, name = _number(host), host.removesuffix(".")
    if number:
        return not is_public(number)
    return name == "localhost" or name.endswith(".localhost")


def _number(host: str) -> str:
    """Return the address that `host` is, "" for a name.

    Whoever connects takes 2130706433, 0x7f.1 and 0177.0.0.1 for 127.0.0.1, too.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        return ""


def _finding(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, field="url", message=message, remedy=remedy)
