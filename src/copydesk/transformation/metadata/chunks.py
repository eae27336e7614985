"""JPEG, PNG, WebP and GIF: a row of pieces each, of which those that show are kept as they are."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Final

from copydesk.transformation.metadata.exif import UPRIGHT, only, orientation

#: Where a JPEG's picture data end: at a marker that is neither an escaped byte nor a restart.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: What of a JPEG's application segments shows: how it is stored and coloured.
_JPEG_KEPT: Final = {
    0xE0: b"JFIF\x00",
    0xE2: b"ICC_PROFILE\x00",
    0xEE: b"Adobe",
}

PNG: Final = b"\x89PNG\r\n\x1a\n"
#: PNG's chunks that may be left out, but show (PNG third edition, 2025).
_PNG_KEPT: Final = frozenset(
    b"tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)

_WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04

#: GIF extensions of applications that show: how often it moves, and its colours.
_GIF_KEPT: Final = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})


def jpeg(data: bytes) -> bytes:
    """Return a JPEG with its picture alone; raises `ValueError`, `IndexError` or
    `struct.error` where it is broken."""
    kept = [data[:2]]
    turned, first = UPRIGHT, 1
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
            turned = orientation(segment[10:])
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
    if turned != UPRIGHT:
        block = b"Exif\x00\x00" + only(turned)
        kept.insert(first, b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    return b"".join(kept)


def png(data: bytes) -> bytes:
    """Return a PNG with its picture alone; raises `ValueError`, `IndexError` or
    `struct.error` where it is broken."""
    kept, turned = [PNG], UPRIGHT
    at = len(PNG)
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        name, ends = data[at + 4 : at + 8], at + 12 + length
        if len(data) < ends:
            raise ValueError("cut off")
        if name == b"eXIf":
            turned = orientation(data[at + 8 : ends - 4])
        elif name[:1].isupper() or name in _PNG_KEPT:
            kept.append(data[at:ends])
        at = ends
        if name == b"IEND":
            break
    if turned != UPRIGHT:
        named = b"eXIf" + only(turned)
        chunk = struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))
        kept.insert(2, chunk)
    return b"".join(kept)


def webp(data: bytes) -> bytes:
    """Return a WebP with its picture alone; raises `ValueError`, `IndexError` or
    `struct.error` where it is broken."""
    kept: list[bytes] = []
    turned = UPRIGHT
    (size,) = struct.unpack_from("<I", data, 4)
    at, ends = 12, min(len(data), size + 8)
    while at < ends:
        name, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        chunk = data[at : at + 8 + length + length % 2]
        if name == b"EXIF":
            turned = orientation(chunk[8:].removeprefix(b"Exif\x00\x00"))
        elif name in _WEBP_KEPT:
            kept.append(chunk)
        at += len(chunk)
    if not kept:
        raise ValueError("no picture")
    flags = _WEBP_EXIF if turned != UPRIGHT else 0
    if kept and kept[0][:4] == b"VP8X":
        told = kept[0][8] & ~(_WEBP_EXIF | _WEBP_XMP) | flags
        kept[0] = kept[0][:8] + bytes([told]) + kept[0][9:]
        if flags:
            block = only(turned)
            kept.append(b"EXIF" + struct.pack("<I", len(block)) + block)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif(data: bytes) -> bytes:
    """Return a GIF with its picture alone; raises `ValueError`, `IndexError` or
    `struct.error` where it is broken."""
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
