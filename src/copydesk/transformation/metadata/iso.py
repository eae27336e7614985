"""HEIC, AVIF, MP4 and MOV: they point to their own bytes by number, so what tells is blanked
where it stands, with the tracks that cameras write places into."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from copydesk.transformation.metadata.data_tracks import telling_tracks
from copydesk.transformation.metadata.iso_boxes import Box, blank, boxes

#: What ISO files begin with; those of QuickTime need not say what they are.
STARTS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
#: Boxes of ISO files that hold other boxes, and those that hold nothing of the picture.
_BOXES: Final = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
_TOLD: Final = frozenset({b"udta", b"meta", b"uuid"})
#: Boxes that begin with when they were made and changed, after their version and flags.
_DATED: Final = frozenset({b"mvhd", b"tkhd", b"mdhd"})


def iso(data: bytes) -> tuple[bytes, bool]:
    """Return a file with its picture or film alone, and whether tracks that tell had to stay.

    Raises `ValueError`, `IndexError` or `struct.error` where it cannot be walked.
    """
    made, stays = bytearray(data), False
    for box in boxes(data, 0, len(data)):
        if box.name == b"meta":
            for at, length in _told_items(data, box.starts + 4, box.ends):
                made[at : at + length] = _blank(length)
        elif box.name == b"uuid":
            blank(made, box)
        elif box.name in _BOXES:
            _blank_told(made, data, box)
        if box.name == b"moov":
            stays = not _blank_tracks(made, data, box)
    return bytes(made), stays


def _blank_told(made: bytearray, data: bytes, outer: Box) -> None:
    for box in boxes(data, outer.starts, outer.ends):
        if box.name in _TOLD:
            blank(made, box)
        elif box.name in _DATED:
            width = 16 if data[box.starts] else 8
            made[box.starts + 4 : min(box.starts + 4 + width, box.ends)] = bytes(
                min(width, max(box.ends - box.starts - 4, 0))
            )
        elif box.name in _BOXES:
            _blank_told(made, data, box)


def _blank_tracks(made: bytearray, data: bytes, moov: Box) -> bool:
    """Blank the tracks that only tell, with their samples, and return whether that could be done:
    a film that cannot be taken apart keeps them."""
    try:
        tracks, samples = telling_tracks(data, moov)
    except (ValueError, struct.error):
        return False
    for at, over in samples:
        made[at:over] = bytes(over - at)
    for track in tracks:
        blank(made, track)
    return True


def _told_items(data: bytes, starts: int, ends: int) -> Iterator[tuple[int, int]]:
    """Yield where the EXIF and XMP of a HEIC or AVIF file stand, and how long they are."""
    inside = {box.name: (box.starts, box.ends) for box in boxes(data, starts, ends)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    at, over = inside[b"iinf"]
    told = set()
    for name, _, entry, _ in boxes(data, at + (6 if data[at] == 0 else 8), over):
        if name == b"infe" and data[entry] >= 2:
            wide = data[entry] > 2
            (number,) = struct.unpack_from(">I" if wide else ">H", data, entry + 4)
            kind = data[entry + (10 if wide else 8) :][:4]
            if kind in {b"Exif", b"mime"}:
                told.add(number)
    held = inside.get(b"idat", (0, 0))[0]
    for number, way, at, length in _places(data, *inside[b"iloc"]):
        if number not in told:
            continue
        if way not in {0, 1}:
            raise ValueError("it is made of other items")
        at += held if way else 0
        if at + length > len(data):
            raise ValueError("cut off")
        yield at, length


def _places(data: bytes, at: int, ends: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each extent of each item: its number, how it is stored, where, and how long it is."""
    version, sizes = data[at], struct.unpack_from(">H", data, at + 4)[0]
    widths = [sizes >> shift & 15 for shift in (12, 8, 4, 0)]
    reader = _Reader(data, at + 6, ends)
    for _ in range(reader.take(4 if version == 2 else 2)):
        number = reader.take(4 if version == 2 else 2)
        way = reader.take(2) & 15 if version else 0
        reader.take(2)
        base = reader.take(widths[2])
        for _ in range(reader.take(2)):
            reader.take(widths[3] if version else 0)
            offset = reader.take(widths[0])
            yield number, way, base + offset, reader.take(widths[1])


class _Reader:
    """Takes numbers of any width from a stretch of bytes."""

    def __init__(self, data: bytes, at: int, ends: int) -> None:
        self._data = data
        self._at = at
        self._ends = ends

    def take(self, width: int) -> int:
        if self._at + width > self._ends:
            raise ValueError("cut off")
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "big")


def _blank(length: int) -> bytes:
    """Return an EXIF item of HEIC or AVIF that says nothing, `length` bytes long."""
    empty = b"\x00\x00\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"
    return empty.ljust(length, b"\x00") if length >= len(empty) else bytes(length)
