"""A probe as a row: a message with a known answer that was sent down the live path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import ProbeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one probe tried and found.

    `kind` and `seed` make its message anew. `issues` are the objections of the checks, `because`
    says why it was missed or accused. `similarity` (0..1) and what wrote the text are there where
    it went the whole way; `sent_at` is aware UTC.
    """

    id: str
    workspace_id: str
    kind: str
    seed: int
    language: str
    channel: str
    state: ProbeState
    sent_at: datetime
    issues: tuple[str, ...] = ()
    because: str = ""
    similarity: float | None = None
    latency_ms: float | None = None
    tier: str = ""
    model: str = ""
    prompt_version: str = ""
