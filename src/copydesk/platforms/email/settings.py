"""An e-mail account's settings, read once: which server, how secured, whom to unsubscribe where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from copydesk.core.findings import Finding
from copydesk.platforms.email.addresses import parse_address, split_addresses
from copydesk.platforms.kit.contract import Setting
from copydesk.platforms.kit.hosts import in_ascii

SECURITY: Final = ("none", "starttls", "tls")
MODES: Final = ("newsletter", "reply")

SETTINGS: Final = (
    Setting(key="smtp", help="mail server as HOST:PORT", required=True, example="localhost:25"),
    Setting(
        key="from",
        help="sender, e.g. The Desk <desk@example.org>",
        required=True,
        example="desk@example.org",
    ),
    Setting(
        key="to",
        help="recipients, separated by commas (newsletter)",
        example="reader@example.org",
    ),
    Setting(key="mode", help="what is sent", default="newsletter", choices=MODES),
    Setting(
        key="security",
        help="none on this machine, else starttls, if not set",
        choices=("", *SECURITY),
    ),
    Setting(key="user", help="user name at the mail server"),
    Setting(key="password", help="password at the mail server", secret=True),
    Setting(key="list_id", help="name of the list, e.g. news.example.org"),
    Setting(
        key="unsubscribe",
        help="https or mailto addresses, separated by spaces; {recipient} stands for the reader",
    ),
    Setting(key="reply_to", help="where answers should go if not to the sender"),
    Setting(key="base_url", help="address of the site that relative links belong to"),
)

_UNSUBSCRIBE: Final = re.compile(r"(?:https://[^\s<>/]+|mailto:[^\s<>@]+@)[^\s<>]*")
_LIST_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server and how to reach it."""

    host: str
    port: int
    security: str


def read_server(settings: Mapping[str, str]) -> Server:
    """Return the mail server of an account; raises `ValueError` for anything but HOST:PORT
    with a host that may be called so."""
    given = settings.get("smtp", "")
    host, _, port = given.rpartition(":")
    host = in_ascii(host.removeprefix("[").removesuffix("]"))
    if not re.fullmatch(r"[\w.:%-]+", host) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{given!r} is not HOST:PORT")
    chosen = settings.get("security", "")
    return Server(
        host=host,
        port=int(port),
        security=chosen or ("none" if on_this_machine(host) else "starttls"),
    )


def on_this_machine(host: str) -> bool:
    """Tell whether `host` is this machine, by its name alone: nothing is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def recipients_of(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses of `to`, each once and without names; unreadable ones as they are."""
    found: dict[str, None] = {}
    for item in split_addresses(settings.get("to", "")):
        try:
            found[parse_address(item).spec] = None
        except ValueError:
            # `validate` names it; leaving it out would be a silent loss
            found[item] = None
    return tuple(found)


def unsubscribe_uris(settings: Mapping[str, str], recipient: str) -> tuple[str, ...]:
    """Return where `recipient` can unsubscribe, https first: people see the first one."""
    given = settings.get("unsubscribe", "").replace(",", " ").split()
    uris = [uri.replace("{recipient}", quote(recipient, safe="")) for uri in given]
    return tuple(sorted(uris, key=lambda uri: not uri.startswith("https://")))


def list_id_value(settings: Mapping[str, str]) -> str:
    """Return the List-Id header's value (RFC 2919), "" when the account has none."""
    given = settings.get("list_id", "").strip().removeprefix("<").removesuffix(">")
    return f"<{given}>" if given else ""


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> list[Finding]:
    """Return what is wrong with the values of an account's settings."""
    findings = [*_check_server(settings, secrets)]
    singles = [(key, settings[key]) for key in ("from", "reply_to") if settings.get(key)]
    for key, text in (
        *singles,
        *(("to", item) for item in split_addresses(settings.get("to", ""))),
    ):
        try:
            parse_address(text)
        except ValueError as error:
            findings.append(_bad(key, str(error), "Write it like name@example.org."))
    if settings.get("mode", "newsletter") == "newsletter" and not settings.get("to", "").strip():
        findings.append(_bad("to", "a newsletter needs recipients", "Name them: --set to=…"))
    if (list_id := list_id_value(settings)) and not _LIST_ID.fullmatch(list_id[1:-1]):
        findings.append(
            _bad("list_id", f"{list_id} is not a list id", "Write it like news.example.org.")
        )
    findings += [
        _bad(
            "unsubscribe",
            f"{uri!r} is neither an https nor a mailto address",
            "Begin it with https:// or mailto:.",
        )
        for uri in unsubscribe_uris(settings, "name@example.org")
        if not _UNSUBSCRIBE.fullmatch(uri) or not uri.isascii() or len(uri) >= 900
    ]
    base = urlsplit(settings.get("base_url", "https://example.org"))
    if base.scheme not in {"http", "https"} or not base.netloc:
        findings.append(
            _bad("base_url", "it is not a web address", "Write it like https://example.org.")
        )
    return findings


def _check_server(settings: Mapping[str, str], secrets: Mapping[str, str]) -> list[Finding]:
    if not settings.get("smtp"):
        return []
    try:
        server = read_server(settings)
    except ValueError as error:
        return [_bad("smtp", str(error), "Write it like mail.example.org:587.")]
    if bool(settings.get("user")) != bool(secrets.get("password")):
        return [_bad("user", "user and password belong together", "Give both or none.")]
    if secrets.get("password") and server.security == "none" and not on_this_machine(server.host):
        return [
            _bad("security", "the password would travel unprotected", "Set it to starttls or tls.")
        ]
    return []


def _bad(field: str, message: str, remedy: str) -> Finding:
    return Finding(code="setting_invalid", field=field, message=message, remedy=remedy)
