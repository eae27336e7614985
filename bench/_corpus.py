"""Messages to measure with: the example inbox, and seeded variants with other ids and numbers."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

INBOX = Path(__file__).resolve().parent.parent / "examples/inbox"

#: Numbers in running text; not those of dates, times, addresses and escapes.
_NUMBER = re.compile(rb"(?<![\w:+\-\\./=@])\d{3,}(?![\w:\-/@])")
#: Ids of mails, which also name what a mail answers to.
_MAIL_ID = re.compile(rb"<([^<>@\s]+)@")
_LETTER = re.compile(rb"^(?:message-id|references|in-reply-to):", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """One raw input under the file name it came with."""

    filename: str
    raw: bytes


def messages(count: int, seed: int) -> list[Message]:
    """Return `count` different messages: the inbox first, then variants of it.

    The mails of one variant still answer each other.
    """
    source = random.Random(seed)
    originals = [Message(p.name, p.read_bytes()) for p in sorted(INBOX.iterdir()) if p.is_file()]
    made = list(originals)
    number = 0
    while len(made) < count:
        number += 1
        made += [_variant(message, number, source) for message in originals]
    return made[:count]


def _variant(message: Message, number: int, source: random.Random) -> Message:
    def other(found: re.Match[bytes]) -> bytes:
        size = len(found.group())
        return str(source.randrange(10 ** (size - 1), 10**size)).encode()

    raw = _NUMBER.sub(other, message.raw)
    if _LETTER.search(raw):
        raw = _MAIL_ID.sub(rb"<\1.variant%d@" % number, raw)
    else:
        raw += b"\n" * (number % 7) if raw == message.raw else b""
    stem, dot, ending = message.filename.rpartition(".")
    return Message(f"{stem}-{number}{dot}{ending}", raw)
