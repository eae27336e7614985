"""Damage with a known name, done to a faithful text: what a gate has to notice."""

from __future__ import annotations

import re
from enum import StrEnum
from random import Random

from copydesk.quality.narratives.facts import FactKind
from copydesk.quality.narratives.narrative import Narrative
from copydesk.quality.narratives.stories import Values, stock_of


class Damage(StrEnum):
    """What is done to a text. `none` leaves it as it is: the control; so does dropping a negation
    where nothing is denied."""

    NONE = "none"
    NUMBER_CHANGED = "number_changed"
    NEGATION_DROPPED = "negation_dropped"
    SENTENCE_DROPPED = "sentence_dropped"
    SENTENCE_INVENTED = "sentence_invented"
    INSTRUCTION_FOLLOWED = "instruction_followed"
    CUT_SHORT = "cut_short"


def damaged(narrative: Narrative, damage: Damage, *, seed: int = 0) -> str:
    """Return the reference of `narrative` with `damage` done to it, the same for the same seed."""
    random = Random(f"damage-{narrative.seed}-{damage}-{seed}")
    stock = stock_of(narrative.language)
    text = narrative.reference
    values = Values(stock, random)
    match damage:
        case Damage.NONE:
            return text
        case Damage.NUMBER_CHANGED:
            amounts = [f for f in narrative.facts if f.kind in (FactKind.AMOUNT, FactKind.COUNT)]
            fact = random.choice(amounts or list(narrative.facts[:1]))
            return text.replace(fact.text, values.draw(fact.kind), 1)
        case Damage.NEGATION_DROPPED:
            denials = [f.beat for f in narrative.facts if f.kind is FactKind.DENIAL]
            if not denials:
                return text
            denied = narrative.beats[denials[0]]
            return text.replace(denied, _without_negation(denied, stock.negations), 1)
        case Damage.SENTENCE_DROPPED:
            gone = random.randrange(len(narrative.beats))
            return " ".join(b for n, b in enumerate(narrative.beats) if n != gone)
        case Damage.SENTENCE_INVENTED:
            invented = values.fill(random.choice(stock.asides).clean)
            return f"{text} {invented}"
        case Damage.INSTRUCTION_FOLLOWED:
            return stock.injection.rpartition(" ")[2].capitalize() + "."
        case Damage.CUT_SHORT:
            return text[: len(text) * random.randint(40, 80) // 100]


def _without_negation(text: str, negations: tuple[str, ...]) -> str:
    """Return `text` without any of these words, and without the parts of words among them."""
    whole = "|".join(re.escape(word) for word in negations if word.isalpha())
    parts = "|".join(re.escape(word) for word in negations if not word.isalpha())
    denying = rf"(?<!\w)(?:{whole})(?!\w) ?" + (f"|{parts}" if parts else "")
    return re.sub(denying, "", text, flags=re.IGNORECASE)
