"""The HTML a Forem shows: of other elements it keeps what is inside.

Read in forem/forem, app/lib RenderedMarkdownScrubber (2026-11-22); each version may add some.
"""

from __future__ import annotations

import re
from typing import Final

from copydesk.core.findings import Loss
from copydesk.transformation.document import walk
from copydesk.transformation.nodes import Document, HtmlBlock, HtmlInline

SHOWN: Final = frozenset({
    "a", "abbr", "add", "b", "blockquote", "br", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dl", "dt", "em", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "small", "source", "span",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u",
    "ul", "video",
})  # fmt: skip

_OPENING: Final = re.compile(r"<([a-zA-Z][\w-]*)")


def stripped(document: Document) -> tuple[Loss, ...]:
    """Return the loss of the HTML elements that a Forem does not show."""
    names = sorted(
        {
            name.lower()
            for node in walk(document)
            if isinstance(node, HtmlBlock | HtmlInline)
            for name in _OPENING.findall(node.html)
        }
        - SHOWN
    )
    if not names:
        return ()
    return (
        Loss(
            what=f"raw HTML <{'>, <'.join(names)}>",
            how="only what is inside is shown",
            why="dev.to shows a limited set of elements",
        ),
    )
