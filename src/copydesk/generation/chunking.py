"""Parting a message that is too long for one call: between segments, else between sentences.

A segment is parted inside only when it does not fit alone, and never inside a protected span (a
link, code, an amount, a quotation). Where even that is impossible the message is refused, with the
numbers. Parts put together are the message, character for character.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import regex

from copydesk.core.corrections import meant
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.ledger import extract, protected_spans
from copydesk.core.sentences import sentences
from copydesk.core.submission import SegmentKind
from copydesk.generation.budget import (
    PER_SEGMENT,
    ModelLimits,
    edited_tokens,
    estimate_tokens,
)
from copydesk.generation.material import AuthoredSegment, ContextMessage, Material, Part
from copydesk.generation.showing import record_tokens, segment_record
from copydesk.generation.surroundings import latest, with_room

#: More calls than this for one message are not made.
MOST_PARTS: Final = 60
#: Which part of what is left besides prompt and header goes to the text before, to the ledger of
#: the parts before, and to conversation and passages: one in so many, each.
_SHARE: Final = 10
_OVERLAP: Final = 2
#: A part ends at a paragraph rather than at a sentence when that leaves it at least so full.
_FULL_ENOUGH: Final = 0.5

#: The part of a message that a half may have, so that two are enough for most.
_HALF: Final = 0.6
_UNBOUNDED: Final = 1 << 40

_PARAGRAPH: Final = regex.compile(r"\n[ \t]*\n\s*+\Z")
# where a sentence that fits into no call may be parted: lines, clauses, then words
_LINES: Final = regex.compile(r"\n+")
_CLAUSES: Final = regex.compile(r"[,;:]\s+|[，、；：]")
_WORDS: Final = regex.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of text takes, in tokens: as lines of the prompt, and when it comes back."""

    prompt: int
    reply: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.prompt + other.prompt, self.reply + other.reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a call has left for its part of the message, in tokens.

    `reply` is what the reply may take, `both` what prompt lines and reply may take together. Set
    aside are `overlap` for the end of the part before and as much again for the ledger so far, and
    `around` for conversation and passages.
    """

    reply: int
    both: int
    overlap: int
    around: int

    @classmethod
    def beside(cls, header: int, overhead: int, limits: ModelLimits) -> Room:
        """Return the room beside what every call repeats; it may be too small for any text.

        `header` is what its prompt takes without the text, `overhead` what its reply does.
        """
        overhead += limits.reasoning_reserve
        left = max(0, limits.usable_input - header - overhead)
        share = left // _SHARE
        return cls(
            reply=limits.output - overhead, both=left - 3 * share, overlap=share, around=share
        )

    def holds(self, cost: Cost) -> bool:
        """Whether a text of this cost fits."""
        return cost.reply <= self.reply and cost.prompt + cost.reply <= self.both


def in_parts(
    material: Material, room: Room, *, returns: Callable[[int], int] = edited_tokens
) -> tuple[Material, ...]:
    """Return `material` as parts of which each fits into `room`, with what every part has to know.

    Each carries the header (subject, participants, metadata), the end of what stands before it, and
    the ledger so far. `returns` says how many tokens of a reply a text of so many tokens brings.
    Raises `ContentInvalid` with the numbers when a piece that must not be parted does not fit, or
    when it would take too many calls. Computation only; a long message takes a while.
    """
    measure = _Measure(material.language, returns)
    groups = list(_groups(material.segments, room, measure))
    if len(groups) > MOST_PARTS:
        raise _impossible(
            f"it would take {len(groups)} calls, more than {MOST_PARTS}, to write all of it",
            "Send it in several messages, or use a model with a larger window.",
        )
    known: dict[str, None] = {}
    parts: list[Material] = []
    before: tuple[AuthoredSegment, ...] = ()
    for number, group in enumerate(groups, 1):
        kept = [token for segment in group for token in measure.tokens(segment.text)]
        part = Part(
            number=number,
            of=len(groups),
            before=_before(before, room.overlap),
            ledger=_latest_tokens(tuple(known), room.overlap),
        )
        piece = replace(material, segments=group, protected=tuple(dict.fromkeys(kept)), part=part)
        parts.append(with_room(piece, room.around))
        known.update(dict.fromkeys(kept))
        before = group
    return tuple(parts)


def halves(material: Material) -> tuple[Material, ...]:
    """Return `material` in two or three parts, or as it is where it is one piece.

    For a message that fits but did not come back whole.
    """
    measure = _Measure(material.language, _nothing)
    whole = sum(measure(segment).prompt for segment in material.segments)
    half = math.ceil(whole * _HALF) + PER_SEGMENT * len(material.segments)
    room = Room(reply=half, both=half, overlap=whole // _SHARE, around=_UNBOUNDED)
    try:
        return in_parts(material, room, returns=_nothing)
    except ContentInvalid:
        return (material,)


def _nothing(_: int) -> int:
    return 0


class _Measure:
    """What texts cost. `returns` is as `in_parts` takes it."""

    def __init__(self, language: str, returns: Callable[[int], int]) -> None:
        self.language = language
        self._returns = returns
        self._tokens: dict[str, tuple[str, ...]] = {}

    def tokens(self, text: str) -> tuple[str, ...]:
        """Return the protected tokens of `text` that its author stands by, once each."""
        if text not in self._tokens:
            found = meant(extract(text, language=self.language)).tokens
            self._tokens[text] = tuple(dict.fromkeys(token.text for token in found))
        return self._tokens[text]

    def frame(self, segment: AuthoredSegment) -> Cost:
        """Return what naming `segment` takes, whatever its text."""
        return Cost(record_tokens(segment_record(replace(segment, text=""))), PER_SEGMENT)

    def inside(self, text: str) -> Cost:
        """Return what `text` takes within a segment."""
        listed = record_tokens(self.tokens(text))
        return Cost(record_tokens(text) + listed, self._returns(estimate_tokens(text)))

    def __call__(self, segment: AuthoredSegment) -> Cost:
        """Return what `segment` takes."""
        return self.frame(segment) + self.inside(segment.text)


def _groups(
    segments: Sequence[AuthoredSegment], room: Room, measure: _Measure
) -> Iterator[tuple[AuthoredSegment, ...]]:
    group: list[AuthoredSegment] = []
    spent = Cost(0, 0)
    for segment in segments:
        cost = measure(segment)
        if room.holds(spent + cost):
            group.append(segment)
            spent += cost
            continue
        pieces = [segment]
        if not room.holds(cost):
            first, *pieces = _pieces(segment, room, measure, spent)
            group += [first] if first.text else []
        if group:
            yield tuple(group)
        group, spent = [], Cost(0, 0)
        for piece in pieces:
            if group:
                yield tuple(group)
            group, spent = [piece], measure(piece)
    if group:
        yield tuple(group)


def _pieces(
    segment: AuthoredSegment, room: Room, measure: _Measure, taken: Cost
) -> Iterator[AuthoredSegment]:
    """Yield `segment` in pieces that fit, as few as sentences allow.

    The first fits beside what is `taken` already, and may have no text.
    """
    text = segment.text
    frame = measure.frame(segment)
    start = end = paragraph = 0
    spent = taken + frame
    for begin, stop in _units(segment, room, measure):
        cost = measure.inside(text[begin:stop])
        if not room.holds(spent + cost):
            at = paragraph if paragraph > start + (end - start) * _FULL_ENOUGH else end
            yield replace(segment, text=text[start:at])
            start = at
            spent = frame + measure.inside(text[start:end]) if end > start else frame
            if end > start and not room.holds(spent + cost):
                yield replace(segment, text=text[start:end])
                start, spent = end, frame
        end = stop
        spent += cost
        if _PARAGRAPH.search(text, begin, stop):
            paragraph = end
    yield replace(segment, text=text[start:])


def _units(segment: AuthoredSegment, room: Room, measure: _Measure) -> Iterator[tuple[int, int]]:
    """Yield the spans that must stay whole, in order and without gaps."""
    text = segment.text
    masked = [(0, len(text))] if segment.kind is SegmentKind.CODE else _masked(text, measure)
    begins = [begin for begin, _ in sentences(text, masked)][1:]
    for begin, end in _between([0, *begins, len(text)]):
        yield from _small_enough(segment, begin, end, masked, room, measure)


def _small_enough(
    segment: AuthoredSegment,
    begin: int,
    end: int,
    masked: Sequence[tuple[int, int]],
    room: Room,
    measure: _Measure,
) -> Iterator[tuple[int, int]]:
    frame = measure.frame(segment)

    def cost(span: tuple[int, int]) -> Cost:
        return frame + measure.inside(segment.text[slice(*span)])

    spans = [(begin, end)]
    for boundary in (_LINES, _CLAUSES, _WORDS):
        finer: list[tuple[int, int]] = []
        for span in spans:
            whole = room.holds(cost(span))
            finer += [span] if whole else _parted(segment.text, span, boundary, masked)
        spans = finer
    for span in spans:
        needed = cost(span)
        if not room.holds(needed):
            raise _impossible(
                f"a piece of {span[1] - span[0]:,} characters that must stay whole takes about "
                f"{needed.prompt + needed.reply} tokens with its reply, where {max(0, room.both)} "
                f"are left; {needed.reply} of them in the reply, where {max(0, room.reply)} are",
                "Use a model with a larger window, or part the message by hand.",
            )
        yield span


def _parted(
    text: str,
    span: tuple[int, int],
    boundary: regex.Pattern[str],
    masked: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    begin, end = span
    starts = [start for start, _ in masked]

    def is_inside(at: int) -> bool:
        before = bisect_left(starts, at) - 1
        return before >= 0 and at < masked[before][1]

    ends = (match.end() for match in boundary.finditer(text, begin, end))
    cuts = [at for at in ends if at < end and not is_inside(at)]
    return list(_between([begin, *cuts, end]))


def _masked(text: str, measure: _Measure) -> list[tuple[int, int]]:
    return protected_spans(extract(text, language=measure.language))


def _between(marks: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((a, b) for a, b in pairwise(marks) if b > a)


def _before(group: Sequence[AuthoredSegment], room: int) -> tuple[ContextMessage, ...]:
    """Return the last one or two messages of the part before, as far as they fit."""
    return latest([ContextMessage(author=s.speaker, text=s.text) for s in group[-_OVERLAP:]], room)


def _latest_tokens(tokens: Sequence[str], room: int) -> tuple[str, ...]:
    taken: list[str] = []
    for token in reversed(tokens):
        room -= estimate_tokens(json.dumps(token, ensure_ascii=False)) + 1
        if room < 0:
            break
        taken.append(token)
    return tuple(reversed(taken))


def _impossible(message: str, remedy: str) -> ContentInvalid:
    return ContentInvalid(
        [Finding(code="too_long_for_model", field="body", message=message, remedy=remedy)]
    )
