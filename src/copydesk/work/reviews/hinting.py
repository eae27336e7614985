"""Hints about style in a review: what would read better, and one step to have it so.

They are worked out from the text as it stands after the decisions so far. Taking one makes a
suggestion of the person who takes it, which is undone like any other. A hint without one obvious
correction is there to be read.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.suggestion import Suggestion, TextField
from copydesk.quality.checks import style
from copydesk.quality.comparison import Comparison
from copydesk.work.desk import Desk
from copydesk.work.reviews.reviewing import Look, look_at
from copydesk.work.reviews.revising import reword

_GLUED: Final = re.compile(r"[,!?.](?=[^\W\d_]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One hint: `[start, end)` of the text in code points, and what stands there.

    `after` is what to put there instead, None where that is for a person to find.
    """

    number: int
    message: str
    start: int
    end: int
    before: str
    after: str | None


async def hints_of(look: Look) -> tuple[Hint, ...]:
    """Return the hints about the text of a review as it is now; none where it is asked blindly."""
    review = look.review
    if review.is_blind:
        return ()
    text, language = look.text.body, look.revision.content.language
    return await asyncio.to_thread(_hints, text, language)


async def take_hint(
    desk: Desk, review_id: str, number: int, *, actor: str, version: int | None = None
) -> list[Suggestion]:
    """Put right what a hint says; returns the suggestion it became.

    `number` counts as `hints_of`, in the text of the review at `version`; without it, as it is now.
    Raises `NotFound` for a hint that is not there, `Conflict` for one without a correction, or when
    the review is closed, somebody else's, or has changed meanwhile.
    """
    look = await look_at(desk, review_id)
    if version is not None and version != look.review.version:
        raise Conflict(
            f"Somebody decided in {review_id} in the meantime, and hints are counted anew.",
            remedy="Look at the review again.",
        )
    hint = next((one for one in await hints_of(look) if one.number == number), None)
    if hint is None:
        raise NotFound(f"Review {review_id} has no hint {number}.")
    if hint.after is None:
        raise Conflict(
            f"Hint {number} has no ready correction: {hint.message}.",
            remedy="Change the text yourself.",
        )
    text = look.text.body
    wanted = f"{text[: hint.start]}{hint.after}{text[hint.end :]}"
    return await reword(
        desk,
        look.review.id,
        {TextField.BODY: wanted},
        actor=actor,
        note=f"style: {hint.message}",
        version=look.review.version,
    )


def _hints(text: str, language: str) -> tuple[Hint, ...]:
    found = style.check(Comparison(text, text, language=language)).evidence
    return tuple(
        Hint(
            number=number,
            message=one.message,
            start=one.start,
            end=one.end,
            before=one.span,
            after=_corrected(one.message, one.span),
        )
        for number, one in enumerate((e for e in found if e.span), start=1)
    )


def _corrected(message: str, span: str) -> str | None:
    match message.partition(":")[0]:
        case "doubled word":
            return span.split()[0]
        case "doubled punctuation":
            # "?!?!" asks before it calls
            return "?" if "?" in span else span[0]
        case "missing space":
            return _GLUED.sub(lambda mark: f"{mark[0]} ", span, count=1)
        case _:
            return None
