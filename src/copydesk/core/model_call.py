"""Calls to models as they are booked: what became of each, and what may be spent on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from copydesk.core.money import Period

#: The signal of a call that failed since the server wanted to be left alone for a while.
LIMITED: Final = "rate_limited"


class CallOutcome(StrEnum):
    """What became of a call to a model."""

    #: Under way; or its process died, and nobody knows whether it was answered and billed.
    ASKED = "asked"
    #: Answered, and nothing spoke against the answer.
    ANSWERED = "answered"
    #: Answered, and the answer was not used.
    REJECTED = "rejected"
    #: No answer came.
    FAILED = "failed"
    #: Not made: the same question had been answered before.
    REMEMBERED = "remembered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelBudget:
    """What may be spent on models in a period, in micro-dollars. `noticed_at` (aware UTC) is when
    somebody was last told that it runs low."""

    period: Period
    micros: int
    noticed_at: datetime | None = None
