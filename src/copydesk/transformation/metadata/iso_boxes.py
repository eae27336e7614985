"""The boxes of ISO media files (HEIC, AVIF, MP4, MOV): each has a length, a name and a content.

Source: ISO/IEC 14496-12 and the QuickTime File Format, which it comes from.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """A box: where it begins, and where its content begins and ends."""

    name: bytes
    at: int
    starts: int
    ends: int


def boxes(data: bytes, starts: int, ends: int) -> Iterator[Box]:
    """Yield the boxes between `starts` and `ends`.

    Raises `ValueError` for one that is longer than what it is in.
    """
    at = starts
    while at + 8 <= ends:
        length, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        elif length == 0:
            length = ends - at
        if length < head or at + length > ends:
            raise ValueError("a box that is longer than what it is in")
        yield Box(name, at, at + head, at + length)
        at += length


def inside(data: bytes, box: Box, *path: bytes) -> Box:
    """Return the box at `path` within `box`; raises `ValueError` when there is none."""
    for wanted in path:
        found = next((one for one in boxes(data, box.starts, box.ends) if one.name == wanted), None)
        if found is None:
            raise ValueError(f"no {wanted!r}")
        box = found
    return box


def blank(made: bytearray, box: Box) -> None:
    """Make free space of a box where it stands; what points past it still points to the same."""
    made[box.at + 4 : box.at + 8] = b"free"
    made[box.starts : box.ends] = bytes(box.ends - box.starts)
