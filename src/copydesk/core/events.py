"""Events: the append-only history. Every transition appends one; nothing ever changes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who did what to which thing, when and why. `sequence` is 0 until stored."""

    at: datetime
    workspace_id: str
    noun: str
    subject_id: str
    actor: str
    from_state: str
    to_state: str
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    sequence: int = 0
