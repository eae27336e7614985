"""Matroska and WebM: elements in elements. What tells becomes empty space where it stands, so that
what points past it still points to the same. Source: RFC 8794 (EBML) and RFC 9559 (Matroska)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

START: Final = b"\x1a\x45\xdf\xa3"

_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0x1F43B675
_CHECKSUM, _VOID = 0xBF, 0xEC
#: What holds what tells: tags, files that are attached, title, date, names of files and of tracks.
_TOLD: Final = {
    _SEGMENT: frozenset({0x1254C367, 0x1941A469}),
    _INFO: frozenset({0x7BA9, 0x4461, 0x7384, 0x3C83AB, 0x3E83BB}),
    _TRACK: frozenset({0x536E}),
}
#: Elements that are looked into, by what they are in.
_HOLDERS: Final = {_SEGMENT: frozenset({_INFO, _TRACKS}), _TRACKS: frozenset({_TRACK})}


class _Element(NamedTuple):
    id: int
    at: int
    starts: int
    ends: int


def matroska(data: bytes) -> bytes:
    """Return a film without its tags; raises `ValueError` or `IndexError` where it is broken."""
    made = bytearray(data)
    for element in _elements(data, 0, len(data)):
        if element.id == _SEGMENT:
            _blank(made, data, element)
    return bytes(made)


def _blank(made: bytearray, data: bytes, outer: _Element) -> bool:
    """Make space of what tells within `outer`; return whether anything was."""
    told = _TOLD.get(outer.id, frozenset())
    checksum, changed = None, False
    for element in _elements(data, outer.starts, outer.ends):
        if element.id in told:
            _make_space(made, element)
            changed = True
        elif element.id == _CHECKSUM:
            checksum = element
        elif element.id in _HOLDERS.get(outer.id, ()):
            changed |= _blank(made, data, element)
    if changed and checksum is not None:
        _make_space(made, checksum)
    return changed


def _elements(data: bytes, starts: int, ends: int) -> Iterator[_Element]:
    """Yield the elements between `starts` and `ends`. A cluster that does not say how long it is
    counts as nothing but its head: what it holds follows."""
    at = starts
    while at < ends:
        name, after = _number(data, at, marked=True)
        length, begins = _number(data, after, marked=False)
        if length is None:
            length = 0 if name == _CLUSTER else ends - begins
        if name is None or begins + length > ends:
            raise ValueError("an element that is longer than what it is in")
        yield _Element(name, at, begins, begins + length)
        at = begins + length


def _number(data: bytes, at: int, *, marked: bool) -> tuple[int | None, int]:
    """Return a number of variable width, with the mark of its width or without, and where it ends;
    None when all its bits are set, which says that it is not known."""
    width = 9 - data[at].bit_length()
    if width > 8 or at + width > len(data):
        raise ValueError("a number of no width")
    value = int.from_bytes(data[at : at + width], "big")
    bits = value & ((1 << 7 * width) - 1)
    if bits == (1 << 7 * width) - 1:
        return None, at + width
    return (value if marked else bits), at + width


def _make_space(made: bytearray, element: _Element) -> None:
    """Make empty space of an element, as long as it is."""
    whole = element.ends - element.at
    if whole < 10:
        head = bytes([_VOID, 0x80 | whole - 2])
    else:
        head = bytes([_VOID, 0x01]) + (whole - 9).to_bytes(7, "big")
    made[element.at : element.ends] = head.ljust(whole, b"\x00")


__all__ = ["START", "matroska"]
