"""Files without what they tell about people: places, cameras, names, comments.

Nothing is decoded: containers are walked, what is no picture is left out, and every byte of the
picture stays as it was. Which way is up and what the colours mean stays too. What cannot be walked
is told, never passed over.
"""

from __future__ import annotations

from copydesk.transformation.metadata.baring import (
    REDRAW,
    UNREADABLE_DRAWING,
    Bared,
    bared,
    file_findings,
    refused,
    without_metadata,
)

__all__ = [
    "REDRAW",
    "UNREADABLE_DRAWING",
    "Bared",
    "bared",
    "file_findings",
    "refused",
    "without_metadata",
]
