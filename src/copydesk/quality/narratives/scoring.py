"""Scoring a text against the story it was made from: what was lost, and what was made up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from copydesk.core.ledger import TokenClass, added, extract
from copydesk.quality.narratives.facts import Fact, FactKind, Reading
from copydesk.quality.narratives.narrative import Narrative
from copydesk.quality.narratives.stories import stock_of

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What became of a story. `invented` are tokens that stand nowhere in what came in."""

    told: int
    lost: tuple[Fact, ...]
    invented: tuple[str, ...]

    @property
    def kept(self) -> float:
        """Return the share of facts that the text still tells, 0 to 1."""
        return 1 - len(self.lost) / self.told

    @property
    def is_faithful(self) -> bool:
        """Whether nothing was lost and nothing made up."""
        return not self.lost and not self.invented


def score(narrative: Narrative, text: str) -> Scored:
    """Return what `text` keeps of `narrative`; a text in other words is as good as the same."""
    negations = stock_of(narrative.language).negations
    denied = [fact.text for fact in narrative.facts if fact.kind is FactKind.DENIAL]
    reading = Reading(text, language=narrative.language, negations=negations, denied=denied)
    everything = "\n\n".join(narrative.sources)
    source = extract(everything, language=narrative.language)
    written = extract(text, language=narrative.language)
    words = frozenset(_WORD.findall(everything.casefold()))
    return Scored(
        told=len(narrative.facts),
        lost=tuple(fact for fact in narrative.facts if not reading.has(fact)),
        invented=tuple(
            token.text
            for token in added(source, written)
            # a name is known by its capitals: a word that was there in small letters is none
            if token.cls is not TokenClass.NAME
            or not words.issuperset(_WORD.findall(token.text.casefold()))
        ),
    )
