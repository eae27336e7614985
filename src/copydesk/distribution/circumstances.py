"""What the meaning of an answer depends on besides the answer itself. Pure."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from copydesk.core.delivery import Action
from copydesk.core.record import record
from copydesk.distribution.retry import RetryPolicy
from copydesk.platforms.kit.manifest import Idempotency, Reconcile


@record(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a judgement depends on besides the answer itself.

    `first_sent_at` and `sent_at` (aware UTC) are when the first and the last call began. `probing`
    tells that the delivery was let through an open breaker; `unreached` that a look got no answer.
    `inspect_after` is in how many seconds it is looked how a delivered post stands, None: never.
    `parts` is how many calls the payload takes.
    """

    now: datetime
    policy: RetryPolicy
    random: random.Random
    idempotency: Idempotency
    window: int | None
    reconcile: Reconcile
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    action: Action = Action.CREATE
    probing: bool = False
    unreached: bool = False
    inspect_after: float | None = None
    parts: int = 1

    @property
    def may_repeat(self) -> bool:
        """Whether a call that may have landed is harmless to repeat with the same key, now.

        What is deleted twice is deleted. The same change made twice is made, unless the platform
        only passes on what it is told (e-mail, an event) and so says that nothing is idempotent.
        """
        if self.action is Action.DELETE:
            return True
        if self.idempotency is Idempotency.NONE:
            return False
        if self.action is Action.UPDATE:
            return True
        if self.window is None or self.first_sent_at is None:
            return self.idempotency is not Idempotency.KEY_HEADER or self.window is None
        # a margin of a tenth: the platform's clock and ours need not agree
        return self.now < self.first_sent_at + timedelta(seconds=self.window * 0.9)

    def shows_from(self, looks: int) -> datetime | None:
        """Return until when a listing proves nothing, or None when it proves that nothing is there.

        A platform shows what it has taken after its read delay. A call that began in the future
        was timed by another clock; then the delay that lies between two looks has to do.
        """
        delay = timedelta(seconds=self.reconcile.delay)
        if self.sent_at is None or (self.sent_at > self.now and looks):
            return None
        shown_at = min(self.sent_at, self.now) + delay
        return shown_at if shown_at > self.now else None
