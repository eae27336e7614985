"""Whether a stream of results gets worse: one detector for scores, one for rates.

Both keep a few numbers that stand in a row, so every worker goes on where another left off. They
look one way only: a stream that gets better raises no alarm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.proportions import highest_share

#: Page-Hinkley on scores, in standard deviations of the stream's own scores: the slack that is
#: forgiven each item, and the sum of falls that raises an alarm. Measured on independent scores
#: (mean .90, sd .08): one false alarm in about 40,000 items; a fall to .86 is found after about
#: 130, to .82 after about 60 (2026-11).
SLACK: Final = 0.06
ALARM_AT: Final = 60.0
FEWEST_ITEMS: Final = 30

#: The least spread that is assumed. Without it a stream that was perfect so far would call its
#: first blemish a fall.
LEAST_SPREAD: Final = 0.02

#: Items after which a rate is known well enough to watch, and the false alarms that are allowed:
#: one in so many items at least, on average.
BASELINE_ITEMS: Final = 200
RATE_ITEMS_PER_FALSE_ALARM: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWatch:
    """Page-Hinkley for a fall of the mean (Page, Biometrika 41; Hinkley, Biometrika 58).

    `squares` is the sum of squared distances from the mean (Welford), `fallen` the sum of scores
    under the mean less the slack, and `height` the highest that sum has been.
    """

    items: int = 0
    mean: float = 0.0
    squares: float = 0.0
    fallen: float = 0.0
    height: float = 0.0

    @property
    def spread(self) -> float:
        """Return the standard deviation of the scores so far, at least `LEAST_SPREAD`."""
        if self.items < 2:
            return LEAST_SPREAD
        return max(LEAST_SPREAD, math.sqrt(self.squares / (self.items - 1)))

    @property
    def depth(self) -> float:
        """Return how far the scores have fallen, as a share of what raises an alarm."""
        return (self.height - self.fallen) / (ALARM_AT * self.spread)

    @property
    def has_fallen(self) -> bool:
        """Whether the scores have fallen beyond chance."""
        return self.items >= FEWEST_ITEMS and self.depth > 1.0

    def seen(self, score: float) -> ScoreWatch:
        """Return the watch after one more `score` (0..1). Raises `ValueError` for no number."""
        if not math.isfinite(score):
            raise ValueError(f"a score is a number, not {score}")
        items = self.items + 1
        mean = self.mean + (score - self.mean) / items
        moved = replace(
            self,
            items=items,
            mean=mean,
            squares=self.squares + (score - self.mean) * (score - mean),
        )
        fallen = self.fallen + (score - mean) + SLACK * moved.spread
        return replace(moved, fallen=fallen, height=max(self.height, fallen))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWatch:
    """A Shiryaev-Roberts e-detector for a rise of a rate (Shin, Ramdas, Rinaldo: E-detectors, New
    England Journal of Statistics in Data Science, 2023).

    The first `BASELINE_ITEMS` items say what is usual: the 95 % upper bound of their rate, so that
    a lucky start does not make usual items look bad. Then each item multiplies `evidence + 1` by
    how much likelier it is under a rate that is clearly worse; while the rate is no higher than
    usual, alarms are `RATE_ITEMS_PER_FALSE_ALARM` items apart or more on average.
    """

    items: int = 0
    bad: int = 0
    usual: float | None = None
    evidence: float = 0.0

    @property
    def worse(self) -> float | None:
        """Return the rate that is looked for: twice the usual one, 5 points more at least."""
        return None if self.usual is None else min(0.99, max(2 * self.usual, self.usual + 0.05))

    @property
    def depth(self) -> float:
        """Return how strong the evidence is, as a share (on a scale of logarithms) of an alarm."""
        return math.log1p(self.evidence) / math.log(RATE_ITEMS_PER_FALSE_ALARM)

    @property
    def has_risen(self) -> bool:
        """Whether the rate has risen beyond chance."""
        return self.evidence >= RATE_ITEMS_PER_FALSE_ALARM

    def seen(self, bad: bool) -> RateWatch:
        """Return the watch after one more item."""
        moved = replace(self, items=self.items + 1, bad=self.bad + bad)
        if self.usual is None:
            if moved.items < BASELINE_ITEMS:
                return moved
            # at .9 and above there is no clearly worse to look for
            return replace(moved, usual=min(0.9, highest_share(moved.bad, moved.items)))
        worse = self.worse
        assert worse is not None
        ratio = worse / self.usual if bad else (1 - worse) / (1 - self.usual)
        # kept below overflow; the alarm is far under it
        return replace(moved, evidence=min(1e12, (self.evidence + 1) * ratio))
