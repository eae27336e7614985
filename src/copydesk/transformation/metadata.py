"""Image and film files without what they tell about people: places, cameras, names, comments.

Nothing is decoded: the containers are walked, what is no picture is left out, and every byte of the
picture stays as it was. Which way is up and what the colours mean stays too. HEIC, AVIF, MP4 and
MOV point to their own bytes by number, so there it is blanked where it stands, with the tracks that
cameras write places into. What cannot be walked (TIFF, SVG, a broken file) comes back as it is.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from copydesk.transformation.data_tracks import telling_tracks
from copydesk.transformation.iso_boxes import Box, blank, boxes

_UPRIGHT: Final = 1
_ORIENTATION: Final = 0x0112

#: Where a JPEG's picture data end: at a marker that is neither an escaped byte nor a restart.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: What of a JPEG's application segments shows: how it is stored and coloured.
_JPEG_KEPT: Final = {
    0xE0: b"JFIF\x00",
    0xE2: b"ICC_PROFILE\x00",
    0xEE: b"Adobe",
}

_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: PNG's chunks that may be left out, but show (PNG third edition, 2025).
_PNG_KEPT: Final = frozenset(
    b"tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)

_WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04

#: GIF extensions of applications that show: how often it moves, and its colours.
_GIF_KEPT: Final = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})

#: What ISO files begin with; those of QuickTime need not say what they are.
_ISO_STARTS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
#: Boxes of ISO files that hold other boxes, and those that hold nothing of the picture.
_BOXES: Final = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
_TOLD: Final = frozenset({b"udta", b"meta", b"uuid"})


def without_metadata(data: bytes) -> bytes:
    """Return an image or film file with its picture alone; `data` itself when there is nothing to
    leave out, or the format is none that is known here. Takes time for large files: call it in a
    thread."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            made = _jpeg(data)
        elif data.startswith(_PNG):
            made = _png(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            made = _webp(data)
        elif data[:6] in {b"GIF87a", b"GIF89a"}:
            made = _gif(data)
        elif data[4:8] in _ISO_STARTS:
            made = _iso(data)
        else:
            return data
    except (IndexError, ValueError, struct.error):
        return data  # broken: whoever shows it will say so
    return data if made == data else made


# ---------------------------------------------------------------- EXIF


def _orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) that a block of EXIF names, 1 when it names none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return _UPRIGHT
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return _UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for place in range(at + 2, min(at + 2 + count * 12, len(exif) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, place)
        if tag == _ORIENTATION:
            return value if _UPRIGHT <= value <= 8 else _UPRIGHT
    return _UPRIGHT


def _only(orientation: int) -> bytes:
    """Return a block of EXIF that says which way is up, and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"


# ---------------------------------------------------------------- JPEG


def _jpeg(data: bytes) -> bytes:
    kept = [data[:2]]
    orientation, first = _UPRIGHT, 1
    at = 2
    while at < len(data):  # one that was cut off within its picture is shown, too
        while data[at + 1] == 0xFF:
            at += 1  # filling
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise ValueError("no marker where one has to be")
        if marker == 0xD9:
            kept.append(data[at : at + 2])
            break  # what follows is another picture, or a maker's own
        ends = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        segment = data[at:ends]
        if marker == 0xE1 and segment[4:10] == b"Exif\x00\x00":
            orientation = _orientation(segment[10:])
        elif marker == 0xFE or (
            0xE0 <= marker <= 0xEF
            and not segment[4:].startswith(_JPEG_KEPT.get(marker, b"\x00none"))
        ):
            pass
        else:
            first = 2 if marker == 0xE0 else first
            if marker == 0xDA:
                found = _NEXT_MARKER.search(data, ends)
                ends = found.start() if found else len(data)
                segment = data[at:ends]
            kept.append(segment)
        at = ends
    if orientation != _UPRIGHT:
        block = b"Exif\x00\x00" + _only(orientation)
        kept.insert(first, b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    return b"".join(kept)


# ---------------------------------------------------------------- PNG, WebP, GIF


def _png(data: bytes) -> bytes:
    kept, orientation = [_PNG], _UPRIGHT
    at = len(_PNG)
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        name, ends = data[at + 4 : at + 8], at + 12 + length
        if len(data) < ends:
            raise ValueError("cut off")
        if name == b"eXIf":
            orientation = _orientation(data[at + 8 : ends - 4])
        elif name[:1].isupper() or name in _PNG_KEPT:
            kept.append(data[at:ends])
        at = ends
        if name == b"IEND":
            break
    if orientation != _UPRIGHT:
        named = b"eXIf" + _only(orientation)
        chunk = struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))
        kept.insert(2, chunk)
    return b"".join(kept)


def _webp(data: bytes) -> bytes:
    kept: list[bytes] = []
    orientation = _UPRIGHT
    (size,) = struct.unpack_from("<I", data, 4)
    at, ends = 12, min(len(data), size + 8)
    while at < ends:
        name, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        chunk = data[at : at + 8 + length + length % 2]
        if name == b"EXIF":
            orientation = _orientation(chunk[8:].removeprefix(b"Exif\x00\x00"))
        elif name in _WEBP_KEPT:
            kept.append(chunk)
        at += len(chunk)
    if not kept:
        raise ValueError("no picture")
    flags = _WEBP_EXIF if orientation != _UPRIGHT else 0
    if kept and kept[0][:4] == b"VP8X":
        told = kept[0][8] & ~(_WEBP_EXIF | _WEBP_XMP) | flags
        kept[0] = kept[0][:8] + bytes([told]) + kept[0][9:]
        if flags:
            block = _only(orientation)
            kept.append(b"EXIF" + struct.pack("<I", len(block)) + block)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif(data: bytes) -> bytes:
    at = 13 + _colours(data[10])
    kept = [data[:at]]
    while (kind := data[at]) != 0x3B:
        if kind == 0x2C:
            ends = _after_blocks(data, at + 11 + _colours(data[at + 9]))
            kept.append(data[at:ends])
        elif kind == 0x21:
            label, ends = data[at + 1], _after_blocks(data, at + 2)
            if label in {0xF9, 0x01} or (label == 0xFF and data[at + 3 : at + 14] in _GIF_KEPT):
                kept.append(data[at:ends])
        else:
            raise ValueError("no block where one has to be")
        at = ends
    return b"".join([*kept, b"\x3b"])


def _colours(flags: int) -> int:
    """Return the length of the colour table that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


# ---------------------------------------------------------------- HEIC, AVIF, MP4, MOV


def _iso(data: bytes) -> bytes:
    made = bytearray(data)
    for box in boxes(data, 0, len(data)):
        if box.name == b"meta":
            for at, length in _told_items(data, box.starts + 4, box.ends):
                made[at : at + length] = _blank(length)
        elif box.name == b"uuid":
            blank(made, box)
        elif box.name in _BOXES:
            _blank_told(made, data, box)
        if box.name == b"moov":
            _blank_tracks(made, data, box)
    return bytes(made)


def _blank_told(made: bytearray, data: bytes, outer: Box) -> None:
    for box in boxes(data, outer.starts, outer.ends):
        if box.name in _TOLD:
            blank(made, box)
        elif box.name in _BOXES:
            _blank_told(made, data, box)


def _blank_tracks(made: bytearray, data: bytes, moov: Box) -> None:
    """Blank the tracks that only tell, with their samples; a film that cannot be taken apart keeps
    them."""
    with suppress(ValueError, struct.error):
        tracks, samples = telling_tracks(data, moov)
        for at, over in samples:
            made[at:over] = bytes(over - at)
        for track in tracks:
            blank(made, track)


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
        if number in told and way in {0, 1}:
            yield (at + held if way else at), length


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


__all__ = ["without_metadata"]
