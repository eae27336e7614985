"""Putting the edited parts of a message together again: texts, and what became of its segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from copydesk.core.post import Fate
from copydesk.generation.material import Material


def joined_text(parts: Sequence[Material], texts: Sequence[str]) -> str:
    """Return `texts`, edited from `parts`, as one; they are joined as the message itself was."""
    whole = texts[0].strip()
    for (before, after), text in zip(pairwise(parts), texts[1:], strict=True):
        whole += _joint(before, after) + text.strip()
    return whole


def joined_fates(fates: Sequence[Sequence[Fate]]) -> tuple[Fate, ...]:
    """Return one fate for every segment, from those that the replies for the parts name.

    A segment that was parted is kept where a piece of it was, else merged where a piece was.
    """
    found: dict[int, Fate] = {}
    for fate in (fate for named in fates for fate in named):
        known = found.get(fate.segment)
        if known is None or _WEIGHT[fate.fate] > _WEIGHT[known.fate]:
            found[fate.segment] = fate
    return tuple(found[index] for index in sorted(found))


def dropped_pieces(parts: Sequence[Material], fates: Sequence[Sequence[Fate]]) -> tuple[str, ...]:
    """Return the pieces that were dropped of segments that are not dropped as a whole."""
    whole = {fate.segment: fate.fate for fate in joined_fates(fates)}
    return tuple(
        text
        for part, named in zip(parts, fates, strict=True)
        for fate in named
        if fate.fate == "dropped" and whole[fate.segment] != "dropped"
        if (text := part.text_of(frozenset({fate.segment})))
    )


_WEIGHT: Mapping[str, int] = {"kept": 2, "merged": 1, "dropped": 0}


def _joint(before: Material, after: Material) -> str:
    """Return what stands between two parts: nothing, a space, a new line or a new paragraph."""
    one, other = before.segments[-1], after.segments[0]
    if one.index != other.index:
        return "\n\n"
    gap = one.text[len(one.text.rstrip()) :]
    gap += other.text[: len(other.text) - len(other.text.lstrip())]
    lines = gap.count("\n")
    return "\n" * min(lines, 2) if lines else " " if gap else ""
