"""Which way is up: the one thing in a block of EXIF that shows."""

from __future__ import annotations

import struct
from typing import Final

UPRIGHT: Final = 1
ORIENTATION: Final = 0x0112


def orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) that a block of EXIF names, 1 when it names none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return UPRIGHT
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for place in range(at + 2, min(at + 2 + count * 12, len(exif) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, place)
        if tag == ORIENTATION:
            return value if UPRIGHT <= value <= 8 else UPRIGHT
    return UPRIGHT


def only(orientation: int) -> bytes:
    """Return a block of EXIF that says which way is up, and nothing else."""
    entry = struct.pack(">HHIHH", ORIENTATION, 3, 1, orientation, 0)
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
