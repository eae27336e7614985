"""Whose words stand below an attribution ("On … wrote:") when nothing marks them as a quote.

Programs that mark no quotes put the earlier message there; people put their answer there. What is
cut needs a witness for the first, and none for the second: the author wrote more above than a
greeting, and either has closed there, or who is quoted signs at the end, or all of it is indented
or in one piece, or a further message is announced below. Whatever speaks for the author wins; where
an answer may stand below a question, a signature at the end is no witness.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from copydesk.core.submission import SegmentKind
from copydesk.intake import separators
from copydesk.intake.closing import (
    before_signature,
    closes,
    greets,
    is_contact,
    names_sender,
    reads_like_prose,
    signs_off,
)
from copydesk.intake.devices import is_device_line
from copydesk.intake.footers import footer_start, is_ruled
from copydesk.intake.lines import Line

#: Lines a signature below a name may have.
_BELOW_NAME: Final = 16
_NAME_LENGTH: Final = 60
_NAME_WORDS: Final = 5
#: Words in front of an address that can be a name.
_BEFORE_ADDRESS: Final = 4

_OPENING_WORDS: Final = 10

_ADDRESS = re.compile(r"([\w.+\-=]{1,128})@[\w.\-]{1,128}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ASKS: Final = ("?", "？", "؟")
#: What people set before an answer that they type into somebody's text, and "Ann:", "[Ann]".
_ARROW = re.compile(r"(?:[-=]{1,3}>{1,2}|[→►➔»])\s?\S")
_SPEAKS = re.compile(r"[\[(*]{0,2}([^\W\d_][\w.'’ -]{0,40}?)(?:[\])*]{1,2}:?|:)\s?\S")
_INDENTED = re.compile(r"[ \t\xa0\u3000]")


def is_history(
    lines: Sequence[Line], attribution: range, sender: Sequence[str], *, end: int
) -> bool:
    """Whether the unmarked lines below an attribution are an earlier message.

    `attribution` holds its line numbers, `sender` names and addresses of the author; `end` is the
    line where a further message begins or the text ends.
    """
    above = [line for line in lines[: attribution.start] if line.kind is None and not line.blank]
    below = lines[attribution.stop : end]
    written = [line for line in below if not line.blank]
    if not written:
        return True
    quoted = _names(lines, attribution)
    words = [line for line in before_signature(above) if not _is_opening(line, quoted)]
    if not words or separators.ends_in_colon(above[-1]):
        return False
    if _is_opening(written[0], quoted) and _named(written[0], quoted):
        return False  # the author speaks to the one who is quoted
    following = lines[end] if end < len(lines) else None
    if following is not None:
        # a program that marks quotes marked none of this; another message continues a chain
        return following.kind is None or following.kind is SegmentKind.HEADER
    if _signature(below, frozenset(_words(sender))) >= 0 or names_sender(written[-1].bare, sender):
        return False
    if any(_answers(line, sender) for line in written):
        return False
    indented = all(_INDENTED.match(line.text) for line in written)
    if indented and not any(_INDENTED.match(line.text) for line in words):
        return True
    signed = _signature(below, quoted)
    if signed >= 0 and not may_hold_answers(_before_sign_off(below[:signed])):
        return True
    return closes(above, sender) or _is_one_piece(below)


def may_hold_answers(lines: Sequence[Line]) -> bool:
    """Whether text stands below a question among `lines`: there somebody may have answered it."""
    written = [line for line in lines if not line.blank]
    return any(line.bare.endswith(_ASKS) for line in written[:-1])


def _answers(line: Line, sender: Sequence[str]) -> bool:
    """Whether the line is marked as an answer, with an arrow or with the author's name."""
    if _ARROW.match(line.bare):
        return True
    named = _SPEAKS.match(line.bare)
    return named is not None and bool(set(_words([named[1]])) & set(_words(sender)))


def _before_sign_off(lines: Sequence[Line]) -> Sequence[Line]:
    written = [line for line in lines if not line.blank]
    return written[:-1] if written and signs_off(written[-1]) else written


def _is_opening(line: Line, names: frozenset[str]) -> bool:
    """Whether the line greets and says hardly more ("Hi Jane, thanks for your mail"), or is short
    and holds one of `names`, as a greeting does in any language."""
    words = len(line.bare.split())
    return (greets(line) and words <= _OPENING_WORDS) or (
        words <= _NAME_WORDS and len(line.bare) <= _NAME_LENGTH and _named(line, names)
    )


def _is_one_piece(below: Sequence[Line]) -> bool:
    """Whether there is no place where somebody else could have gone on: a blank line, or a line
    below a question."""
    numbers = [at for at, line in enumerate(below) if not line.blank]
    piece = below[numbers[0] : numbers[-1] + 1]
    return not any(line.blank or line.bare.endswith(_ASKS) for line in piece[:-1])


def opens_only(lines: Sequence[Line]) -> bool:
    """Whether the author has greeted in `lines` and said no more: "Hi Jane," wants to go on."""
    above = [line for line in lines if line.kind is None and not line.blank]
    words = before_signature(above)
    return (
        bool(words)
        and words[-1].bare.endswith((",", "，", "、", ":", "："))
        and all(_is_opening(line, frozenset()) for line in words)
    )


def _names(lines: Sequence[Line], attribution: range) -> frozenset[str]:
    """Return the words that an attribution may call its writer by."""
    text = " ".join(lines[at].bare for at in attribution)
    found = _ADDRESS.search(text)
    if found is None:
        return frozenset()
    before = _words([text[: found.start()]])[-_BEFORE_ADDRESS:]
    return frozenset(before) | frozenset(_words([found[1]]))


def _words(texts: Sequence[str]) -> list[str]:
    return [word for text in texts for word in _WORD.findall(text.casefold().split("@")[0])]


def _named(line: Line, names: frozenset[str]) -> bool:
    said = _words([line.bare])
    return any(word in names for word in said) or (
        # names are not set apart by spaces everywhere
        not line.bare.isascii() and any(name in line.bare.casefold() for name in names)
    )


def _signature(below: Sequence[Line], names: frozenset[str]) -> int:
    """Return the line at the end that holds one of `names`, with nothing below it but who that is,
    or -1."""
    for at in range(len(below) - 1, -1, -1):
        line = below[at]
        short = len(line.bare) <= _NAME_LENGTH and len(line.bare.split()) <= _NAME_WORDS
        if line.blank or not short or line.bare.endswith(("?", "!")) or not _named(line, names):
            continue
        if reads_like_prose(line) or "@" in line.bare:
            continue
        return -1 if _is_text(below[at + 1 :]) else at
    return -1


def _is_text(rest: Sequence[Line]) -> bool:
    """Whether what stands below a name is more than a title, an address and a notice."""
    written = [line for line in rest if not line.blank]
    notice = footer_start([line.bare for line in written])
    card = [line for line in written[: notice if notice >= 0 else None] if not _is_addition(line)]
    beside = next((at for at, line in enumerate(rest) if line.blank), len(rest))
    return (
        len(card) > _BELOW_NAME
        or any(
            # "Friday." below a blank line may be the answer, and so may a number to call
            line not in rest[:beside] or reads_like_prose(line) or line.bare[-1] in ".?!…。？！"
            for line in card
        )
        or (bool(card) and not any(map(is_contact, card)))
    )


def _is_addition(line: Line) -> bool:
    """Whether a program drew or wrote the line."""
    return is_ruled(line.bare) or is_device_line(line.bare)
