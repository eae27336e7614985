"""How a delivered post stands on its platform, as a spoke sees it when asked to look again.

`Client.inspect` returns exactly one `Standing`. Nothing here changes the state of a delivery: what
was delivered stays delivered, and its standing says what became of it there since.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from copydesk.core.outcomes import Inconclusive


@dataclass(frozen=True, slots=True)
class AsPublished:
    """It is there and reads as we published it."""

    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is there, but somebody changed `what` (a field or part, in words) on the platform."""

    what: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """It is no longer there; only ever said of a clear answer, never of one that failed."""

    evidence: str = ""


Standing = AsPublished | Changed | Gone | Inconclusive


class Stands(StrEnum):
    """A standing as a row keeps it; "" where nobody has looked yet."""

    AS_PUBLISHED = "as_published"
    CHANGED = "changed"
    GONE = "gone"
    UNCLEAR = "unclear"


def stands(standing: Standing) -> tuple[Stands, str]:
    """Return the word a row keeps for `standing`, and what to tell a person about it."""
    match standing:
        case AsPublished():
            return Stands.AS_PUBLISHED, standing.evidence
        case Changed():
            about = f": {standing.evidence}" if standing.evidence else ""
            return Stands.CHANGED, f"{standing.what} was changed there{about}"
        case Gone():
            return Stands.GONE, standing.evidence or "it is no longer there"
        case Inconclusive():
            return Stands.UNCLEAR, standing.reason
        case _:
            assert_never(standing)
