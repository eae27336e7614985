"""What becomes of a release next: wait, roll back, take a larger share, promote, or give up.

Pure: the same standing gives the same answer on every worker, at every look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from copydesk.core.release import PROVED, Guard, Policy, Tally
from copydesk.core.states import ReleaseState
from copydesk.releases.pairs import evidence_of_worse, least_worse, most_worse

#: A difference of exactly the margin is not beyond it, whatever floats make of it.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a release has got and what was counted.

    `tallies` are over shadow and canary together: both ask the same question. `stage_pairs` are the
    pairs since the present stage began.
    """

    state: ReleaseState
    share: int
    ends_at: datetime
    stage_pairs: int = 0
    tallies: Mapping[Guard, Tally] = field(default_factory=dict)


class Move(StrEnum):
    """What happens to a release."""

    WAIT = "wait"
    ROLL_BACK = "roll back"
    ADVANCE = "advance"
    PROMOTE = "promote"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A move and the reason in words; `share` is the percentage after an advance."""

    move: Move
    because: str
    share: int = 0


def rule(standing: Standing, policy: Policy, now: datetime) -> Ruling:
    """Return what should happen to a release at `now` (aware UTC).

    Only `Move.ROLL_BACK` and `Move.GIVE_UP` are meant to happen where the policy is not automatic.
    """
    for guard, tally in standing.tallies.items():
        found = evidence_of_worse(tally)
        if found >= 1 / policy.guard_alpha:
            return Ruling(
                move=Move.ROLL_BACK,
                because=f"{guard}: {_shares(tally)}; evidence {found:.3g}, "
                f"{1 / policy.guard_alpha:.3g} was the limit",
            )
    if now >= standing.ends_at:
        return Ruling(
            move=Move.GIVE_UP,
            because=f"inconclusive after {policy.days} days: {_open_question(standing, policy)}",
        )
    return _onward(standing, policy)


def _onward(standing: Standing, policy: Policy) -> Ruling:
    in_shadow = standing.state is ReleaseState.SHADOWED
    needed = policy.shadow_items if in_shadow else policy.stage_items
    if standing.stage_pairs < needed:
        stage = "in shadow" if in_shadow else f"at {standing.share} %"
        return Ruling(
            move=Move.WAIT, because=f"{standing.stage_pairs} of {needed} pairs seen {stage}"
        )
    against = _speaks_against(standing, policy)
    if against:
        return Ruling(move=Move.WAIT, because=against)
    share = policy.next_share(0 if in_shadow else standing.share)
    if share < 100:
        return Ruling(
            move=Move.ADVANCE,
            share=share,
            because=f"{standing.stage_pairs} pairs, and nothing is worse beyond its margin",
        )
    question = _open_question(standing, policy)
    if question:
        return Ruling(move=Move.WAIT, because=question)
    proofs = ", ".join(
        f"{guard} at most {most_worse(standing.tallies[guard], alpha=policy.guard_alpha):+.1%}"
        for guard in PROVED
    )
    return Ruling(move=Move.PROMOTE, because=f"shown to be no worse: {proofs}")


def _speaks_against(standing: Standing, policy: Policy) -> str:
    """Return which guard looks worse than its margin so far, "" for none."""
    for guard, tally in standing.tallies.items():
        worse = tally.new_share - tally.old_share
        if worse > policy.margins[guard] + _ROUNDING:
            return f"{guard} looks worse: {_shares(tally)}, and neither is proved yet"
    return ""


def _open_question(standing: Standing, policy: Policy) -> str:
    """Return what is not shown yet, "" when everything is."""
    for guard in PROVED:
        tally = standing.tallies.get(guard, Tally())
        most = most_worse(tally, alpha=policy.guard_alpha)
        if most > policy.margins[guard]:
            return (
                f"{guard} may still be up to {most:+.1%} worse ({_shares(tally)} in {tally.pairs} "
                f"pairs), {policy.margins[guard]:+.1%} is the margin"
            )
    return _speaks_against(standing, policy)


def _shares(tally: Tally) -> str:
    return f"{tally.old_share:.1%} → {tally.new_share:.1%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One guard as it stands, for people: shares, the bounds of their difference, the evidence.

    `evidence` is the e-value against the new version; at `limit` it is rolled back.
    """

    guard: Guard
    tally: Tally
    evidence: float
    limit: float
    least: float
    most: float


def read(tallies: Mapping[Guard, Tally], policy: Policy) -> list[Reading]:
    """Return how every guard stands, those without pairs too."""
    return [
        Reading(
            guard=guard,
            tally=(tally := tallies.get(guard, Tally())),
            evidence=evidence_of_worse(tally),
            limit=1 / policy.guard_alpha,
            least=least_worse(tally, alpha=policy.guard_alpha),
            most=most_worse(tally, alpha=policy.guard_alpha),
        )
        for guard in Guard
    ]
