"""Check results: what a named, versioned quality check said about a text, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check concludes."""

    PASSED = "passed"
    FLAGGED = "flagged"
    FAILED = "failed"


class RiskClass(StrEnum):
    """How much is at stake if this text is wrong."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One span a check points at. `start`/`end` are code points in `where` (`source` or `text`).

    `signal` names what was seen, for the calibration to weigh; "" where nothing is weighed.
    """

    message: str
    span: str = ""
    where: str = ""
    start: int = -1
    end: int = -1
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The stored result of one check on one revision."""

    check: str
    version: int
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    cost_ms: float = 0.0
