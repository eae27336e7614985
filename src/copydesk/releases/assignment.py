"""Which version a conversation gets: by hash, so that every worker says the same without asking."""

from __future__ import annotations

import hashlib
from typing import Final

from copydesk.core.release import Arm

_RANGE: Final = 2**64


def arm_of(unit: str, release_id: str, share: int) -> Arm:
    """Return the arm of a conversation.

    Args:
        unit: what must not change its version half-way: a conversation's id.
        release_id: the release on trial; another release shuffles the conversations anew.
        share: percent of conversations on trial, 0..100. A larger share keeps whom it had.
    """
    seed = hashlib.sha256(f"{release_id}\x1f{unit}".encode()).digest()
    place = int.from_bytes(seed[:8], "big") / _RANGE
    return Arm.NEW if place * 100 < share else Arm.OLD
