"""How far people agree who decided on the same thing without knowing of each other.

What reviewers disagree on no check can get right, so these figures bound what any may claim.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from copydesk.core.audit import DoubleDecision
from copydesk.store import UnitOfWork

#: What was decided on one thing, by each person who did.
Ratings = tuple[str, ...]

_RESAMPLES: Final = 1000
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the decisions on `n` things agree.

    `agreed` is the share on which all said the same; `kappa` and `alpha` take away what chance
    alone would give (1 agree, 0 as by chance), None where everybody always says the same or nothing
    was decided twice: then there is nothing to tell agreement from. `low` and `high` are the 95 %
    interval of alpha by the Bayesian bootstrap, None with it.
    """

    n: int
    agreed: float | None
    kappa: float | None
    alpha: float | None
    low: float | None = None
    high: float | None = None


def agreement(rated: Iterable[Ratings], chance: random.Random) -> Agreement:
    """Return how far people agree on `rated`, one entry a thing with two or more ratings each."""
    units = Counter(ratings for ratings in rated if len(ratings) > 1)
    n = units.total()
    if not n:
        return Agreement(n=0, agreed=None, kappa=None, alpha=None)
    low, high = _interval(units, chance)
    same = sum(count for ratings, count in units.items() if len(set(ratings)) == 1)
    return Agreement(
        n=n, agreed=same / n, kappa=kappa(units), alpha=alpha(units), low=low, high=high
    )


def kappa(units: Mapping[Ratings, int]) -> float | None:
    """Return Cohen's kappa of the first against the second ratings; None where it has no value.

    (p_o - p_e) / (1 - p_e), p_e being what the two sides' own shares would give by chance (Cohen,
    Educational and Psychological Measurement 20, 1960). Only things with exactly two count.
    """
    pairs = {ratings: count for ratings, count in units.items() if len(ratings) == 2}
    n = sum(pairs.values())
    if not n:
        return None
    first, second = Counter[str](), Counter[str]()
    for (one, other), count in pairs.items():
        first[one] += count
        second[other] += count
    observed = sum(count for (one, other), count in pairs.items() if one == other) / n
    expected = sum(first[value] * second[value] for value in first) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def alpha(units: Mapping[Ratings, float]) -> float | None:
    """Return Krippendorff's alpha for names, any number of raters; None where it has no value.

    1 - D_o / D_e from the coincidences of values within a thing, each pair weighted by one less
    than its thing's ratings (Krippendorff, Content Analysis, ch. 12). None where all values are the
    same: without any variation there is no disagreement to expect.
    """
    disagreed = 0.0
    values: dict[str, float] = {}
    for ratings, count in units.items():
        m = len(ratings)
        if m < 2:
            continue
        own = Counter(ratings)
        disagreed += count * (m * m - sum(c * c for c in own.values())) / (m - 1)
        for value, times in own.items():
            values[value] = values.get(value, 0.0) + count * times
    n = sum(values.values())
    expected = n * n - sum(times * times for times in values.values())
    return None if expected <= 0 else 1 - (n - 1) * disagreed / expected


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """Agreement on whole texts, on them by channel, language and risk ("" is unknown), and on
    single suggestions by intent."""

    texts: Agreement
    by: Mapping[str, Mapping[str, Agreement]]
    suggestions: Mapping[str, Agreement]


async def agreement_report(
    unit: UnitOfWork, workspace_id: str, *, since: datetime | None = None
) -> AgreementReport:
    """Return how far people agree in a workspace, on what was decided since a moment (aware).

    The same rows give the same figures: resampling begins at the same place each time.
    """
    chance = random.Random(_SEED)
    decisions = await unit.opinions.decisions(workspace_id, since=since)
    by_intent: dict[str, list[Ratings]] = {}
    for intent, first, second in await unit.opinions.suggestions(workspace_id, since=since):
        by_intent.setdefault(intent, []).append((first, second))
    return await asyncio.to_thread(_report, decisions, by_intent, chance)


def _report(
    decisions: Sequence[DoubleDecision],
    by_intent: Mapping[str, Sequence[Ratings]],
    chance: random.Random,
) -> AgreementReport:
    return AgreementReport(
        texts=agreement(((d.first, d.second) for d in decisions), chance),
        by=by_group(decisions, chance),
        suggestions={intent: agreement(by_intent[intent], chance) for intent in sorted(by_intent)},
    )


def by_group(
    decisions: Sequence[DoubleDecision], chance: random.Random
) -> dict[str, dict[str, Agreement]]:
    """Return the agreement on whole texts by channel, language and risk; "" is unknown."""
    grouped: dict[str, dict[str, list[Ratings]]] = {"channel": {}, "language": {}, "risk": {}}
    for decision in decisions:
        for name, groups in grouped.items():
            groups.setdefault(str(getattr(decision, name)), []).append(
                (decision.first, decision.second)
            )
    return {
        name: {value: agreement(groups[value], chance) for value in sorted(groups)}
        for name, groups in grouped.items()
    }


def _interval(
    units: Counter[Ratings], chance: random.Random
) -> tuple[float, float] | tuple[None, None]:
    """Return the 2.5 and 97.5 percentiles of alpha over things weighed anew by chance.

    The Bayesian bootstrap (Rubin, Annals of Statistics 9, 1981): every thing weighs what a draw
    from an exponential gives it, so all of one kind weigh a draw from a gamma. Its cost is that of
    the kinds of ratings, not of the things.
    """
    if alpha(units) is None:
        return None, None
    n = units.total()
    drawn = []
    for _ in range(_RESAMPLES):
        weights = {kind: chance.gammavariate(count, 1) for kind, count in units.items()}
        whole = sum(weights.values())
        value = alpha({kind: n * weight / whole for kind, weight in weights.items()})
        # without variation there is perfect agreement
        drawn.append(1.0 if value is None else value)
    drawn.sort()
    return drawn[int(0.025 * _RESAMPLES)], drawn[int(0.975 * _RESAMPLES)]
