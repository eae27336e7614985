"""Record keys chosen by us: a repeated create names the same record, so it makes no second one.

A TID is 13 characters of a sortable base 32: 53 bits of microseconds since 1970, then 10 bits of
the clock's own number. Source: https://atproto.com/specs/tid (checked 2026-11-22).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Final

_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID: Final = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


def record_key(key: str, at: datetime, part: int = 0) -> str:
    """Return the TID of the delivery (or part of one) whose idempotency key is `key`.

    `at` (aware) is the post's publication time, which never changes; each `part` of a thread is a
    second later than the one before, so that they sort. What a TID has below a second comes from
    the key, so two posts of one second stay apart.
    """
    digest = hashlib.sha256(key.encode()).digest()
    second = max(0, int(at.timestamp())) + part
    fraction = int.from_bytes(digest[:8]) % 1_000_000
    clock = int.from_bytes(digest[8:10]) % 1024
    value = (second * 1_000_000 + fraction) << 10 | clock
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(60, -1, -5))


def is_tid(text: str) -> bool:
    """Tell whether `text` is a TID, as the keys of posts are."""
    return _TID.fullmatch(text) is not None
