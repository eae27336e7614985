"""What is watched for getting worse: streams of results, and alarms about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from copydesk.core.release import Arm, Outcome
from copydesk.core.states import AlarmState


class Watched(StrEnum):
    """What of a stream is watched."""

    SCORE = "score"  # how little the gate has against the texts: falls
    FAILURE = "failure"  # how many texts the gate fails: rises
    EDITING = "editing"  # how many texts people reject or change heavily: rises
    PROBE = "probe"  # how many probes are missed: rises
    INPUT = "input"  # what comes in differs from what came in before: a warning only


class Occasion(StrEnum):
    """When something was observed."""

    COMPOSED = "composed"
    DECIDED = "decided"
    PROBED = "probed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """How one item went, as a row. `score` is 0..1 or None, `checks` a digest of the checks'
    versions; `arm` is None where no release was on trial. `sequence` is 0 until stored."""

    workspace_id: str
    submission_id: str | None
    kind: Occasion
    channel: str
    language: str
    prompt_version: str
    model: str
    checks: str
    outcome: Outcome
    observed_at: datetime
    score: float | None = None
    release_id: str | None = None
    arm: Arm | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where a detector stands with one stream. `numbers` are its own; `items` since it began.

    Scores of other checks, prompts or models cannot be compared, so all of them name the stream.
    """

    workspace_id: str
    watched: Watched
    channel: str
    language: str
    prompt_version: str
    model: str
    checks: str
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    items: int = 0
    changed_at: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key: a digest of everything that names the stream."""
        names = (
            self.workspace_id,
            self.watched,
            self.channel,
            self.language,
            self.prompt_version,
            self.model,
            self.checks,
        )
        return hashlib.sha256("\x1f".join(names).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A sign that quality falls, as a row. Until a person closes it, people look at everything of
    its channel and language; one about input only warns."""

    id: str
    workspace_id: str
    watched: Watched
    stream_id: str
    channel: str
    language: str
    prompt_version: str
    model: str
    state: AlarmState
    message: str
    numbers: Mapping[str, float | None]
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_because: str = ""

    @property
    def only_warns(self) -> bool:
        """Whether it changes nothing by itself."""
        return self.watched is Watched.INPUT
