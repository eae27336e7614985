"""Stories with known facts: a plot, asides around it, and values for every place in braces."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Final

from copydesk.quality.narratives.facts import Fact, FactKind

LANGUAGES: Final = ("en", "de", "fr", "es")

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One thing that is told, with places in braces where facts go."""

    clean: str
    messy: str
    denies: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What a story is about, in order."""

    subject: str
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What stories of one language are made of."""

    language: str
    names: tuple[str, ...]
    places: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    amount: str
    negations: tuple[str, ...]
    greetings: tuple[str, ...]
    closings: tuple[str, ...]
    attribution: str
    history: tuple[str, ...]
    disclaimer: str
    interjections: tuple[str, ...]
    correction: str
    injection: str
    plots: tuple[Plot, ...]
    asides: tuple[Beat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A beat with its facts put in, as an editor would write it and as it was typed."""

    clean: str
    messy: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one person tells."""

    subject: str
    author: str
    beats: tuple[Told, ...]


@cache
def stock_of(language: str) -> Stock:
    """Return what stories in `language` (one of `LANGUAGES`) are made of."""
    file = resources.files("copydesk.quality.narratives").joinpath(f"stories.{language}.toml")
    rows: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    plots = tuple(
        Plot(subject=plot["subject"], beats=tuple(Beat(**beat) for beat in plot["beats"]))
        for plot in rows.pop("plots")
    )
    asides = tuple(Beat(**beat) for beat in rows.pop("asides"))
    row: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in rows.items()}
    return Stock(**row, plots=plots, asides=asides)


def tell(stock: Stock, random: Random, *, length: int, injected: bool = False) -> Story:
    """Return a story of at least `length` characters as an editor would write it.

    The plot is told in order; asides stand between its beats, each with facts of its own. Some
    values are typed wrong first and corrected. `injected` puts an instruction to a model between.
    """
    plot = random.choice(stock.plots)
    values = Values(stock, random)
    beats = list(plot.beats)
    size = sum(len(beat.clean) for beat in beats)
    while size < length:
        aside = random.choice(stock.asides)
        beats.insert(random.randint(1, len(beats) - 1), aside)
        size += len(aside.clean)
    told = [_told(values, number, beat) for number, beat in enumerate(beats)]
    told = [_corrected(values, beat, stock, random) for beat in told]
    if injected:
        place = random.randint(1, len(told))
        told.insert(place, Told(clean="", messy=stock.injection, facts=()))
    return Story(subject=plot.subject, author=random.choice(stock.names), beats=tuple(told))


class Values:
    """Fresh values for the places of beats: no number, id or address is drawn twice."""

    def __init__(self, stock: Stock, random: Random) -> None:
        self._stock = stock
        self._random = random
        self._drawn: set[str] = set()

    def draw(self, kind: FactKind) -> str:
        """Return a value that was not drawn before; names, places and days may come again."""
        while True:
            value = self._value(kind)
            if kind in _RECURRING or value not in self._drawn:
                self._drawn.add(value)
                return value

    def fill(self, text: str) -> str:
        """Return `text` with every place filled."""
        return _PLACE.sub(lambda match: self.draw(FactKind(match[1])), text)

    def _value(self, kind: FactKind) -> str:
        stock, draw = self._stock, self._random
        match kind:
            case FactKind.NAME:
                return draw.choice(stock.names)
            case FactKind.PLACE:
                return draw.choice(stock.places)
            case FactKind.DATE:
                return stock.date.format(day=draw.randint(2, 28), month=draw.choice(stock.months))
            case FactKind.TIME:
                return f"{draw.randint(10, 22)}:{draw.randint(10, 59)}"
            case FactKind.AMOUNT:
                cents = f"{draw.randint(1, 99):02}"
                return stock.amount.format(whole=draw.randint(12, 989), cents=cents)
            case FactKind.COUNT:
                return str(draw.randint(21, 989))
            case FactKind.ORDER:
                return f"ORD-{draw.randint(10_000, 99_999)}"
            case FactKind.VERSION:
                return f"v{draw.randint(1, 9)}.{draw.randint(0, 30)}.{draw.randint(0, 30)}"
            case FactKind.CODE:
                return f"`E{draw.randint(1000, 9999)}`"
            case FactKind.URL:
                return f"https://files.example.org/{draw.randint(10_000, 99_999)}"
            case FactKind.EMAIL:
                return f"desk{draw.randint(100, 999)}@example.org"
            case _:
                raise ValueError(f"nothing is drawn for a {kind}")


_RECURRING = frozenset({FactKind.NAME, FactKind.PLACE, FactKind.DATE})
_MISTYPED = frozenset({FactKind.AMOUNT, FactKind.COUNT, FactKind.TIME})
_MISTYPING = 0.15


def _corrected(values: Values, told: Told, stock: Stock, random: Random) -> Told:
    """Return a beat, now and then with a value that was typed wrong first."""
    numbers = [fact for fact in told.facts if fact.kind in _MISTYPED]
    if not numbers or random.random() > _MISTYPING:
        return told
    fact = numbers[0]
    typed = stock.correction.format(wrong=values.draw(fact.kind), right=fact.text)
    return replace(told, messy=told.messy.replace(fact.text, typed, 1))


def _told(values: Values, number: int, beat: Beat) -> Told:
    kinds = _PLACE.findall(beat.clean)
    drawn = [values.draw(FactKind(kind)) for kind in kinds]
    facts = [
        Fact(kind=FactKind(kind), text=text, beat=number)
        for kind, text in zip(kinds, drawn, strict=True)
    ]
    about = _pick_anchor(facts)
    if beat.denies:
        facts.append(Fact(kind=FactKind.DENIAL, text=about, beat=number))
    if beat.asks:
        facts.append(Fact(kind=FactKind.QUESTION, text=about, beat=number))
    return Told(
        clean=_filled(beat.clean, kinds, drawn),
        messy=_filled(beat.messy, kinds, drawn),
        facts=tuple(facts),
    )


def _pick_anchor(facts: Sequence[Fact]) -> str:
    """Return the fact that only this beat tells, else the first."""
    own = [fact.text for fact in facts if fact.kind not in _RECURRING]
    return (own or [fact.text for fact in facts])[0]


def _filled(text: str, kinds: Sequence[str], drawn: Sequence[str]) -> str:
    left: Mapping[str, list[str]] = {
        kind: [value for other, value in zip(kinds, drawn, strict=True) if other == kind]
        for kind in kinds
    }
    return _PLACE.sub(lambda match: left[match[1]].pop(0), text)
