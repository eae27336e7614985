"""Short texts taken from a text by rule, for a pipeline that no model serves."""

from __future__ import annotations

from collections.abc import Sequence

from copydesk.core.findings import Loss
from copydesk.transformation.counting import graphemes
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.excerpt import excerpt_with_loss, shorten
from copydesk.transformation.text import to_text


def short_of(text: str, characters: int) -> tuple[str, Sequence[Loss]]:
    """Return `text` (Markdown) as plain text where it has at most `characters` graphemes, else its
    first sentences, and what that loses.

    Whole sentences where they fill a third of the room, else whole words and an ellipsis.
    """
    document = parse_markdown(text)
    plain = to_text(document)[0].strip()
    if graphemes(plain) <= characters:
        return plain, ()
    short, losses = excerpt_with_loss(document, characters)
    if short:
        behind = graphemes(plain) - graphemes(short)
        return short, losses or (_loss(behind, characters),)
    # lists and code alone have no prose to take from
    short = shorten(plain, characters)
    return short, (_loss(graphemes(plain) - graphemes(short), characters),)


def _loss(behind: int, characters: int) -> Loss:
    return Loss(
        what=f"the last {behind} characters of the text",
        how="shortened to its beginning",
        why=f"there is room for {characters} characters",
    )
