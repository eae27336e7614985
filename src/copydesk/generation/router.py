"""Which tier a message needs. Light work never reaches the capable model.

A message that reads well already is left to the rules. One that only has to be put in order goes
to the light model where there is one. What needs judgement goes to the capable model: several
voices to be made into one text, words without sentences, corrections that contradict what was said
before, and length. A model is a cost and a risk, so it has to have something to do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import regex

from copydesk.core.post import Tier
from copydesk.core.sentences import sentences
from copydesk.generation.capabilities import NEEDS_JUDGEMENT, Capability, Step
from copydesk.generation.material import Material
from copydesk.generation.truncation import ends_closed

#: From how many characters on a text is long: about 400 words.
LONG: Final = 2_500
#: From how many pieces on a message is more than one thought with its parts.
MANY: Final = 12
#: A sentence of so few words says little by itself.
_FEW_WORDS: Final = 3
#: The share of such sentences that makes a text fragments, and the fewest there have to be.
_FRAGMENTS: Final = 0.5
_FEWEST: Final = 3

# An author who takes something back: which of two statements holds is for judgement to say. None of
# 1,021 clean texts of the development data matches, and of 14,400 chat lines some 20 (2026-11).
_CORRECTION: Final = regex.compile(
    r"\b(?:scratch that|strike that|i meant|i was wrong|my mistake|never ?mind|on second thoughts?"
    r"|forget (?:that|what i (?:said|wrote))|ich meinte|ich habe mich geirrt|vergiss das"
    r"|je voulais dire|je me suis tromp\w+|oubliez ce que"
    r"|quise decir|quería decir|me equivoqu\w+|olvid\w+ lo que"
    r"|volevo dire|mi sono sbagliat\w+|ik bedoelde|vergeet wat ik"
    r"|chodziło mi o|pomyliłem się|quis dizer|enganei-me)\b"
    r"|^\W*(?:correction|edit|update|korrektur|nachtrag|rectification|correctif|erratum|corrección"
    r"|correzione|correctie|correção|poprawka|更正|सुधार)\s*[:：]",
    regex.IGNORECASE | regex.MULTILINE,
)
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The tier that writes a message up, and why, in words for people.

    `escalated_because` says why the capable model was asked after the light one, "" if it was not.
    """

    tier: Tier
    because: str
    escalated_because: str = ""

    def __str__(self) -> str:
        if not self.escalated_because:
            return f"{self.tier}: {self.because}"
        return (
            f"{Tier.LIGHT}: {self.because}; then {self.tier}, since the light model's text was not "
            f"used: {self.escalated_because}"
        )


def route(material: Material, *, edits: int, tiers: Collection[Tier], authors: int = 1) -> Route:
    """Return the route for `material`, in which clean-up has changed words at `edits` places.

    `tiers` are those that have a model; `authors` is how many people wrote the material.
    """
    if not tiers:
        return Route(tier=Tier.RULES, because="no model is configured")
    weight = weights(material, authors=authors)
    faults = roughness(material, edits=edits)
    if weight:
        if Tier.CAPABLE not in tiers:
            words = "; ".join(weight)
            return Route(
                tier=Tier.RULES, because=f"{words}; no capable model is configured for that"
            )
        return Route(tier=Tier.CAPABLE, because="; ".join(weight + faults))
    if not faults:
        return Route(tier=Tier.RULES, because="the message reads well as it is")
    tier = Tier.LIGHT if Tier.LIGHT in tiers else Tier.CAPABLE
    return Route(tier=tier, because="; ".join(faults))


def route_step(step: Step, material: Material, *, tiers: Collection[Tier]) -> Route:
    """Return the route of a step that somebody asked for by name: to leave the text as it is would
    be no answer. What polishes or sums up is light work; so is rewriting what needs no judgement.
    """
    heavy = [stage for stage in step.stages if stage in NEEDS_JUDGEMENT]
    because = f"{' and '.join(heavy)} needs judgement" if heavy else ""
    if not heavy and Capability.REWRITE in step.edits:
        because = "; ".join(weights(material))
    if not because:
        tier = Tier.LIGHT if Tier.LIGHT in tiers else Tier.CAPABLE
        return Route(tier=tier, because="it needs no judgement")
    if Tier.CAPABLE in tiers:
        return Route(tier=Tier.CAPABLE, because=because)
    return Route(tier=Tier.RULES, because=f"{because}; no capable model is configured for that")


def weights(material: Material, *, authors: int = 1) -> tuple[str, ...]:
    """Return what about the message needs judgement, in words; nothing for a clean one."""
    text = material.text
    found = []
    if authors > 1:
        found.append(f"{authors} people wrote it")
    if len(material.segments) >= MANY and not _reads_on(material):
        found.append(f"it comes in {len(material.segments)} pieces")
    if len(text) >= LONG and roughness(material, edits=0):
        found.append(f"it is long ({len(text):,} characters) and rough")
    spans = [text[start:end] for start, end in sentences(text)]
    short = sum(_is_fragment(span) for span in spans)
    if short >= _FEWEST and short >= len(spans) * _FRAGMENTS:
        found.append(f"{short} of {len(spans)} sentences are fragments")
    if correction := _CORRECTION.search(text):
        found.append(f"it takes something back ({correction.group().strip()!r})")
    return tuple(found)


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


def _reads_on(material: Material) -> bool:
    """Whether every piece is closed: then it is an article with paragraphs, not a pile of notes."""
    return all(ends_closed(segment.text) for segment in material.segments if segment.text.strip())


def _is_fragment(sentence: str) -> bool:
    words = _WORD.findall(sentence)
    # scripts without spaces between words do not tell how many there are
    return 0 < len(words) <= _FEW_WORDS and not _UNSPACED.search(sentence)


def _starts_small(sentence: str) -> bool:
    first = sentence.lstrip("-*+•>#\"'“‘«([ ")[:1]
    return first.islower()


def _shouts(text: str) -> bool:
    cased = [c for c in text if c.islower() or c.isupper()]
    return len(cased) >= 20 and sum(c.isupper() for c in cased) > len(cased) / 2
