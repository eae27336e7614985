"""Calibration: what each signal of the checks weighs, and from where on a person must look.

A logistic combination of what the checks saw, fitted on labelled texts by `copydesk calibrate` and
kept in a versioned file; nobody writes its numbers by hand. The one that comes with the product is
`calibration.json`. How much was changed, and how new its words are, is no signal: in public data
true edits are larger than false ones, so such a feature learns the data and not the fault.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.errors import ConfigError

#: The shape of the file; one written for another shape is refused.
FORMAT: Final = 1
#: A signal counts so often at most, so that one long text is no worse than its worst sentences.
MOST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Weights in log-odds, and the bands of the probability that a text is bad.

    `version` names it in evidence and reports. The probability holds where half of the texts are
    bad; `unseen` is what a signal weighs that was not there to be fitted. Below `uncertain` a text
    passes, from `fail` on it fails. `fitted` says on what, and what was reached.
    """

    version: str
    intercept: float
    weights: Mapping[str, float]
    unseen: float
    uncertain: float
    fail: float
    fitted: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = (self.intercept, self.unseen, self.uncertain, self.fail, *self.weights.values())
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"the calibration {self.version!r} holds a value that is not a number")
        if not 0.0 <= self.uncertain <= self.fail <= 1.0:
            raise ValueError(f"the bands of the calibration {self.version!r} overlap")

    def badness(self, signals: Mapping[str, int]) -> float:
        """Return the probability that a text with these signals, each seen so often, is bad."""
        odds = self.intercept + math.fsum(
            self.weights.get(name, self.unseen) * min(count, MOST)
            for name, count in signals.items()
        )
        return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0

    def band(self, badness: float) -> Verdict:
        """Return the band of a probability; what is no number fails."""
        if not badness < self.fail:
            return Verdict.FAILED
        return Verdict.FLAGGED if badness >= self.uncertain else Verdict.PASSED

    def to_json(self) -> str:
        """Return the calibration as the text of its file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Calibration:
        """Read what `to_json` wrote; raises `ConfigError` with the `name` of the file."""
        try:
            read = json.loads(text)
            if read.pop("format") != FORMAT:
                raise ValueError("it was written for another version of copydesk")
            return cls(**read)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"The calibration {name} cannot be used: {error}."
            remedy = "Write it anew with `copydesk calibrate`."
            raise ConfigError([f"{message} {remedy}"]) from error


def signals_of(results: Iterable[CheckResult]) -> dict[str, int]:
    """Return how often each signal was seen by these checks."""
    found: dict[str, int] = {}
    for result in results:
        for evidence in result.evidence:
            if evidence.signal:
                found[evidence.signal] = found.get(evidence.signal, 0) + 1
    return found


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file; raises `ConfigError` if it cannot be read or used."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"The calibration {path} cannot be read: {error.strerror}."]) from error
    return Calibration.from_json(text, name=str(path))


@cache
def standard() -> Calibration:
    """Return the calibration that comes with the product."""
    path = resources.files("copydesk.quality").joinpath("calibration.json")
    return Calibration.from_json(path.read_text(encoding="utf-8"), name="calibration.json")


def weighed(results: Sequence[CheckResult], calibration: Calibration) -> float:
    """Return the probability that a text is bad, by what these checks saw of it."""
    return calibration.badness(signals_of(results))
