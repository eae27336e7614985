"""Which checks of the gate run, which only observe, and by what calibration they are weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.support import SupportBounds
from copydesk.quality.calibration import Calibration, standard


class Mode(StrEnum):
    """How a check takes part."""

    ON = "on"
    OBSERVE = "observe"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The calibration, the modes of the checks that are not simply on, by name, and the bounds of
    what a faithfulness model says.

    A check that observes leaves its evidence and decides nothing: a new one starts so, until its
    false alarms on the user's own texts are counted.
    """

    calibration: Calibration = field(default_factory=standard)
    modes: Mapping[str, Mode] = field(default_factory=dict)
    support: SupportBounds = field(default_factory=SupportBounds)

    def mode(self, check: str) -> Mode:
        """Return how a check takes part."""
        return self.modes.get(check, Mode.ON)


def observed(result: CheckResult) -> CheckResult:
    """Return what is kept of a check that only observes: it passes, and says what it would have
    said. What it saw is weighed nowhere."""
    if result.verdict is Verdict.PASSED:
        return replace(result, evidence=tuple(replace(e, signal="") for e in result.evidence))
    note = Evidence(message=f"only observed: would be {result.verdict}")
    silent = (replace(evidence, signal="") for evidence in result.evidence)
    return replace(result, verdict=Verdict.PASSED, evidence=(note, *silent))
