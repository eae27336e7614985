"""Splitting a text into the parts of a thread: at paragraphs, else sentences, else words; never
inside a link, a mention, a hashtag or code."""

from __future__ import annotations

from copydesk.transformation.room import Room


class CannotSplit(ValueError):
    """Something that may not be broken (a link, a word) has no room in a part of its own."""


def split(text: str, room: Room, *, numbered: bool = False) -> tuple[str, ...]:
    """Return `text` as parts that each fit into `room`, nothing left out, nothing changed but the
    white space at the seams. With `numbered` each of several ends in " (2/7)", which counts.

    Raises `CannotSplit` naming what does not fit.
    """
    raise NotImplementedError
