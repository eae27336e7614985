"""Releases: a version of prompt, models and settings, how far it has got, and what was counted.

Vocabulary only. Whether the counts make a version worse is worked out in `releases`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.states import ReleaseState

#: What stands for a model where rules alone are to write.
NO_MODEL: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Everything that decides how a message is written up. It never changes.

    `prompt` is a prompt version such as `rewrite_and_polish.v3`. `model` and `light_model` are
    model lines, `none` for no model at all. "" stands for what copydesk or its settings say.
    `temperature` is 0..2, None for the prompt's own. `code` is the version of copydesk it was made
    with, for people to read: what runs is the running program.
    """

    prompt: str = ""
    model: str = ""
    light_model: str = ""
    temperature: float | None = None
    code: str = ""

    @property
    def digest(self) -> str:
        """Return what tells this version from any other, whatever it is called."""
        told = {name: value for name, value in asdict(self).items() if name != "code"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def differences(self, other: Version) -> tuple[str, ...]:
        """Return in words what `other` has otherwise."""
        return tuple(
            f"{name.replace('_', ' ')} {_word(mine)} → {_word(theirs)}"
            for name in ("prompt", "model", "light_model", "temperature")
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        )

    def check(self) -> None:
        """Raise `ContentInvalid` for settings that no model takes."""
        if self.temperature is not None and not 0.0 <= self.temperature <= 2.0:
            raise ContentInvalid(
                [
                    Finding(
                        code="out_of_range",
                        field="temperature",
                        message=f"a temperature lies between 0 and 2, not at {self.temperature}",
                        remedy="Leave it out to take the prompt's own.",
                    )
                ]
            )


class Arm(StrEnum):
    """The version that is in force, or the one on trial."""

    OLD = "old"
    NEW = "new"


class Guard(StrEnum):
    """One thing a new version may not do worse than the old one."""

    FAILED = "failed"  # the gate failed it, or the model's reply could not be used
    FLAGGED = "flagged"  # a person has to look
    EDITED = "edited"  # the person rejected it or changed much of it
    SLOWED = "slowed"  # it took longer than 95 in 100 items of the old version
    DEARER = "dearer"  # it cost over a tenth more than the item it is compared with


#: Guards that must be shown to be no worse before everybody gets the new version. The others must
#: not speak against it; the money and time a version takes are a matter of taste within margins.
PROVED: Final = (Guard.FAILED, Guard.FLAGGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one item went. What is not known is None, which is not the same as good.

    `failed` is None where no provider answered: that is none of the version's doing. `latency_ms`
    and `cost_usd` are of all calls for the item together.
    """

    failed: bool | None = None
    flagged: bool | None = None
    edited: bool | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Pairs of an old and a new result, by which of the two was at fault."""

    worse: int = 0
    better: int = 0
    both: int = 0
    neither: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Return both counts together."""
        return Tally(
            worse=self.worse + other.worse,
            better=self.better + other.better,
            both=self.both + other.both,
            neither=self.neither + other.neither,
        )

    @property
    def pairs(self) -> int:
        """Return how many pairs were counted."""
        return self.worse + self.better + self.both + self.neither

    @property
    def same(self) -> int:
        """Return how many pairs tell nothing."""
        return self.both + self.neither

    @property
    def old_share(self) -> float:
        """Return the share of old results at fault, 0..1; 0 without any."""
        return (self.better + self.both) / self.pairs if self.pairs else 0.0

    @property
    def new_share(self) -> float:
        """Return the share of new results at fault, 0..1; 0 without any."""
        return (self.worse + self.both) / self.pairs if self.pairs else 0.0


def _margins() -> Mapping[Guard, float]:
    return {
        Guard.FAILED: 0.02,
        Guard.FLAGGED: 0.02,
        Guard.EDITED: 0.05,
        Guard.SLOWED: 0.05,
        Guard.DEARER: 0.20,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one release; they are fixed when it is created.

    `alpha` is the chance that a release which is no worse is rolled back by itself, over all
    guards and looks together. `margins` say how much worse (a difference of shares) is not worth
    keeping the old version for. `shadow_items` and `stage_items` are the fewest pairs before the
    next stage, `stages` the percentages. After `days` without an answer the old version stays.
    Without `automatic` only going back happens by itself.
    """

    alpha: float = 0.05
    margins: Mapping[Guard, float] = field(default_factory=_margins)
    shadow_items: int = 200
    stage_items: int = 50
    stages: tuple[int, ...] = (5, 25, 50)
    days: int = 28
    automatic: bool = True

    @property
    def guard_alpha(self) -> float:
        """Return the part of `alpha` that each guard has."""
        return self.alpha / len(Guard)

    @property
    def term(self) -> timedelta:
        """Return how long a release is tried."""
        return timedelta(days=self.days)

    def next_share(self, share: int) -> int:
        """Return the percentage after `share`; 100 after the last."""
        return next((stage for stage in self.stages if stage > share), 100)

    def check(self) -> None:
        """Raise `ContentInvalid` with everything that makes no rule."""
        problems = [
            (field, message)
            for field, message, is_wrong in (
                ("alpha", "lies between 0 and 0.5", not 0.0 < self.alpha < 0.5),
                ("shadow_items", "is at least 1", self.shadow_items < 1),
                ("stage_items", "is at least 1", self.stage_items < 1),
                ("days", "lies between 1 and 365", not 1 <= self.days <= 365),
                (
                    "stages",
                    "are percentages from 1 to 99, each larger than the one before",
                    any(not 1 <= stage <= 99 for stage in self.stages)
                    or list(self.stages) != sorted(set(self.stages)),
                ),
                (
                    "margins",
                    "lie between 0 and 1",
                    any(not 0.0 < margin < 1.0 for margin in self.margins.values()),
                ),
            )
            if is_wrong
        ]
        if problems:
            raise ContentInvalid(
                [Finding(code="out_of_range", field=f, message=f"{f} {m}") for f, m in problems]
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Results of a canary that wait for their other half, by channel, oldest first."""

    old: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)
    new: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted of a release so far; it stands in the row, so every worker goes on from it.

    `stage_pairs` are the pairs since the present stage began. What was composed and what people
    decided is paired apart: decisions come when they come.
    """

    shadow: Mapping[Guard, Tally] = field(default_factory=dict)
    canary: Mapping[Guard, Tally] = field(default_factory=dict)
    stage_pairs: int = 0
    composed: Unpaired = field(default_factory=Unpaired)
    decided: Unpaired = field(default_factory=Unpaired)

    @property
    def together(self) -> Mapping[Guard, Tally]:
        """Return the tallies of shadow and canary added up: both ask the same question."""
        return {
            guard: self.shadow.get(guard, Tally()) + self.canary.get(guard, Tally())
            for guard in Guard
            if guard in self.shadow or guard in self.canary
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release as a row. Times are aware UTC.

    `baseline` is the version it is held against from its start on, `baseline_id` the release that
    had brought it ("" settings alone). `slow_over_ms` is what 95 in 100 items of the baseline
    stayed under. `share` is the percentage of conversations that get the new version.
    """

    id: str
    workspace_id: str
    name: str
    version: Version
    policy: Policy
    note: str
    state: ReleaseState
    share: int
    reason: str
    counted: Counted
    created_at: datetime
    created_by: str
    baseline_id: str | None = None
    baseline: Version | None = None
    slow_over_ms: float | None = None
    started_at: datetime | None = None
    stage_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def on_trial(self) -> bool:
        """Whether it is being compared with the version in force."""
        return self.state in ON_TRIAL


ON_TRIAL: Final = frozenset({ReleaseState.SHADOWED, ReleaseState.CANARIED})


def _word(value: object) -> str:
    return "as configured" if value in ("", None) else str(value)
