"""Fares: what publishing takes from which rate budgets, as it was seen to.

Only a spoke knows which calls it makes to prepare and to publish, and a budget may count some of
them alone. So the gate notes what is taken; from then on a round can ask before it begins how many
of its deliveries the budgets let through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from copydesk.core.delivery import Action, Delivery, Outgoing, of_spoke

#: Of how many accounts and actions the fares are kept in mind.
_KNOWN: Final = 10_000

#: The step that publishes; see `preparing`.
COMMIT: Final = "commit"

#: What is taken from each bucket, by its key, while somebody takes note.
_taken: ContextVar[Counter[str] | None] = ContextVar("taken", default=None)


@contextmanager
def noted() -> Iterator[Counter[str]]:
    """Yield what the calls made in the body take from each bucket, by its key.

    Whoever takes note around it notes that as well.
    """
    around = _taken.get()
    taken: Counter[str] = Counter()
    token = _taken.set(taken)
    try:
        yield taken
    finally:
        _taken.reset(token)
        if around is not None:
            around.update(taken)


def preparing(delivery: Delivery, outgoing: Outgoing) -> str:
    """Return the step before the commit of `delivery`. Those of one name take alike: what that
    takes depends on the files to upload, and on whether they were."""
    what = "check" if of_spoke(delivery.handles) else "prepare"
    return f"{what} {len(outgoing.media)}"


def note(key: str, cost: int) -> None:
    """Let whoever takes note know that a call takes `cost` from the bucket `key`."""
    taken = _taken.get()
    if taken is not None:
        taken[key] += cost


class Fares:
    """What one process has seen. What it has not seen it finds out with a single delivery."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Action, str], Mapping[str, int]] = {}

    def of(self, account_id: str, action: Action, step: str = COMMIT) -> Mapping[str, int] | None:
        """Return what `step` of every delivery of `action` takes at least, by bucket; None: not
        seen yet."""
        return self._known.get((account_id, action, step))

    def learn(
        self,
        account_id: str,
        action: Action,
        taken: Mapping[str, int],
        times: int = 1,
        step: str = COMMIT,
    ) -> None:
        """Remember that `step` of `times` deliveries, all of which got through, took so much
        together.

        What some of them alone took (a new session) is no fare: it would keep back those that do
        without.
        """
        what = account_id, action, step
        fare = {key: least for key, cost in taken.items() if (least := cost // times)}
        known = self._known.get(what)
        if known is not None:
            fare = {key: min(cost, fare[key]) for key, cost in known.items() if key in fare}
        elif len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[what] = fare
