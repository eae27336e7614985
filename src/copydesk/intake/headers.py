"""The headers of a mail, gone through once: as text, as ids, as addresses.

Python's reader leaves values as they were sent; here they are decoded. It reads addresses letter by
letter, so those that are written plainly, as nearly all are, are told by a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from copydesk.intake import charsets

_ID = re.compile(r"<([^<>\s]{1,500})>")

_SPACE = r"[ \t\r\n]"
_WORD = r"[^\s()<>@,:;\\\"\[\]]+"
_ATOMS = r"[^\s()<>@,:;\\\"\[\].]+(?:\.[^\s()<>@,:;\\\"\[\].]+)*"
#: An address as it stands: behind its owner's name and in angle brackets, or alone.
_PLAIN = re.compile(
    rf"(?:(?:\"([^\"\\\r\n]*)\"|({_WORD}(?:{_SPACE}+{_WORD})*))?{_SPACE}*<({_ATOMS}@{_ATOMS})>"
    rf"|({_ATOMS}@{_ATOMS})){_SPACE}*(?:,{_SPACE}*|\Z)"
)


class Headers:
    """The headers of one mail or of one part of it. Names are asked for in lower case."""

    def __init__(self, message: Message) -> None:
        self._items = [(name.lower(), str(value)) for name, value in message.raw_items()]
        self._first = dict(reversed(self._items))
        self._texts: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return a header as one line: encoded words, raw UTF-8 and Latin bytes decoded."""
        if name not in self._first:
            return ""
        if name not in self._texts:
            self._texts[name] = decoded_value(self._first[name])
        return self._texts[name]

    def raw(self, name: str) -> str:
        """Return a header as the mail reader gives it, "" where there is none."""
        return self._first.get(name, "")

    def ids(self, name: str) -> list[str]:
        """Return the ids a header holds in angle brackets."""
        return _ID.findall(charsets.storable(_as_utf8(self._first.get(name, ""))))

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the addresses in all headers of these names, in lower case and each once."""
        values = [_as_utf8(value) for name, value in self._items if name in names]
        found = (address.lower() for _, address in read_addresses(values) if "@" in address)
        return tuple(dict.fromkeys(found))

    def sender(self) -> tuple[str, str]:
        """Return the name and the address the mail is from, "" for what is not told."""
        for header in ("from", "reply-to", "sender"):
            value = self._first.get(header)
            if value is None:
                continue
            # encoded words are decoded after the split: a decoded comma must not divide a name
            for name, address in read_addresses([" ".join(_decoded(value).split())]):
                if "@" in address:
                    return decoded_value(name), address.lower()
        return "", ""


def decoded_value(value: str) -> str:
    """Return one header value, as the mail reader gives it, as one line of text."""
    text = _decoded(value)
    pieces: list[str] = []
    if "=?" in text:
        try:
            for part, charset in decode_header(" ".join(text.split())):
                if isinstance(part, bytes):
                    part = charsets.decode(part, charset or "utf-8").text
                pieces.append(part)
            text = "".join(pieces)
        except ValueError:
            # a broken encoded word: better to read it as it stands than not at all
            pass
    return " ".join(charsets.storable(text).split())


def read_addresses(values: Collection[str]) -> list[tuple[str, str]]:
    """Return the names and addresses in header values, as `email.utils.getaddresses` does."""
    found: list[tuple[str, str]] = []
    for value in values:
        end = 0
        while end < len(value):
            match = _PLAIN.match(value, end)
            if match is None:
                # a quote or a comment left open goes on in the next value, so all are read at once
                return getaddresses(values)
            quoted, words, bracketed, bare = match.groups()
            name = " ".join(words.split()) if words else quoted or ""
            found.append((name, bracketed or bare))
            end = match.end()
    return found


def _decoded(value: str) -> str:
    if value.isascii():
        return charsets.storable(value)
    return charsets.decode(_as_sent(value), "utf-8").text


def _as_sent(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _as_utf8(value: str) -> str:
    return value if value.isascii() else _as_sent(value).decode("utf-8", "replace")
