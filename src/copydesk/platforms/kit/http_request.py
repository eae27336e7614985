"""One HTTP/1.1 request as it leaves: where it goes to, and its bytes."""

from __future__ import annotations

import ipaddress
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

from copydesk.platforms.kit.hosts import in_ascii

_PORTS: Final = {"http": 80, "https": 443}

#: RFC 9110 §5.6.2.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST: Final = re.compile(r"[0-9A-Za-z_.-]+")

#: What may stand in a path, besides letters and digits (RFC 3986 §3.3), and in a query; what is
#: escaped already stays as it is.
_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_IN_QUERY: Final = _IN_PATH + "?[]|"

#: What no header may have in it (RFC 9110 §5.5).
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: What says where a request goes and where it ends; nobody else says it.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding"})

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests for one address go. `host` is a name in ASCII or a number without brackets,
    `authority` what the `Host` header says (RFC 9110 §7.2); `credentials` is what the address
    itself says of a user, as a header's value."""

    is_secure: bool
    host: str
    port: int
    path: str
    authority: str
    credentials: str = ""

    @property
    def origin(self) -> tuple[bool, str, int]:
        """What connections are shared by."""
        return self.is_secure, self.host, self.port


@lru_cache(maxsize=1000)
def target_of(url: str) -> Target:
    """Return where requests for `url` go. Raises `ValueError`, which names no part of the path."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("only http and https can be called")
    path = quote(parts.path, safe=_IN_PATH) or "/"
    if parts.query:
        path += "?" + quote(parts.query, safe=_IN_QUERY)
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    host = _host(unquote(parts.hostname or ""))
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    named = host.partition("%")[0]  # a zone is this machine's own affair (RFC 6874 §1)
    named = f"[{named}]" if ":" in named else named
    return Target(
        is_secure=parts.scheme == "https",
        host=host,
        port=port,
        path=path,
        authority=named if port == _PORTS[parts.scheme] else f"{named}:{port}",
        credentials="" if user == ":" else f"Basic {b64encode(user.encode()).decode()}",
    )


def with_query(url: str, query: Mapping[str, str]) -> str:
    """Return `url` with `query` added to what it asks already."""
    bare, mark, fragment = url.partition("#")
    between = "?" if "?" not in bare else "" if bare.endswith(("?", "&")) else "&"
    return f"{bare}{between}{urlencode(query)}{mark}{fragment}"


def named_once(*given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that are `given`, each once whatever its case; the last one wins."""
    headers: dict[str, str] = {}
    for some in given:
        headers.update(some)
    if _are_different(tuple(headers)):
        return headers
    found: dict[str, tuple[str, str]] = {}
    for some in given:
        for name, value in some.items():
            found[name.lower()] = name, value
    return dict(found.values())


def head_of(method: str, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the head of a request (RFC 9112 §2 to §5) with `headers`, in their order.

    Raises `ValueError` for a method or header that would not be read as what it is.
    """
    _check_names(method, tuple(headers))
    lines = [f"{method} {target.path} HTTP/1.1", f"Host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if target.credentials and not any(name.lower() == "authorization" for name in headers):
        lines.append(f"Authorization: {target.credentials}")
    if body or method in _WITH_BODY:
        lines.append(f"Content-Length: {len(body)}")
    if _CONTROL.search("".join(lines)):
        raise ValueError("a header has a line break or another control character in it")
    return "\r\n".join([*lines, "", ""]).encode()


# An account's requests have the same names all the time.


@lru_cache(maxsize=200)
def _are_different(names: tuple[str, ...]) -> bool:
    return len({name.lower() for name in names}) == len(names)


@lru_cache(maxsize=200)
def _check_names(method: str, names: tuple[str, ...]) -> None:
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method[:50]!r} is no method")
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name[:50]!r} is no name of a header")
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} says what the request itself says")


def form_of(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return `fields` as a body, and its content type."""
    text = urlencode({key: str(value) for key, value in fields.items()})
    return text.encode(), "application/x-www-form-urlencoded"


def multipart_of(
    fields: Mapping[str, Any], files: Mapping[str, tuple[str, bytes, str]]
) -> tuple[bytes, str]:
    """Return `fields` and `files` (name, bytes and content type by field) as a body (RFC 7578), and
    its content type."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for key, value in fields.items():
        pieces += _part(boundary, f'name="{_quoted(key)}"', str(value).encode())
    for key, (filename, content, kind) in files.items():
        named = f'name="{_quoted(key)}"; filename="{_quoted(filename)}"'
        pieces += _part(boundary, f"{named}\r\nContent-Type: {_one_line(kind)}", content)
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, named: str, content: bytes) -> list[bytes]:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n\r\n"
    return [head.encode(), content, b"\r\n"]


def _quoted(name: str) -> str:
    # as browsers do (HTML Standard, multipart/form-data encoding algorithm, 2026-11)
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _one_line(kind: str) -> str:
    if _CONTROL.search(kind):
        raise ValueError("a content type has a line break or another control character in it")
    return kind


def _host(named: str) -> str:
    if ":" in named:
        return str(ipaddress.IPv6Address(named))
    host = in_ascii(named)
    if not _HOST.fullmatch(host):
        raise ValueError("it names no host")
    return host
