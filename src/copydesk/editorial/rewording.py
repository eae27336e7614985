"""From a text a person has typed over to changes of suggestions, and to suggestions of their own.

What the person changed inside a suggestion edits it; what they changed elsewhere, or across the
border of one, is a suggestion of theirs that holds what it touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copydesk.core.suggestion import Suggestion
from copydesk.editorial.differences import differences
from copydesk.editorial.text import Change, Lifted, Piece, edits_of, lift, pieces_of, text_of


@dataclass(frozen=True, slots=True)
class Rewording:
    """One change a person made: of `suggestion`, or of their own where that is None."""

    change: Lifted
    suggestion: Suggestion | None


def rewordings(
    base: str, suggestions: Sequence[Suggestion], wanted: str, *, language: str = ""
) -> list[Rewording]:
    """Return what makes the text that follows from `suggestions` into `wanted`.

    Args:
        base: the author's own text of one field.
        suggestions: those of the field.
        wanted: the whole text as the person wants it.
        language: BCP 47, "" if unknown.
    """
    pieces = pieces_of(base, suggestions)
    found = differences(text_of(pieces), wanted, language=language)
    changes = [Change(d.start, d.end, d.after) for d in found]
    lifted = lift(base, edits_of(pieces), changes)
    return [Rewording(change, _alone_at(pieces, change)) for change in lifted]


def _alone_at(pieces: Sequence[Piece], change: Lifted) -> Suggestion | None:
    """Return the suggestion whose place is exactly that of the change."""
    for piece in pieces:
        if piece.suggestion and (piece.start, piece.end) == (change.start, change.end):
            return piece.suggestion if piece.text == change.before else None
    return None
