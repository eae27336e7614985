"""Narratives: seeded worst-case submissions with known facts, for tests, benchmarks and probes."""

from copydesk.quality.narratives.damage import Damage, damaged
from copydesk.quality.narratives.facts import Fact, FactKind
from copydesk.quality.narratives.narrative import CHANNELS, Narrative, narrative, narratives
from copydesk.quality.narratives.scoring import Scored, score
from copydesk.quality.narratives.stories import LANGUAGES

__all__ = [
    "CHANNELS",
    "LANGUAGES",
    "Damage",
    "Fact",
    "FactKind",
    "Narrative",
    "Scored",
    "damaged",
    "narrative",
    "narratives",
    "score",
]
