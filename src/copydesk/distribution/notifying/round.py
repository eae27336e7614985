"""One round of telling: which messages go now, in which order, and what is left behind. Pure.

Messages of one subject go one after the other and stop at the first that fails; those of different
subjects do not wait for each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from copydesk.core.webhook import Waiting, Webhook
from copydesk.distribution.notifying.answers import (
    FAILURES_BEFORE_REST,
    SCHEDULE,
    Answered,
    is_hopeless,
    next_try,
)

#: More than this does not wait for another try: the cursor stays, and the history keeps the rest.
MOST_WAITING = 1_000


def lines_of(
    webhook: Webhook, waiting: Sequence[Waiting], fresh: Iterable[Waiting], now: datetime, most: int
) -> list[list[Waiting]]:
    """Return what is told now, at most `most` messages: one list for each subject, in order.

    `waiting` and `fresh` are in the order of their sequences. A fresh message waits behind older
    ones of its subject that may not be tried yet. A webhook that rests is sent one message.
    """
    chains: dict[str, list[Waiting]] = {}
    for one in waiting:
        chains.setdefault(one.subject_id, []).append(one)
    for one in fresh:
        chain = chains.setdefault(one.subject_id, [])
        if all(one.sequence != other.sequence for other in chain):
            chain.append(one)
    for chain in chains.values():
        chain.sort(key=lambda one: one.sequence)
    heads = sorted(chains.values(), key=lambda chain: chain[0].sequence)
    if webhook.resting:
        return [heads[0][:1]] if heads else []
    lines, room = [], most
    for chain in heads:
        wake_at = chain[0].wake_at
        if room > 0 and (wake_at is None or wake_at <= now):
            lines.append(chain[:room])
            room -= len(lines[-1])
    return lines


@dataclass
class Tally:
    """What has come of a round so far; `stopped` says that no further message is begun."""

    webhook: Webhook
    chance: random.Random
    failures: int = 0
    failing_since: datetime | None = None
    recovered: bool = False
    gone: bool = False
    rest_until: datetime | None = None
    delivered: list[int] = field(default_factory=list)
    failed: list[Waiting] = field(default_factory=list)
    exhausted: list[Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.failures = self.webhook.failures
        self.failing_since = self.webhook.failing_since

    @property
    def stopped(self) -> bool:
        """Whether what the receiver answered is reason to send no more for now."""
        # a webhook that rests has failed before: its one message is sent all the same
        return self.gone or (bool(self.failed or self.exhausted) and self.is_resting)

    @property
    def is_resting(self) -> bool:
        """Whether the webhook rests after this round."""
        return self.rest_until is not None or self.failures >= FAILURES_BEFORE_REST

    def count(self, one: Waiting, answered: Answered, now: datetime) -> str:
        """Take in one answer and return how the try is logged."""
        tried = replace(one, attempts=one.attempts + 1)
        if answered.outcome == "delivered":
            self.recovered = self.recovered or self.webhook.resting
            self.failures, self.failing_since = 0, None
            self.delivered.append(one.sequence)
            return answered.outcome
        self.failures += 1
        self.failing_since = self.failing_since or now
        if answered.outcome == "gone":
            self.gone = True
            self.failed.append(replace(tried, wake_at=None))
            return answered.outcome
        wake_at = next_try(tried.attempts, now, self.chance)
        if wake_at is None:
            self.exhausted.append(replace(tried, wake_at=None))
            return "exhausted"
        if answered.rest is not None:
            self.rest_until = now + answered.rest
            wake_at = max(wake_at, self.rest_until)
        self.failed.append(replace(tried, wake_at=wake_at))
        return answered.outcome

    def hopeless(self, now: datetime) -> str:
        """Return why the webhook is disabled now, or "" while it is not."""
        if self.gone:
            return "the receiver answered 410: it does not want messages any more"
        if is_hopeless(self.failures, self.failing_since, now):
            assert self.failing_since is not None
            return f"every try has failed since {self.failing_since:%Y-%m-%d %H:%M} UTC"
        return ""

    def left(self, waiting: Sequence[Waiting], begun: Iterable[Waiting]) -> list[Waiting]:
        """Return all that waits after the round; `begun` is what should have been told in it."""
        done = {*self.delivered, *(one.sequence for one in self.exhausted)}
        tried = {one.sequence: one for one in self.failed}
        known = {one.sequence: one for one in (*begun, *waiting)}
        return [
            tried.get(sequence, known[sequence])
            for sequence in sorted(known)
            if sequence not in done
        ]

    def wake_at(self, left: Sequence[Waiting], now: datetime) -> datetime | None:
        """Return when the webhook needs a look that no event announces, or None."""
        if self.is_resting:
            again = [one.wake_at for one in self.failed if one.wake_at is not None]
            soonest = min(again, default=now + timedelta(seconds=SCHEDULE[0]))
            return max(soonest, self.rest_until) if self.rest_until else soonest
        if self.recovered:
            return now if left else None
        heads: dict[str, Waiting] = {}
        for one in left:
            heads.setdefault(one.subject_id, one)
        return min((head.wake_at or now for head in heads.values()), default=None)
