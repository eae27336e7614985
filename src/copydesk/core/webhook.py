"""Webhooks: addresses that want to be told what happens, and what was told to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import WebhookState


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address outside that is told about events whose type matches one of `patterns`.

    `cursor` is the sequence of the last event that was dealt with for it; from `replay_cursor` to
    `replay_until` events are told once more. `failures` counts tries that failed since the last
    success, `failing_since` says when they began. While it is `resting` only one message is tried,
    at `wake_at`. `allow_private` lets it be an address of the operator's own network. Until
    `previous_until` messages are signed with the secret before the last rotation, too. `fence` is
    of whoever deals with it now. Times are aware UTC.
    """

    id: str
    workspace_id: str
    url: str
    description: str
    patterns: tuple[str, ...]
    state: WebhookState
    created_at: datetime
    cursor: int
    allow_private: bool = False
    reason: str = ""
    replay_cursor: int | None = None
    replay_until: int | None = None
    failures: int = 0
    failing_since: datetime | None = None
    resting: bool = False
    wake_at: datetime | None = None
    previous_until: datetime | None = None
    fence: int = 0

    @property
    def is_replaying(self) -> bool:
        """Whether a range of old events is still being told again."""
        return self.replay_cursor is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that did not get through yet: the event's sequence and subject, how often it was
    tried, when it is tried again (None: as soon as nothing older of its subject waits)."""

    sequence: int
    subject_id: str
    attempts: int = 0
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to tell one webhook about one event. `sequence` is 0 for a test.

    `outcome` is delivered, failed, exhausted (the last try there is), gone or unreadable;
    `answer` the beginning of what came back, or why nothing did. `at` is aware UTC.
    """

    message_id: str
    sequence: int
    type: str
    attempt: int
    at: datetime
    milliseconds: int
    outcome: str
    status: int | None = None
    answer: str = ""
