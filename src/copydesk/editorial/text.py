"""The text that follows from decisions, and from places in it back to the author's own text.

It depends on nothing but the base and where each suggestion stands: in whatever order they were
decided, the same decisions give the same text, and what is taken back leaves no trace.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.suggestion import Base, Origin, Suggestion, TextField

#: Of two suggestions for the same place, the one made on top of the other holds it.
_DEPTH: Final = {Origin.PERSON: 0, Origin.MODEL: 1, Origin.RULE: 2}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text. Without a `suggestion` it is the author's own, `[start, end)` of it.

    `text` is what stands there; `without` what stood there if the suggestion were rejected.
    `holds` are the suggestions inside this one.
    """

    start: int
    end: int
    text: str
    suggestion: Suggestion | None = None
    without: str = ""
    holds: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Replace `[start, end)` (code points) by `after`."""

    start: int
    end: int
    after: str


@dataclass(frozen=True, slots=True)
class Lifted:
    """A change of a text brought to the base: `[start, end)` there, and what it replaces.

    `[low, top)` is its place in the edited text, where `before` stands.
    """

    start: int
    end: int
    before: str
    after: str
    low: int
    top: int


def texts_of(base: Base, suggestions: Sequence[Suggestion]) -> Base:
    """Return title, summary and body as they follow from the decisions."""
    title, summary, body = (
        text_of(pieces_of(base.of(field), (s for s in suggestions if s.field is field)))
        for field in (TextField.TITLE, TextField.SUMMARY, TextField.BODY)
    )
    return Base(title=title, summary=summary, body=body)


def text_of(pieces: Iterable[Piece]) -> str:
    """Return the text that pieces make."""
    return "".join(piece.text for piece in pieces)


def pieces_of(base: str, suggestions: Iterable[Suggestion]) -> tuple[Piece, ...]:
    """Return the text of one field in pieces: the author's own stretches and what changes them.

    Args:
        base: the author's own text of the field.
        suggestions: those of the field; ones that have no place any more are left out.
    """
    live = sorted((s for s in suggestions if s.is_live), key=_outermost_first)
    return tuple(_pieces(base, live, 0, len(base)))


def counted(pieces: Iterable[Piece]) -> Iterator[Suggestion]:
    """Yield the suggestions that bear on the text: not those inside one that stands."""
    for piece in pieces:
        if piece.suggestion is not None:
            yield piece.suggestion
            if not piece.suggestion.stands:
                yield from counted(piece.holds)


def _outermost_first(suggestion: Suggestion) -> tuple[int, int, int, int]:
    depth = _DEPTH[suggestion.origin]
    return suggestion.start, -suggestion.end, depth, -suggestion.number


def _pieces(base: str, ordered: Sequence[Suggestion], start: int, end: int) -> Iterator[Piece]:
    position, at = start, 0
    while at < len(ordered):
        outer = ordered[at]
        at += 1
        inside: list[Suggestion] = []
        while at < len(ordered) and _holds(outer, ordered[at]):
            inside.append(ordered[at])
            at += 1
        if outer.start > position:
            yield Piece(position, outer.start, base[position : outer.start])
        held = tuple(_pieces(base, inside, outer.start, outer.end))
        without = text_of(held)
        yield Piece(
            outer.start,
            outer.end,
            outer.text if outer.stands else without,
            outer,
            without,
            tuple(piece for piece in held if piece.suggestion is not None),
        )
        position = outer.end
    if position < end:
        yield Piece(position, end, base[position:end])


def _holds(outer: Suggestion, inner: Suggestion) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


# -- from places in the text to places in the base ------------------------------------------------


def lift(base: str, edits: Sequence[Change], changes: Sequence[Change]) -> list[Lifted]:
    """Bring changes of an edited text back to its base.

    A change that touches an edit takes in the whole of it, so that either holds the other; changes
    that come to touch become one.

    Args:
        base: the text before.
        edits: what was done to it: in order, disjoint, in places of `base`.
        changes: in order, disjoint, in places of the edited text.
    """
    placed = _Placed(edits)
    text = _applied(base, edits)
    if not text:
        # where nothing is left there is one place, and it is all of the base
        return [Lifted(0, len(base), "", change.after, 0, 0) for change in changes]
    return [
        Lifted(
            placed.base_start(start),
            placed.base_end(end),
            text[start:end],
            change.after,
            start,
            end,
        )
        for start, end, change in _joined(text, [_widened(text, placed, c) for c in changes])
    ]


class _Placed:
    """Edits by their places in the edited text, and the way from those places to the base."""

    def __init__(self, edits: Sequence[Change]) -> None:
        self.lows: list[int] = []
        self.highs: list[int] = []
        self._drifts = [0]
        for edit in edits:
            low = edit.start + self._drifts[-1]
            self.lows.append(low)
            self.highs.append(low + len(edit.after))
            self._drifts.append(self._drifts[-1] + len(edit.after) - (edit.end - edit.start))

    def base_start(self, position: int) -> int:
        """Return where in the base something begins: behind what was removed there."""
        return position - self._drifts[bisect_right(self.highs, position)]

    def base_end(self, position: int) -> int:
        """Return where in the base something ends: before what was removed there."""
        before = bisect_right(self.highs, position)
        while before and self.lows[before - 1] >= position:
            before -= 1
        return position - self._drifts[before]

    def touching(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the edits that `[start, end)` shares a character or a gap inside it with."""
        at = bisect_left(self.highs, start)
        while at < len(self.lows) and self.lows[at] < end:
            low, high = self.lows[at], self.highs[at]
            if start < high or low == high > start:
                yield low, high
            at += 1


def _applied(base: str, edits: Sequence[Change]) -> str:
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += [base[position : edit.start], edit.after]
        position = edit.end
    return "".join([*parts, base[position:]])


def _widened(text: str, placed: _Placed, change: Change) -> tuple[int, int, Change]:
    start, end = change.start, change.end
    for low, high in placed.touching(change.start, change.end):
        start, end = min(start, low), max(end, high)
    after = f"{text[start : change.start]}{change.after}{text[change.end : end]}"
    return start, end, replace(change, after=after)


def _joined(
    text: str, widened: Sequence[tuple[int, int, Change]]
) -> Iterator[tuple[int, int, Change]]:
    """Join what overlaps. Two that were widened over the same edit agree on it where neither
    changes it, so each is read against the text they both began with."""
    groups: list[list[tuple[int, int, Change]]] = []
    high = -1
    for item in sorted(widened, key=lambda found: found[:2]):
        if groups and item[0] < high:
            groups[-1].append(item)
        else:
            groups.append([item])
        high = max(high, item[1])
    for group in groups:
        low, top = group[0][0], max(item[1] for item in group)
        parts: list[str] = []
        position = low
        for start, end, change in sorted(group, key=lambda found: found[2].start):
            # what widening put around the change is in `text` already
            head, tail = change.start - start, end - change.end
            inner = change.after[head : len(change.after) - tail]
            parts += [text[position : change.start], inner]
            position = change.end
        parts.append(text[position:top])
        yield low, top, Change(low, top, "".join(parts))


def edits_of(pieces: Iterable[Piece]) -> list[Change]:
    """Return every outermost suggestion as what it makes of its place now."""
    return [Change(p.start, p.end, p.text) for p in pieces if p.suggestion is not None]
