"""PGP armour inside a text: what the program wrote around and instead of the author's words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from copydesk.core.submission import SegmentKind
from copydesk.intake.lines import Line, label_all

ARMOUR = "PGP armour"
ENCRYPTED = "encrypted with PGP"

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_HEADER = re.compile(r"(?:Hash|Comment|Version|Charset|NotDashEscaped):")
_BLOCKS = {
    "-----BEGIN PGP SIGNATURE-----": ("-----END PGP SIGNATURE-----", ARMOUR),
    "-----BEGIN PGP MESSAGE-----": ("-----END PGP MESSAGE-----", ENCRYPTED),
    "-----BEGIN PGP PUBLIC KEY BLOCK-----": ("-----END PGP PUBLIC KEY BLOCK-----", ARMOUR),
}


def mark_armour(lines: Sequence[Line]) -> None:
    """Label armour as dropped. A block that is never closed stays text."""
    marked = [(index, line) for index, line in enumerate(lines) if line.bare[:5] == "-----"]
    ends: dict[str, list[int]] = {}
    for index, line in marked:
        if line.bare.startswith("-----END PGP "):
            ends.setdefault(line.bare, []).append(index)
    for index, line in marked:
        if not line.bare.startswith("-----BEGIN PGP ") or line.kind is not None:
            continue
        if line.bare == _SIGNED:
            end = index + 1
            while end < len(lines) and _HEADER.match(lines[end].bare):
                end += 1
            label_all(lines[index:end], SegmentKind.HEADER, "pgp", dropped_because=ARMOUR)
            continue
        closing, reason = _BLOCKS.get(line.bare, ("", ""))
        below = ends.get(closing, [])
        at = bisect_left(below, index)
        if at < len(below):
            block = lines[index : below[at] + 1]
            label_all(block, SegmentKind.BOILERPLATE, "pgp", dropped_because=reason)
