"""Which tier a message needs. Light work never reaches a model, and nothing is asked for twice.

The rule is simple: a message that reads well already is left alone, everything else goes to the
configured model. A model is a cost and a risk, so it has to have something to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.core.post import Tier
from copydesk.core.sentences import sentences
from copydesk.generation.material import Material
from copydesk.generation.truncation import ends_closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The tier that writes a message up, and why, in words for the event log."""

    tier: Tier
    because: str


def route(material: Material, *, edits: int, has_model: bool) -> Route:
    """Return the route for `material`, to which clean-up has made `edits` changes.

    `has_model` says whether the operator configured a model for the capable tier.
    """
    if not has_model:
        return Route(tier=Tier.RULES, because="no model is configured")
    faults = roughness(material, edits=edits)
    if not faults:
        return Route(tier=Tier.RULES, because="the message reads well as it is")
    return Route(tier=Tier.CAPABLE, because="; ".join(faults))


def roughness(material: Material, *, edits: int) -> tuple[str, ...]:
    """Return what keeps the message from being published as it stands, in words."""
    faults = []
    if edits:
        faults.append(f"clean-up changed {edits} places")
    text = material.text
    if any(_starts_small(text[start:end]) for start, end in sentences(text)):
        faults.append("a sentence starts in lower case")
    if not ends_closed(text):
        faults.append("the last sentence is not closed")
    if _shouts(text):
        faults.append("it is written in capitals")
    return tuple(faults)


def _starts_small(sentence: str) -> bool:
    first = sentence.lstrip("-*+•>#\"'“‘«([ ")[:1]
    return first.islower()


def _shouts(text: str) -> bool:
    cased = [c for c in text if c.islower() or c.isupper()]
    return len(cased) >= 20 and sum(c.isupper() for c in cased) > len(cased) / 2
