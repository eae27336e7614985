"""Excerpts: the beginning of a document within a limit, ended where a reader expects an end."""

from __future__ import annotations

from typing import Final

import regex

from copydesk.core.findings import Loss
from copydesk.transformation.counting import graphemes
from copydesk.transformation.nodes import Document, Heading, Paragraph, Quote, plain

ELLIPSIS: Final = "…"

_SENTENCE_END = regex.compile(r"[.!?。！？…]+[\"'”’»)\]]*(?=\s|$)|[。！？]")
_SPACE = regex.compile(r"\s+")


def excerpt(document: Document, limit: int) -> str:
    """Return the first sentences of `document` in at most `limit` graphemes.

    Whole sentences when at least a third of the limit is filled by them, else whole words and an
    ellipsis. Only paragraphs count (headings and code do not start a summary); "" without any.
    Raises `ValueError` for a limit below 1.
    """
    return excerpt_with_loss(document, limit)[0]


def excerpt_with_loss(document: Document, limit: int) -> tuple[str, tuple[Loss, ...]]:
    """Return `excerpt` and, when it is not all the document's prose, the loss that says so."""
    text = _prose(document)
    short = shorten(text, limit)
    if short == text:
        return text, ()
    left = graphemes(text) - graphemes(short.removesuffix(ELLIPSIS))
    loss = Loss(
        what=f"the last {left} characters of the text",
        how="shortened to its first sentences",
        why=f"there is room for {limit} characters",
    )
    return short, (loss,)


def shorten(text: str, limit: int) -> str:
    """Return `text`, or its beginning up to a sentence or word boundary within `limit` graphemes.

    Raises `ValueError` for a limit below 1.
    """
    if limit < 1:
        raise ValueError(f"an excerpt needs room for at least 1 character, not {limit}")
    clusters = regex.findall(r"\X", text)
    if len(clusters) <= limit:
        return text
    room = "".join(clusters[:limit])
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.end() <= len(room)]
    if ends and graphemes(text[: ends[-1]]) * 3 >= limit:
        return text[: ends[-1]]
    room = "".join(clusters[: limit - 1])
    words = room if text[len(room)].isspace() else room.rpartition(" ")[0] or room
    return words.rstrip(" ,;:–—-") + ELLIPSIS


def _prose(document: Document) -> str:
    parts: list[str] = []
    for block in document.blocks:
        match block:
            case Paragraph(children):
                parts.append(plain(children))
            case Quote(children):
                parts.append(_prose(Document(children)))
            case Heading() if parts:
                # the summary is what stands before the first section
                break
            case _:
                pass
    return _SPACE.sub(" ", " ".join(parts)).strip()
