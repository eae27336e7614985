"""Findings: what a validation has to say about one field, in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One thing a rendition does not carry over as it was: downgraded, moved, dropped, and why."""

    what: str
    how: str
    why: str
