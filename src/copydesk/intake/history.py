"""Finding the earlier messages inside a mail.

Two extractors that know nothing of each other propose what is history: one reads separators, the
other quote prefixes (`> `). Text is only cut where a second witness agrees with a separator: quote
prefixes, a complete header block, or what `copydesk.intake.witnesses` finds around an attribution.
Where they disagree, everything is kept and the text says so in a note. Keeping a quote is a small
fault, losing a word of the author's is the worst one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.submission import SegmentKind
from copydesk.intake import separators
from copydesk.intake.lines import Line, label_all
from copydesk.intake.witnesses import is_history, opens_only

HEADER = "header lines of a forwarded message"
QUOTED = "quoted from an earlier message"
FORWARDED = "a forwarded message below the author's own text"

_QUOTE = re.compile(r"[ \t]{0,3}>")
#: ">50 people", ">= 3": a comparison, not a quote
_COMPARISON = re.compile(r"[ \t]{0,3}>(?:=\s?)?[\d$€£]")
#: The author says that their words stand further down, so nothing further down is cut.
_POINTS_DOWN = re.compile(
    r"\b(?:below|inline|in-line|in ?line|in (?:red|blue|green|bold|caps)|interspersed|fyi|"
    r"unten|im text|in rot|siehe|ci-dessous|dans le texte|en rouge|abajo|en rojo|a continuación|"
    r"sotto|di seguito|hieronder|abaixo|em vermelho|poniżej|nedan|nedenfor|alla olevaan|níže|"
    r"ниже)\b",
    re.IGNORECASE,
)
#: Attributions of one mail that are weighed: each looks at all that stands above it.
_WEIGHED: Final = 20
#: Rules that label what somebody else wrote.
_QUOTING: Final = frozenset({"quote-prefix", "attribution", "header-block", "original-marker"})


@dataclass(frozen=True, slots=True)
class History:
    """Where unprefixed history begins (`cut`, a line number, or -1) and what kind it is.

    From `doubtful` on (or -1) it cannot be told whose words they are.
    """

    cut: int = -1
    forwarded: bool = False
    doubtful: int = -1


def mark_quotes(lines: Sequence[Line]) -> None:
    """Label prefixed quotes, with the attribution that introduces them. Nothing is dropped yet."""
    quoted = [
        line.kind is None and line.bare.startswith(">") and _QUOTE.match(line.text) is not None
        for line in lines
    ]
    total = sum(quoted)
    for index, line in enumerate(lines):
        if not quoted[index]:
            continue
        alone = not (index and quoted[index - 1]) and quoted[index + 1 : index + 2] != [True]
        if alone and _COMPARISON.match(line.text):
            continue
        line.label(SegmentKind.QUOTE, "quote-prefix")
        if index == 0 or not quoted[index - 1]:
            introduced = _mark_introduction(lines, index)
            if total == 1 and not introduced:
                # the only ">" of the mail, and nobody is said to have written it: keep it
                line.label(SegmentKind.QUOTE, "lone-quote", confidence=0.5)


def _mark_introduction(lines: Sequence[Line], quote: int) -> bool:
    """Label what introduces the quote that begins at line `quote`; return whether anything does."""
    last = quote - 1
    while last >= 0 and lines[last].blank:
        last -= 1
    if last < 0 or lines[last].kind is not None:
        return False
    first = separators.attribution(lines, last)
    if first < 0 and separators.names_writer(lines[last]):
        first = last
    if first < 0:
        first = separators.resembles_attribution(lines, last)
    rule = "attribution"
    if first < 0:
        for start in range(max(0, last - 8), last):
            if separators.header_block(lines, start) == last + 1:
                first, rule = start, "header-block"
                break
    if first < 0 and (
        separators.is_original_marker(lines[last]) or separators.is_forward_marker(lines[last])
    ):
        first, rule = last, "original-marker"
    if first >= 0:
        label_all(lines[first:quote], SegmentKind.HEADER, rule)
    return first >= 0


def find_unprefixed(lines: Sequence[Line], sender: Sequence[str] = ()) -> History:
    """Return where history without quote prefixes begins, if a second witness confirms it.

    `sender` holds names and addresses of the author.
    """
    doubtful = -1
    weighed = 0
    for index, line in enumerate(lines):
        if line.kind is not None or line.blank:
            continue
        found = _announced(lines, index)
        if found is not None and opens_only(lines[: found.cut]):
            return History(doubtful=found.cut)
        if found is not None:
            return replace(found, doubtful=doubtful)
        first = _addressed(lines, index) if weighed < _WEIGHED else -1
        if first < 0:
            continue
        weighed += 1
        below = range(first, index + 1)
        if is_history(lines, below, sender, end=_next_message(lines, index + 1)):
            return History(first, doubtful=doubtful)
        doubtful = first if doubtful < 0 else doubtful
    return History(doubtful=doubtful)


def _announced(lines: Sequence[Line], index: int) -> History | None:
    """Return the history that a marker or a header block on line `index` begins."""
    line = lines[index]
    if separators.is_reply_line(line):
        return History(index)
    forwarded = separators.is_forward_marker(line)
    if forwarded or separators.is_original_marker(line):
        below = _next_text(lines, index + 1)
        header = below >= 0 and separators.header_block(lines, below, announced=True) > 0
        if header or below < 0 or separators.attribution(lines, below) >= 0:
            return History(index, forwarded)
        return None
    if (":" in line.bare or "：" in line.bare) and separators.header_block(lines, index) > 0:
        return History(_with_rule_above(lines, index))
    return None


def _addressed(lines: Sequence[Line], index: int) -> int:
    """Return the first line of the attribution with an address that ends on `index`, or -1.

    One without an address counts where nothing stands below it.
    """
    if not separators.ends_in_colon(lines[index]):
        return -1
    first = separators.attribution(lines, index)
    if first < 0:
        return -1
    text = " ".join(each.bare for each in lines[first : index + 1])
    alone = separators.names_address_in_brackets(text) or _next_text(lines, index + 1) < 0
    return first if alone else -1


def _next_message(lines: Sequence[Line], start: int) -> int:
    """Return the line from `start` on where another message is announced or quoted."""
    for at in range(start, len(lines)):
        line = lines[at]
        if line.kind in (SegmentKind.QUOTE, SegmentKind.HEADER):
            return at
        if line.kind is None and not line.blank:
            if _announced(lines, at) is not None:
                return at
            first = _addressed(lines, at)
            if first >= 0:
                return first
    return len(lines)


def end_of_header(lines: Sequence[Line], cut: int) -> int:
    """Return the line after marker and header block of the history that begins at `cut`."""
    below = cut
    while below >= 0 and not separators.begins_field(lines[below]):
        marker = (
            lines[below].blank
            or separators.is_rule(lines[below])
            or separators.is_forward_marker(lines[below])
            or separators.is_original_marker(lines[below])
        )
        below = _next_text(lines, below + 1) if marker else -1
    return separators.header_block(lines, below, announced=True) if below >= 0 else -1


def points_down(lines: Sequence[Line]) -> bool:
    """Whether the author's words among `lines` announce more of them further down."""
    return any(line.kind is None and _POINTS_DOWN.search(line.text) is not None for line in lines)


def _next_text(lines: Sequence[Line], start: int) -> int:
    return next((at for at in range(start, len(lines)) if not lines[at].blank), -1)


def _with_rule_above(lines: Sequence[Line], index: int) -> int:
    above = index - 1
    while above >= 0 and lines[above].blank:
        above -= 1
    drawn = above >= 0 and lines[above].kind is None and separators.is_rule(lines[above])
    return above if drawn else index


def settle_quotes(lines: Sequence[Line]) -> bool:
    """Decide which prefixed quotes are history. Return whether the author answered between them.

    A quote with the author's words before and after it is context and stays. One that only stands
    below, or above a reply that is all in one piece, is history.
    """
    own = [
        index
        for index, line in enumerate(lines)
        if not line.blank and not line.dropped_because and not _is_quote(line)
    ]
    if not own:
        return False
    first, last = own[0], own[-1]
    interleaved = any(_is_quote(line) for line in lines[first:last])
    for index, line in enumerate(lines):
        if not _is_quote(line) or line.dropped_because:
            continue
        if index > last or (index < first and not interleaved):
            line.dropped_because = QUOTED
    return interleaved


def _is_quote(line: Line) -> bool:
    return line.rule in _QUOTING
