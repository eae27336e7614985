"""Header values that are written as they are: encoded and folded here, never by guesswork.

Python's `email` refolds long structured values by encoding them, which breaks message ids and URLs
(checked with CPython 3.11.7). These headers are therefore made of ready tokens; a line is only ever
broken between two of them, and a line break in a value is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import quote
from typing import Any, Final, cast

from copydesk.platforms.email.addresses import Address

#: RFC 5322 §2.1.1: lines should stay within 78 characters and must stay within 998.
LINE: Final = 78
LONGEST_LINE: Final = 998

_VERBATIM: Final = (
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
    "list-id", "list-unsubscribe", "list-unsubscribe-post", "precedence", "auto-submitted",
    "content-language", "content-id",
)  # fmt: skip
_PLAIN_PHRASE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


class VerbatimHeader(UnstructuredHeader):
    """A header whose value is ready tokens between single spaces."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take `value` as it is; called by `email` when the header is set."""
        super().parse(value, kwds)
        kwds["decoded"] = value

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the header as lines that break only between tokens."""
        line = f"{cast(BaseHeader, self).name}:"
        lines = []
        for token in str(self).split(" "):
            if len(line) + 1 + len(token) > LINE and not line.endswith(":"):
                lines.append(line)
                line = ""
            line = f"{line} {token}"
        lines.append(line)
        return "".join(f"{text}{policy.linesep}" for text in lines)


def message_policy(*, utf8: bool) -> EmailPolicy[EmailMessage]:
    """Return the policy messages are made with: 7-bit, so that any relay carries them unchanged."""
    registry = HeaderRegistry()
    for name in _VERBATIM:
        registry.map_to_type(name, cast(type[BaseHeader], VerbatimHeader))
    return EmailPolicy(linesep="\r\n", header_factory=registry, cte_type="7bit", utf8=utf8)


def check_line(value: str, what: str) -> str:
    """Return `value`; raises `ValueError` if it has line breaks or other control characters."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError(f"{what} contains a line break or a control character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} contains half a character") from error
    return value


def text_value(value: str, what: str) -> str:
    """Return free text as a header value: as it is when it is plain, else in encoded words."""
    check_line(value, what)
    plain = value.isascii() and "=?" not in value and value == " ".join(value.split())
    if plain and max(map(len, value.split(" "))) < LINE - len("Subject: "):
        return value
    return _encoded(value)


def address_value(address: Address) -> str:
    """Return an address as a header value."""
    if not address.name:
        return address.spec
    name = check_line(address.name, "the name of an address")
    if _PLAIN_PHRASE.fullmatch(name) and "=?" not in name and name == " ".join(name.split()):
        phrase = name
    elif name.isascii() and "=?" not in name and name == " ".join(name.split()):
        phrase = f'"{quote(name)}"'
    else:
        phrase = _encoded(name)
    return f"{phrase} <{address.spec}>"


def is_message_id(value: str) -> bool:
    """Tell whether `value` (without angle brackets) can be written as a message id."""
    return bool(re.fullmatch(r"[!-;=?-~]{1,900}", value))


def message_ids(values: tuple[str, ...]) -> str:
    """Return message ids as a header value; raises `ValueError` for one that is not an id."""
    for value in values:
        if not is_message_id(value):
            raise ValueError(f"{value!r} is not a message id")
    return " ".join(f"<{value}>" for value in values)


def set_headers(message: EmailMessage, values: Mapping[str, str]) -> None:
    """Set those of `values` that are not empty on `message`."""
    for name, value in values.items():
        if value:
            message[name] = check_line(value, name)


def _encoded(value: str) -> str:
    # 60 leaves room for the longest name before the first word
    words = Header(value, charset="utf-8", maxlinelen=60).encode(linesep="\n")
    return " ".join(words.split())
