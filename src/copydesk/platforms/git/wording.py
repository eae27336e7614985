"""The author's Markdown for readers that know neither our directives nor, some, footnotes.

The text stays as it was written wherever it can: a directive's line becomes a link. Only where that
would change anything else, and for footnotes, is the whole text written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from copydesk.core.findings import Loss
from copydesk.transformation.document import changed, parse_markdown, walk
from copydesk.transformation.markdown import GFM, Flavour, to_markdown
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    Document,
    Embed,
    Link,
    Paragraph,
    Text,
)

#: Eleventy's own markdown-it comes without footnotes (11ty.dev/docs/languages/markdown, 2026-11).
_WITHOUT_FOOTNOTES: Final = frozenset({"eleventy"})


def reworded(body: str, generator: str) -> tuple[str, tuple[Loss, ...]]:
    """Return `body` for `generator`, and what that cost."""
    document = parse_markdown(body)
    directives = [node for node in walk(document) if isinstance(node, Embed | CallToAction)]
    losses = tuple(
        Loss(
            what=f"embed of {node.url}" if isinstance(node, Embed) else f"button {node.label!r}",
            how="written as a link",
            why="generators have no common way to show it",
        )
        for node in directives
    )
    if document.footnotes and generator in _WITHOUT_FOOTNOTES:
        flavour: Flavour = replace(GFM, name=generator.capitalize(), footnotes="endnotes")
        text, more = to_markdown(document, flavour)
        return text, (*losses, *more)
    if not directives:
        return body, ()
    lines = body.split("\n")
    alone = "\r" not in body and all(_stands_alone(lines, node) for node in directives)
    for node in directives:
        before, _, _ = lines[node.line].partition("::")
        lines[node.line] = before + to_markdown(Document((_as_link(node),)))[0].strip()
    spliced = "\n".join(lines)
    if alone:
        return spliced, losses
    wanted = changed(document, block=_as_link)
    if parse_markdown(spliced) == wanted:
        return spliced, losses
    return to_markdown(wanted, GFM)[0], losses


def _stands_alone(lines: Sequence[str], node: Embed | CallToAction) -> bool:
    """Tell whether a paragraph in the place of `node` is one whatever else the text says: at the
    margin, between empty lines, and not to be taken for a footnote's mark."""
    words = node.title if isinstance(node, Embed) else node.label
    around = (*lines[max(node.line - 1, 0) : node.line], *lines[node.line + 1 : node.line + 2])
    is_apart = not any(line.strip(" \t") for line in around)
    return is_apart and lines[node.line].startswith("::") and not words.startswith("^")


def _as_link(block: Block) -> Block:
    match block:
        case Embed(url, title):
            return Paragraph((Link(url, (Text(title or url),)),))
        case CallToAction(url, label):
            return Paragraph((Link(url, (Text(label),)),))
        case _:
            return block
