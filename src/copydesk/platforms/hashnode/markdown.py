"""Markdown as Hashnode reads it: GFM with `%[address]` embeds, no footnotes."""

from __future__ import annotations

import re
from typing import Final

from copydesk.core.findings import Loss
from copydesk.transformation.document import walk
from copydesk.transformation.markdown import Flavour, to_markdown
from copydesk.transformation.nodes import Document, Embed, HtmlBlock, HtmlInline

_OPENING: Final = re.compile(r"<([a-zA-Z][\w-]*)")

#: The way of writing an embed is from memory (platform sheet, 2026-11-21); it stands on a line of
#: its own.
HASHNODE: Final = Flavour(
    name="Hashnode",
    tables=True,
    strikethrough=True,
    task_lists=True,
    footnotes="endnotes",
    top_heading=2,
    embed=lambda node: f"%[{node.url}]",
)


def to_hashnode(document: Document) -> tuple[str, tuple[Loss, ...]]:
    """Return `document` as the body of a post, and what that could not carry over, or may not."""
    markdown, losses = to_markdown(document, HASHNODE)
    titles = tuple(
        Loss(what=f"title {n.title!r}", how="left out", why="an embed on Hashnode shows its own")
        for n in walk(document)
        if isinstance(n, Embed) and n.title
    )
    losses = (*losses, *titles)
    names = {
        name.lower()
        for node in walk(document)
        if isinstance(node, HtmlBlock | HtmlInline)
        for name in _OPENING.findall(node.html)
    }
    if names:
        raw = Loss(
            what=f"raw HTML <{'>, <'.join(sorted(names))}>",
            how="sent as written; look how it is shown",
            why="Hashnode takes a limited set of elements, which it does not name",
        )
        losses = (*losses, raw)
    return markdown.strip("\n"), losses
