"""Putting the rules together: one decoded text in, labelled lines out.

`segment_mail` looks for history, signatures and footers. `segment_post` only names the shapes in a
text that was written to be published or sent as it is: it drops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from copydesk.core.submission import Segment, SegmentKind
from copydesk.intake import history
from copydesk.intake.armour import mark_armour
from copydesk.intake.blocks import mark_fences, mark_shapes
from copydesk.intake.closing import mark_closing, mark_greeting, mark_preheader
from copydesk.intake.lines import Line, label_all, split_lines, tile

#: Texts up to so many characters are remembered, so that memory stays bounded.
_SHORT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Segmented:
    """Segments that tile the text, and what the rules were unsure of.

    `own_text` tells whether any of the author's own words were found.
    """

    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()
    own_text: bool = True


def segment_mail(text: str, *, sender: Sequence[str] = (), forwarded: bool = False) -> Segmented:
    """Return the segments of a mail body.

    `sender` holds names and addresses of the author (they confirm a signature). `forwarded` says
    that the subject calls it a forward: then quoted text counts when nothing else is there.
    """
    segmented = _remembered if len(text) <= _SHORT else _segment_mail
    return segmented(text, tuple(sender), forwarded)


def _segment_mail(text: str, sender: tuple[str, ...], forwarded: bool) -> Segmented:
    lines = split_lines(text)
    notes: list[str] = []
    mark_fences(lines)
    mark_armour(lines)
    mark_preheader(lines)
    history.mark_quotes(lines)
    found = history.find_unprefixed(lines, sender)
    body = lines[: found.cut] if found.cut >= 0 else lines
    if found.cut >= 0:
        _mark_history(lines, found, body, notes)
    if found.doubtful >= 0:
        _mark_doubtful(body[found.doubtful :], notes)
    regions = _regions(body)
    for region in reversed(regions):
        mark_closing(region, sender, only=len(regions) == 1)
        if any(line.kind is None and not line.blank for line in region) or any(
            line.rule == "sign-off" for line in region
        ):
            break
    own = _has_own_text(lines)
    if not own:
        own = _keep_what_there_is(lines, found, forwarded, notes)
    elif history.settle_quotes(lines):
        notes.append("The author answered between quoted lines; the quotes were kept as context.")
    mark_greeting(lines)
    mark_shapes(lines)
    return Segmented(tile(lines), tuple(notes), own)


# whether a bare text is a mail is told by its segments, which are then wanted again
_remembered = lru_cache(maxsize=8)(_segment_mail)


def segment_post(text: str) -> Segmented:
    """Return the segments of a post, form message or other text that is all the author's own."""
    lines = split_lines(text)
    mark_fences(lines)
    for line in lines:
        if line.kind is None and line.bare.startswith(">"):
            line.label(SegmentKind.QUOTE, "quote-prefix")
    mark_greeting(lines)
    mark_shapes(lines)
    return Segmented(tile(lines), (), any(not line.blank for line in lines))


def _mark_history(
    lines: Sequence[Line], found: history.History, body: Sequence[Line], notes: list[str]
) -> None:
    kind = SegmentKind.FORWARDED if found.forwarded else SegmentKind.QUOTE
    reason = history.FORWARDED if found.forwarded else history.QUOTED
    confidence = 0.9
    if history.points_down(body):
        reason, confidence = "", 0.5
        notes.append(
            "The author points to the text below, so the earlier message was kept: check where "
            "the author's own words end."
        )
    rest = lines[found.cut :]
    label_all(rest, kind, "separator", confidence=confidence, dropped_because=reason)


def _mark_doubtful(lines: Sequence[Line], notes: list[str]) -> None:
    open_lines = [line for line in lines if line.kind is None]
    label_all(open_lines, SegmentKind.UNKNOWN, "below-attribution", confidence=0.5)
    notes.append(
        "Nothing marks the earlier message as a quote, so the text below its header or “… wrote:” "
        "was kept: check which of its lines are the author's."
    )


def _regions(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the stretches of text between quotes; code belongs to the text around it."""
    regions: list[list[Line]] = [[]]
    for line in lines:
        if line.kind in (None, SegmentKind.CODE):
            regions[-1].append(line)
        elif regions[-1]:
            regions.append([])
    return [region for region in regions if any(not line.blank for line in region)]


def _has_own_text(lines: Sequence[Line]) -> bool:
    return any(
        not line.blank
        and not line.dropped_because
        and line.kind in (None, SegmentKind.CODE, SegmentKind.SIGNATURE, SegmentKind.UNKNOWN)
        for line in lines
    )


def _keep_what_there_is(
    lines: Sequence[Line], found: history.History, forwarded: bool, notes: list[str]
) -> bool:
    """Nothing of the author's own is there: keep a forward whole. Return whether text was kept."""
    if found.cut < 0 and not forwarded:
        return False
    kept = False
    header_end = history.end_of_header(lines, found.cut) if found.cut >= 0 else -1
    for index, line in enumerate(lines):
        if found.cut <= index < header_end:
            line.label(SegmentKind.HEADER, "forward-header", dropped_because=history.HEADER)
            continue
        if line.dropped_because in (history.QUOTED, history.FORWARDED) or line.kind in (
            SegmentKind.QUOTE,
            SegmentKind.HEADER,
        ):
            line.label(SegmentKind.FORWARDED, line.rule, confidence=0.6)
            kept = kept or not line.blank
    if kept:
        notes.append("There is no new text above the forwarded message, so all of it was kept.")
    return kept
