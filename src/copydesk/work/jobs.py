"""The kinds of jobs. A job is a hint that a row may need work; each is safe to run twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a job is about; its subject is a row's id, and both together are its key."""

    COMPOSE = "compose"  # a submission: parse it, write it up, ask the gate
    DISTRIBUTE = "distribute"  # an approved post: plan its deliveries
    TEND = "tend"  # an account: renew its credential, announce its end
    COURIER = "courier"  # an account: carry what is due
    REVIEW = "review"  # a review: make its suggestions, say when its deadline has passed
    SERIES = "series"  # a series: plan its next occurrences
    NOTIFY = "notify"  # a webhook: tell it what has happened
    COUNT = "count"  # a workspace: count how items went, rule on the release on trial
    COMPARE = "compare"  # a workspace: hold this week's texts against those before
    SHADOW = "shadow"  # a stored input: write it up under a version on trial, unpublished
    PROBE = "probe"  # a workspace: send the next message with a known answer
    CITE = "cite"  # a post: make its text, once public, findable for what is written next
    POLL = "poll"  # a feed: look whether it has new entries
    PRUNE = "prune"  # a workspace: delete what models answered long ago
    INSPECT = "inspect"  # an account: look how what was published there stands


Handler = Callable[[str], Awaitable[None]]
Handlers = Mapping[Kind, Handler]


def key(kind: str, subject_id: str) -> str:
    """Return the key under which a job is waiting at most once."""
    return f"{kind}:{subject_id}"
