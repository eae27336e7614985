"""Whether a removal landed, for a spoke's `find`: told by what is seen of the post."""

from __future__ import annotations

from copydesk.core.outcomes import Absent, Existence, Inconclusive, Landed
from copydesk.core.standing import Gone


def removal_of(id: str, seen: object) -> Existence:
    """Return whether the removal of the post `id` landed.

    `seen` is what the platform shows of it: `Gone`, `Inconclusive`, or the post itself.
    """
    match seen:
        case Gone():
            return Landed(id, evidence=seen.evidence)
        case Inconclusive():
            return seen
        case _:
            return Absent("the post is still there")
