"""Lines of a decoded text, the labels rules put on them, and the segments they become.

Every rule of intake looks at one line, or at a few neighbours, and labels it. The labelled lines
are then joined into segments that tile the text: nothing can fall between two rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from copydesk.core.submission import Segment, SegmentKind

_RULE_VERSION = 1
_AUTHORED = SegmentKind.AUTHORED


@dataclass(slots=True)
class Line:
    """One line: `[start, end)` in code points with its line end; `text` without it.

    `kind` is None until a rule has spoken. `bare` is the text without outer white space.
    """

    start: int
    end: int
    text: str
    bare: str
    kind: SegmentKind | None = None
    rule: str = ""
    confidence: float = 1.0
    dropped_because: str = ""
    speaker: str = ""

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see on this line."""
        return not self.bare

    def label(
        self, kind: SegmentKind, rule: str, *, confidence: float = 1.0, dropped_because: str = ""
    ) -> None:
        """Say what this line is, and why it is no part of the author's text, if so."""
        self.kind, self.rule = kind, rule
        self.confidence, self.dropped_because = confidence, dropped_because

    def clear(self) -> None:
        """Take the label off again."""
        self.label(SegmentKind.AUTHORED, "text")
        self.kind = None


def split_lines(text: str) -> list[Line]:
    """Return the lines of `text`, split at `\\n` only; together they cover every character."""
    lines: list[Line] = []
    start = 0
    for piece in text.split("\n"):
        end = start + len(piece) + 1
        lines.append(Line(start, end, piece, piece.strip()))
        start = end
    last = lines[-1]
    last.end -= 1
    if last.start == last.end:
        lines.pop()
    return lines


def label_all(
    lines: Iterable[Line],
    kind: SegmentKind,
    rule: str,
    *,
    confidence: float = 1.0,
    dropped_because: str = "",
) -> None:
    """Put one label on all `lines`."""
    for line in lines:
        line.label(kind, rule, confidence=confidence, dropped_because=dropped_because)


def tile(lines: Sequence[Line]) -> tuple[Segment, ...]:
    """Return the segments of labelled lines; a blank line goes with the text above it."""
    segments: list[Segment] = []
    owner: Line | None = None
    start = 0
    for line in lines:
        if owner is None:
            # blank lines at the top go with the first text below them
            owner = next((each for each in lines if not each.blank), line)
        elif line.bare and not _alike(owner, line):
            segments.append(_segment(owner, start, line.start))
            owner, start = line, line.start
    if owner is not None:
        segments.append(_segment(owner, start, lines[-1].end))
    return tuple(segments)


def _alike(one: Line, other: Line) -> bool:
    return (
        (one.kind or _AUTHORED) is (other.kind or _AUTHORED)
        and one.rule == other.rule
        and one.confidence == other.confidence
        and one.dropped_because == other.dropped_because
        and one.speaker == other.speaker
    )


def _segment(line: Line, start: int, end: int) -> Segment:
    return Segment(
        kind=line.kind or _AUTHORED,
        start=start,
        end=end,
        rule=line.rule or "text",
        rule_version=_RULE_VERSION,
        confidence=line.confidence,
        dropped_because=line.dropped_because,
        speaker=line.speaker,
    )
