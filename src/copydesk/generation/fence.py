"""The fence between our words and inbound text: what stands inside is data, never instructions.

Everything inbound is written as JSON, one object a line, between two lines that carry a delimiter
nobody could have guessed when they wrote the message. JSON keeps a message on its line, so no text
can put a line of its own into the prompt; sequences that models read as structure are escaped in a
way that any JSON reader undoes, so nothing is lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

import regex

# Zero-width and bidirectional controls that hide or reorder words. Joiners stay: Indic scripts,
# Persian and emoji need them. The stored original keeps every one of these.
_INVISIBLE: Final = regex.compile(
    "[\u00ad\u061c\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
# look-alike delimiters, chat-template and role tags, each defused at its first character
_STRUCTURE: Final = regex.compile(
    r"<(?=[<|/!])|<(?=\s*(?:system|user|assistant|human)\b)|\[(?=/?INST\])"
)
_DELIMITER: Final = regex.compile(r"[A-Za-z0-9]{8,64}")


def fence(name: str, records: Sequence[Mapping[str, object]], *, delimiter: str) -> str:
    """Return `records` as fenced JSON lines under the heading `name`.

    `delimiter` is 8 to 64 letters and digits, fresh and random for every request. Raises
    `ValueError` when it is not, or when a record contains it.
    """
    if not _DELIMITER.fullmatch(delimiter):
        raise ValueError("the delimiter must be 8 to 64 random letters and digits")
    lines = [_line(record) for record in records]
    if any(delimiter in line for line in lines):
        raise ValueError("the material contains the delimiter; draw a fresh one")
    return "\n".join([f"<<{name} {delimiter}>>", *lines, f"<<end of {name} {delimiter}>>"])


def derived(delimiter: str, number: int) -> str:
    """Return a delimiter for the request `number` of several that began with one random one."""
    return hashlib.sha256(f"{delimiter} {number}".encode()).hexdigest()[:32]


def visible(text: str) -> str:
    """Return `text` without invisible and direction-changing characters."""
    return _INVISIBLE.sub("", text)


def _line(record: Mapping[str, object]) -> str:
    written = visible(json.dumps(record, ensure_ascii=False))
    # U+2028, U+2029 and U+0085 end a line for some readers though not for JSON
    for character in "\u2028\u2029\u0085":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return _STRUCTURE.sub(lambda match: f"\\u{ord(match.group()):04x}", written)
