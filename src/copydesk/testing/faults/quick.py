"""The quick round: one spoke of each kind of idempotency, on SQLite, in under a minute.

Every fault that SQLite can have is in it, but for most kills while something is changed or taken
down. What waits in real time, what starts a process of its
own, and what is much like another fault, is dealt out instead of being played on each of them: one
spoke has all kills, and each kill is tried on two more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from copydesk.platforms.kit.manifest import Idempotency
from copydesk.testing.faults.catalogue import AFTERWARDS, KILLS, Fault

#: The spoke that stands for each kind of idempotency.
SPOKES: Final[Mapping[Idempotency, str]] = {
    Idempotency.NONE: "webhook",
    Idempotency.KEY_HEADER: "mastodon",
    Idempotency.CLIENT_ID: "specimen+client_id",
    Idempotency.NATURAL_KEY: "site",
    Idempotency.DETECTOR: "linkedin",
}

#: Posts a scenario.
DELIVERIES: Final = 4

#: What waits for seconds in real time, or through an hour at a slow pace, and the spokes that it is
#: tried on.
_WAITING: Final[Mapping[Fault, frozenset[str]]] = {
    Fault.HANG: frozenset({"webhook", "mastodon", "linkedin"}),
    Fault.SLOW_DRIP: frozenset({"specimen+client_id"}),
    Fault.TCP_BLACKHOLE: frozenset({"webhook", "specimen+client_id"}),
    Fault.STALLED_WORKER: frozenset({"webhook"}),
    Fault.CLOCK_BACK: frozenset({"webhook", "mastodon", "specimen+client_id", "site"}),
}

#: Much like a fault that every spoke has: half of the spokes have each.
_ALIKE: Final = (
    Fault.EMPTY,
    Fault.TRUNCATED,
    Fault.HTML,
    Fault.HTML_WITH_200,
    Fault.RATE_LIMITED_DATE,
    Fault.RATE_LIMITED_SILENT,
    Fault.CLOCK_FORWARD_IN_429,
    Fault.CLOCK_BACK_IN_429,
    Fault.DST_GAP,
    Fault.DST_OVERLAP,
    Fault.TCP_REFUSED,
    Fault.TCP_CUT_REQUEST,
    Fault.TCP_HALF_CLOSE,
    Fault.TCP_DELAY,
)

#: Changes and takes down what it has published; the others do so in full rounds.
_AFTERWARDS: Final = "mastodon"

#: Processes that are killed while they change or take something down: one of three is played.
FULL_ROUNDS: Final = frozenset(
    {
        Fault.UPDATE_KILL_AFTER_INTENT,
        Fault.UPDATE_KILL_BEFORE_RECEIPT,
        Fault.DELETE_KILL_AFTER_INTENT,
        Fault.DELETE_KILL_BEFORE_RECEIPT,
    }
)

#: Has every kill; the others have half of them, in turns.
_KILLED: Final = "specimen+client_id"

#: One account whose tokens rotate, for the fault that is about those.
_TOKENS: Final = ("sandbox+oauth", Fault.TOKEN_ROTATED)


def quick_round(spokes: Sequence[str] = ()) -> list[tuple[str, Fault]]:
    """Return what a quick round plays: spokes with faults, what waits longest first.

    `spokes` are those to try instead of one of each kind.
    """
    played: list[tuple[str, Fault]] = [
        (spoke, fault)
        for place, spoke in enumerate(spokes or SPOKES.values())
        for fault in Fault
        if fault is not Fault.TOKEN_ROTATED
        and not fault.startswith("database_")
        and spoke in _WAITING.get(fault, {spoke})
        and (fault not in _ALIKE or (_ALIKE.index(fault) + place) % 2 == 0)
        and (fault not in AFTERWARDS or spoke == _AFTERWARDS or spokes)
        and (fault not in FULL_ROUNDS or spokes)
        and (fault not in KILLS or spoke == _KILLED or (KILLS.index(fault) + place) % 2 == 0)
    ]
    played.sort(key=lambda one: one[1] is not Fault.STALLED_WORKER)
    return played if spokes else [_TOKENS, *played]


def kinds_covered() -> str:
    """Return one line that says which spoke stands for which kind of idempotency."""
    return "Idempotency: " + ", ".join(f"{kind} ({spoke})" for kind, spoke in SPOKES.items())
