"""Tier 0 on a parsed message: a mail or post as a whole, a chat message by message.

A clean-up that would touch a protected token is taken back as a whole; in a chat of many people
that must not undo what was done to everybody else's lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from copydesk.core.ledger import extract
from copydesk.core.post import Edit
from copydesk.core.submission import ParsedMessage, Segment, Source
from copydesk.intake.cleanup import Cleaned, clean
from copydesk.intake.typos import Typo


def clean_message(parsed: ParsedMessage, kept: Sequence[Segment], typos: Sequence[Typo]) -> Cleaned:
    """Return the author's own text (the kept segments joined) cleaned.

    Offsets of `typos` and of the returned edits are code points of that text.
    """
    texts = [parsed.text[s.start : s.end] for s in kept]
    if parsed.source is not Source.CHAT:
        return clean("".join(texts), language=parsed.language, typos=typos)
    # the lines of all are searched together, and remembered; the gate asks for the whole as well
    extract("".join(texts), language=parsed.language)
    cleaned: list[str] = []
    edits: list[Edit] = []
    reverted: list[str] = []
    start = 0
    for text in texts:
        end = start + len(text)
        own = [replace(t, start=t.start - start) for t in typos if start <= t.start < end]
        one = clean(text, language=parsed.language, typos=own)
        cleaned.append(one.text)
        edits += [replace(edit, start=edit.start + start) for edit in one.edits]
        reverted += [one.reverted_because] if one.reverted_because else []
        start = end
    return Cleaned("".join(cleaned), tuple(edits), "; ".join(reverted))
