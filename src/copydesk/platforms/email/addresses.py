"""Mail addresses: what is one, and how its two halves travel.

Only plain addresses are taken (no comments, no quoted local part, no address literal): what else
the grammar of RFC 5322 allows is either a mistake or an attempt at something.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Final

from copydesk.platforms.kit.hosts import in_ascii

# RFC 5321 §4.5.3.1 counts octets
_MAX_LOCAL: Final = 64
_MAX_DOMAIN: Final = 255

# RFC 5322 atext, with the non-ASCII characters of RFC 6532
_LOCAL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox. `domain` is ASCII (IDNA); `local` may need SMTPUTF8."""

    local: str
    domain: str
    name: str = ""

    @property
    def spec(self) -> str:
        """Return `local@domain`."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can take this address."""
        return not self.local.isascii()


def parse_address(text: str) -> Address:
    """Return the one address in `text`, with or without a name before it.

    Raises `ValueError` saying what is wrong.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("an address cannot contain line breaks or control characters")
    pairs = getaddresses([text])
    if len(pairs) != 1:
        raise ValueError(f"{text!r} is not one address")
    name, spec = pairs[0]
    local, at, domain = spec.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > _MAX_LOCAL:
        raise ValueError(f"{text!r} is not a mail address")
    try:
        ascii_domain = in_ascii(domain).lower()
    except ValueError as error:
        raise ValueError(f"{domain!r} is not the name of a mail domain") from error
    if not _DOMAIN.fullmatch(ascii_domain) or len(ascii_domain) > _MAX_DOMAIN:
        raise ValueError(f"{domain!r} is not the name of a mail domain")
    return Address(local=local, domain=ascii_domain, name=name.strip())


def split_addresses(text: str) -> tuple[str, ...]:
    """Return the items of a comma list of addresses, each once; commas in quotes do not count."""
    items = (part.strip() for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', text))
    return tuple(dict.fromkeys(item for item in items if item))
