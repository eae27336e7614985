"""What of a file goes out, and what whoever publishes it has to know about that."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from copydesk.core.findings import Finding, Severity
from copydesk.transformation.metadata.chunks import PNG, gif, jpeg, png, webp
from copydesk.transformation.metadata.documents import named_in
from copydesk.transformation.metadata.iso import STARTS, iso
from copydesk.transformation.metadata.matroska import START, matroska
from copydesk.transformation.metadata.svg import is_svg, svg
from copydesk.transformation.metadata.tiff import tiff

_SVG: Final = "image/svg+xml"
_TIFF_STARTS: Final = frozenset({b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"})
_SHOWN: Final = ("image/", "video/")

UNREADABLE_DRAWING: Final = "drawing_unreadable"
REDRAW: Final = "Open it in a drawing program and save it as plain SVG, or as PNG."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bared:
    """A file as it goes out. `stays` says what of it may still tell about people; `left_out` what
    would have shown or done something; `refused` why it must not go out at all."""

    data: bytes
    stays: str = ""
    left_out: tuple[str, ...] = ()
    refused: str = ""


def bared(data: bytes, content_type: str = "") -> Bared:
    """Return a file with its picture or film alone. What it really holds counts; `content_type`
    says what it is called. Sound keeps its tags, which players show.

    Takes time for large files: call it in a thread.
    """
    if content_type == _SVG or is_svg(data):
        return _drawing(data)
    if content_type.startswith("audio/"):
        return Bared(data=data)
    try:
        made = _walked(data)
    except (IndexError, ValueError, struct.error, RecursionError):
        return Bared(data=data, stays=_WHOLE)
    if made is not None:
        return made
    if content_type.startswith(_SHOWN):
        return Bared(data=data, stays=_WHOLE)
    named = named_in(data)
    return Bared(data=data, stays=f"its properties ({named})" if named else "")


def without_metadata(data: bytes, content_type: str = "") -> bytes:
    """Return what `bared` makes of a file; `data` itself when there is nothing to leave out."""
    return bared(data, content_type).data


def refused(data: bytes, content_type: str = "") -> str:
    """Return why a file must not go out at all, "" when it may. Call it in a thread, as `bared`."""
    return _drawing(data).refused if content_type == _SVG or is_svg(data) else ""


def file_findings(name: str, content_type: str, data: bytes) -> tuple[Finding, ...]:
    """Return what whoever publishes the file `name` has to know about it: that it must not go out,
    that it loses something that shows, that it goes out with something that tells."""
    made = bared(data, content_type)
    where = f"media {name}"
    if made.refused:
        return (
            Finding(
                code=UNREADABLE_DRAWING,
                field=where,
                message=made.refused,
                remedy=REDRAW,
            ),
        )
    found = []
    if made.left_out:
        found.append(
            Finding(
                code="drawing_changed",
                field=where,
                message=f"it goes out without {' and '.join(made.left_out)}",
                remedy="Draw it with what it shows inside, or export it as PNG.",
                severity=Severity.WARNING,
            )
        )
    if made.stays:
        found.append(
            Finding(
                code="metadata_stays",
                field=where,
                message=f"{made.stays} cannot be left out:"
                " places, times and names in it go out too",
                remedy="Look at it, and export it anew without them"
                " (pictures as JPEG or PNG, films as MP4).",
                severity=Severity.WARNING,
            )
        )
    return tuple(found)


_WHOLE: Final = "what else it holds beside the picture"
_TRACKS: Final = "the tracks in which a camera keeps places"


def _walked(data: bytes) -> Bared | None:
    """Return the file without what it tells, None where its kind is not known here."""
    stays = ""
    if data.startswith(b"\xff\xd8\xff"):
        made = jpeg(data)
    elif data.startswith(PNG):
        made = png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        made = webp(data)
    elif data[:6] in {b"GIF87a", b"GIF89a"}:
        made = gif(data)
    elif data[:4] in _TIFF_STARTS:
        made = tiff(data)
    elif data[4:8] in STARTS:
        made, is_left = iso(data)
        stays = _TRACKS if is_left else ""
    elif data.startswith(START):
        made = matroska(data)
    elif data.startswith(b"BM"):
        made = data  # a bitmap has no room for more than the picture
    else:
        return None
    return Bared(data=data if made == data else made, stays=stays)


def _drawing(data: bytes) -> Bared:
    try:
        drawn = svg(data)
    except ValueError:
        return Bared(
            data=data, refused="it cannot be read as SVG, so scripts in it could not be left out"
        )
    return Bared(data=drawn.data, left_out=drawn.left_out)
