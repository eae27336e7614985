"""What a platform counts about a post, in words that are the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Metric(StrEnum):
    """What is counted. A platform's own words stay in `Metrics.raw`."""

    VIEWS = "views"
    REACHED = "reached"
    REACTIONS = "reactions"
    REPLIES = "replies"
    REPOSTS = "reposts"
    QUOTES = "quotes"
    SAVES = "saves"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The counts of one post as the platform gave them; what it did not give is not in `counts`.

    `raw` is its own answer, for whatever `counts` has no word for.
    """

    counts: Mapping[Metric, int]
    raw: Mapping[str, object] = field(default_factory=dict)
