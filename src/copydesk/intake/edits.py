"""Changes to a text, pass upon pass, kept as edits of the original."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Replace `[start, end)` (code points) by `after`; `rule` says why."""

    rule: str
    start: int
    end: int
    after: str


def without_overlaps(changes: Iterable[Change]) -> list[Change]:
    """Return changes in order of place; of two that overlap, the one that was given first stays."""
    kept: list[Change] = []
    keys: list[tuple[int, int]] = []
    for change in changes:
        key = (change.start, change.end)
        at = bisect_left(keys, key)
        beside = kept[max(0, at - 1) : at + 1]
        if key in keys[at : at + 1] or any(_overlap(change, other) for other in beside):
            continue
        kept.insert(at, change)
        keys.insert(at, key)
    return kept


def _overlap(one: Change, other: Change) -> bool:
    return one.start < other.end and other.start < one.end


def compose(
    original: str, edits: Sequence[Change], current: str, changes: Sequence[Change]
) -> tuple[list[Change], str]:
    """Add a pass of changes to the edits made so far.

    Args:
        original: the author's text.
        edits: what turned `original` into `current`: in order, disjoint, in places of `original`.
        current: the text before this pass.
        changes: this pass: in order, disjoint, in places of `current`.

    Returns:
        All edits in places of `original`, those that met joined into one, and the new text.
    """
    placed: list[tuple[int, int, bool, Change]] = []
    drift = 0
    for edit in edits:
        start = edit.start + drift
        placed.append((start, start + len(edit.after), False, edit))
        drift += len(edit.after) - (edit.end - edit.start)
    placed += [(change.start, change.end, True, change) for change in changes]
    placed.sort(key=lambda item: item[:3])
    joined: list[Change] = []
    pieces: list[str] = []
    done = drift = at = 0
    while at < len(placed):
        low, high = placed[at][:2]
        group = [placed[at]]
        at += 1
        while at < len(placed) and placed[at][0] < high:
            high = max(high, placed[at][1])
            group.append(placed[at])
            at += 1
        old = [change for _, _, is_new, change in group if not is_new]
        new = [change for _, _, is_new, change in group if is_new]
        start = low - drift
        drift += sum(len(e.after) - (e.end - e.start) for e in old)
        end = high - drift
        after = _replaced(current, low, high, new)
        pieces += [current[done:low], after]
        done = high
        if after != original[start:end]:
            rules = dict.fromkeys(rule for c in (*old, *new) for rule in c.rule.split("+"))
            joined.append(Change("+".join(rules), start, end, after))
    return joined, "".join([*pieces, current[done:]])


def _replaced(text: str, low: int, high: int, changes: Sequence[Change]) -> str:
    pieces: list[str] = []
    for change in changes:
        pieces += [text[low : change.start], change.after]
        low = change.end
    return "".join([*pieces, text[low:high]])
