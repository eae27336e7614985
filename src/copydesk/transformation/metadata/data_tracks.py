"""Tracks of a film that show nothing and tell much: where a camera was, how it moved, whose it is.

GoPro, DJI, Sony, Apple and dashcams write places beside the pictures, as samples of a track of its
own. Such a track and its samples are blanked where they stand: the others point to their own bytes
by number. What a film that cannot be walked tells stays, and so does what is written as subtitles.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from copydesk.transformation.metadata.iso_boxes import Box, boxes, inside

#: Handlers of tracks that hold data, and formats of samples that do whatever their handler says
#: (GoPro, Street View, DJI, Apple, XML and text about the film, Sony).
_HANDLERS: Final = frozenset({b"meta", b"camm"})
_FORMATS: Final = frozenset(
    {b"gpmd", b"camm", b"djmd", b"dbgi", b"mebx", b"metx", b"mett", b"rtmd", b"urim"}
)

#: A stretch of the file: where it begins and ends.
_Span = tuple[int, int]


def telling_tracks(data: bytes, moov: Box) -> tuple[list[Box], list[_Span]]:
    """Return the tracks of a film that only tell, and where their samples stand.

    Raises `ValueError` or `struct.error` where these cannot be told from the pictures for certain:
    nothing may be blanked then.
    """
    tracks = [box for box in boxes(data, moov.starts, moov.ends) if box.name == b"trak"]
    telling = [track for track in tracks if _tells(data, track)]
    if not telling:
        return [], []
    if any(box.name == b"mvex" for box in boxes(data, moov.starts, moov.ends)):
        raise ValueError("its samples are spread over fragments")
    shown = [span for track in tracks if track not in telling for span in _chunks(data, track)]
    found = [span for track in telling for span in _chunks(data, track)]
    _check_apart(data, found, shown)
    return telling, found


def _tells(data: bytes, track: Box) -> bool:
    handled = inside(data, track, b"mdia", b"hdlr").starts
    described = inside(data, track, b"mdia", b"minf", b"stbl", b"stsd").starts
    # version and flags, how many there are, and of the first its length before its name
    return data[handled + 8 :][:4] in _HANDLERS or data[described + 12 :][:4] in _FORMATS


def _chunks(data: bytes, track: Box) -> Iterator[_Span]:
    """Yield where each chunk of a track's samples stands."""
    table = inside(data, track, b"mdia", b"minf", b"stbl")
    wide = any(box.name == b"co64" for box in boxes(data, table.starts, table.ends))
    runs = _numbers(data, inside(data, table, b"stsc"), ">III")
    places = inside(data, table, b"co64" if wide else b"stco")
    same, sizes = _sizes(data, inside(data, table, b"stsz"))
    run = -1
    for number, (offset,) in enumerate(_numbers(data, places, ">Q" if wide else ">I"), start=1):
        while run + 1 < len(runs) and runs[run + 1][0] <= number:
            run += 1
        if run < 0:
            raise ValueError("a chunk without samples")
        samples = runs[run][1]
        length = same * samples if same else sum(islice(sizes, samples))
        yield offset, offset + length


def _sizes(data: bytes, box: Box) -> tuple[int, Iterator[int]]:
    """Return the size that all samples have, else 0 and the size of each."""
    same, count = struct.unpack_from(">II", data, box.starts + 4)
    over = box.starts + 12 + count * 4
    if not same and over > box.ends:
        raise ValueError("cut off")
    each = b"" if same else data[box.starts + 12 : over]
    return same, (size for (size,) in struct.iter_unpack(">I", each))


def _numbers(data: bytes, box: Box, form: str) -> list[tuple[int, ...]]:
    """Return the rows of a table: version and flags, how many, and each as `form` says."""
    (count,) = struct.unpack_from(">I", data, box.starts + 4)
    over = box.starts + 8 + count * struct.calcsize(form)
    if over > box.ends:
        raise ValueError("cut off")
    return list(struct.iter_unpack(form, data[box.starts + 8 : over]))


def _check_apart(data: bytes, telling: Sequence[_Span], shown: Sequence[_Span]) -> None:
    """Raise `ValueError` unless `telling` lies in the film's data, and apart from what is shown."""
    held = [box for box in boxes(data, 0, len(data)) if box.name == b"mdat"]
    for starts, ends in telling:
        if not any(box.starts <= starts <= ends <= box.ends for box in held):
            raise ValueError("samples that are elsewhere")
    # an empty span covers nothing
    spans = [(*span, True) for span in telling if span[0] < span[1]]
    spans += [(*span, False) for span in shown if span[0] < span[1]]
    reached = {True: 0, False: 0}
    for starts, ends, tells in sorted(spans):
        if starts < reached[not tells]:
            raise ValueError("samples that are shared")
        reached[tells] = max(reached[tells], ends)
