"""TIFF and BigTIFF: pages that point to their own bytes by number.

What a page shows is copied to where it stood, and nothing else is: so also what no table names any
more stays behind. Source: TIFF 6.0 (1992), its supplements of 1995 and 2002, BigTIFF (2007).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: What says how a page is stored, shown and coloured (278 is how many rows a strip has, 34675 an
#: ICC profile).
_KEPT: Final = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282}
    | {283, 284, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325}
    | {326, 327, 328, 332, 334, 336, 338, 339, 340, 341, 342, 347, 529, 530, 531, 532, 559, 34675}
)
#: Where strips and tiles stand, and how long each is.
_PLACES: Final = ((273, 279), (324, 325))
#: Raw pictures of cameras: a DNG's version, and pages that are not the picture made smaller.
_DNG, _SUB_PAGES, _KIND = 50706, 330, 254
_SMALLER: Final = 1
_COMPRESSION, _OLD_JPEG = 259, 6

#: How many bytes a value of each type has.
_WIDTHS: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8,
    18: 8,
}  # fmt: skip
_CODES: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

#: At most so many bytes are copied for each byte of a file, whose tables may name a place twice.
_MOST_COPIED: Final = 2


@dataclass(frozen=True, slots=True)
class _Form:
    """How numbers are written in a file: their order, and how wide its pointers and counts are."""

    order: str
    pointer: str
    count: str

    @property
    def entry(self) -> str:
        return f"{self.order}HH{self.pointer}"

    @property
    def inline(self) -> int:
        """How many bytes of a value stand within its entry."""
        return struct.calcsize(self.order + self.pointer)


@dataclass(frozen=True, slots=True)
class _Entry:
    raw: bytes
    kind: int
    count: int
    #: Where its value stands, and its length in bytes.
    at: int
    length: int


def tiff(data: bytes) -> bytes:
    """Return a TIFF with its pages alone, as long as it was.

    Raises `ValueError` or `struct.error` where it is broken, or a camera's raw picture, which
    cannot be shown without what else stands in it.
    """
    order = "<" if data[:2] == b"II" else ">"
    magic, width = struct.unpack_from(f"{order}HH", data, 2)
    big = magic == 43
    if big and width != 8:
        raise ValueError("pointers of a width that does not exist")
    form = _Form(order, "Q", "Q") if big else _Form(order, "I", "H")
    head = 16 if big else 8
    if not big and data[8:10] == b"CR":
        raise ValueError("a camera's raw picture")
    copied = _Copied(data)
    copied.keep(0, head)
    tables: list[tuple[int, bytes]] = []
    (at,) = struct.unpack_from(order + form.pointer, data, head - form.inline)
    seen: set[int] = set()
    while at:
        if at in seen:
            raise ValueError("pages in a circle")
        seen.add(at)
        entries, at_next = _page(data, at, form)
        _check(data, entries, form)
        kept = {tag: entry for tag, entry in entries.items() if tag in _KEPT}
        for entry in kept.values():
            if entry.length > form.inline:
                copied.keep(entry.at, entry.length)
        for places, lengths in _PLACES:
            if places in kept and lengths in kept:
                pairs = zip(
                    _numbers(data, kept[places], form),
                    _numbers(data, kept[lengths], form),
                    strict=True,
                )
                for place, length in pairs:
                    copied.keep(place, length)
        count = struct.pack(form.order + form.count, len(kept))
        rows = b"".join(entry.raw for entry in kept.values())
        tables.append((at, count + rows + struct.pack(form.order + form.pointer, at_next)))
        at = at_next
    for place, table in tables:
        copied.made[place : place + len(table)] = table
    return bytes(copied.made)


class _Copied:
    """A file of nothing into which stretches of another are copied."""

    def __init__(self, data: bytes) -> None:
        self.made = bytearray(len(data))
        self._data = data
        self._left = _MOST_COPIED * len(data)

    def keep(self, at: int, length: int) -> None:
        self._left -= length
        if at + length > len(self._data) or self._left < 0:
            raise ValueError("more than there is")
        self.made[at : at + length] = self._data[at : at + length]


def _page(data: bytes, at: int, form: _Form) -> tuple[dict[int, _Entry], int]:
    """Return the entries of the page at `at` by tag, and where the next one stands (0: nowhere)."""
    (count,) = struct.unpack_from(form.order + form.count, data, at)
    first = at + struct.calcsize(form.order + form.count)
    size = struct.calcsize(form.entry) + form.inline
    if first + count * size + form.inline > len(data):
        raise ValueError("cut off")
    found = {}
    for place in range(first, first + count * size, size):
        tag, kind, many = struct.unpack_from(form.entry, data, place)
        length = many * _WIDTHS.get(kind, 0)
        inside = place + size - form.inline
        where = inside
        if length > form.inline:
            (where,) = struct.unpack_from(form.order + form.pointer, data, inside)
        raw = data[place : place + size]
        found[tag] = _Entry(raw, kind, many, where, length)
    (at_next,) = struct.unpack_from(form.order + form.pointer, data, first + count * size)
    return found, at_next


def _check(data: bytes, entries: dict[int, _Entry], form: _Form) -> None:
    """Raise `ValueError` for a page that shows nothing without what would be left out."""
    if _DNG in entries:
        raise ValueError("a camera's raw picture")
    for place in _numbers(data, entries[_SUB_PAGES], form) if _SUB_PAGES in entries else ():
        below, _ = _page(data, place, form)
        kind = next(iter(_numbers(data, below[_KIND], form)), 0) if _KIND in below else 0
        if not kind & _SMALLER:
            raise ValueError("a picture within a page")
    if _COMPRESSION in entries and _OLD_JPEG in _numbers(data, entries[_COMPRESSION], form):
        raise ValueError("a way of storing that was given up")


def _numbers(data: bytes, entry: _Entry, form: _Form) -> Iterator[int]:
    code = _CODES.get(entry.kind)
    if code is None or entry.at + entry.length > len(data):
        raise ValueError("no number where one has to be")
    return iter(struct.unpack_from(f"{form.order}{entry.count}{code}", data, entry.at))
