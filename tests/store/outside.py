"""Texts as outsiders may send them: long, and with what not every database keeps."""

from __future__ import annotations

import random

#: Letters of four bytes each, so that nothing fits by being short in bytes.
_LETTERS = [chr(number) for number in range(0x1D400, 0x1D44F)]


def noise(length: int, seed: int = 0) -> str:
    """Return `length` characters in no order: what repeats PostgreSQL packs until it fits."""
    return "".join(random.Random(f"{seed}/{length}").choices(_LETTERS, k=length))


#: What PostgreSQL refuses, what no encoding has, and more than any index takes.
ODD = f"a\0b\ud800c {noise(9_000)}"
