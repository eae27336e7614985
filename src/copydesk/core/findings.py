"""Findings: what a validation has to say about one field, in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found wrong (or noteworthy) about a field of some content or setting."""

    code: str
    field: str
    message: str
    remedy: str = ""
    severity: Severity = Severity.ERROR


class LossKind(StrEnum):
    """What became of something that is not carried over as it was."""

    DOWNGRADED = "downgraded"
    MOVED = "moved"
    DROPPED = "dropped"


#: How losses begin to say what became of it; everything else is downgraded.
_DROPPED: Final = ("left out", "removed", "ignored", "dropped", "not attached", "not used")
_MOVED: Final = ("moved", "stays behind", "attached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One thing a rendition does not carry over as it was: what, how it is now, and why.

    `kind` need not be given: `how` says it by its first words.
    """

    what: str
    how: str
    why: str
    kind: LossKind = field(default=cast("LossKind", ""), compare=False)

    def __post_init__(self) -> None:
        if self.kind:
            return
        kind = LossKind.DOWNGRADED
        if self.how.startswith(_DROPPED):
            kind = LossKind.DROPPED
        elif self.how.startswith(_MOVED):
            kind = LossKind.MOVED
        object.__setattr__(self, "kind", kind)
