"""Markdown as a Forem reads it: GFM with Liquid, embeds and buttons by tags, no footnotes.

Differences read in forem/forem, app/services/markdown_processor (2026-11-22): every line end in a
paragraph becomes a visible break; a body that begins with `---` is read as front matter, which
overrides all other fields; from the third on, `---` at the start of a line gets longer, also in
code.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, TypeVar

from copydesk.core.findings import Loss
from copydesk.platforms.devto.liquid import guard
from copydesk.platforms.devto.rawtags import stripped
from copydesk.transformation.document import changed, walk
from copydesk.transformation.markdown import Flavour, to_markdown
from copydesk.transformation.nodes import (
    Block,
    CodeBlock,
    Document,
    Embed,
    HtmlBlock,
    HtmlInline,
    Inline,
    LineBreak,
    Text,
)

Node = TypeVar("Node", Block, Inline)

_FRONT_MATTER: Final = re.compile(r"\A(\s*)---")
_RULE: Final = re.compile(r"\A\s*-{3,}[ \t]*$", re.MULTILINE)
_DASHES: Final = re.compile(r"^---", re.MULTILINE)

#: Code that contains a fence of its own.
_LONG_FENCE: Final = re.compile(
    r"^(?P<indent>[ >]*)(?P<fence>`{4,})(?P<info>[^`\n]*)\n(?P<code>.*?)^(?P=indent)(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)

#: How many lines of dashes a Forem leaves alone: those of a front matter.
_LEFT_ALONE: Final = 2

FOREM: Final = Flavour(
    name="dev.to",
    tables=True,
    strikethrough=True,
    footnotes="endnotes",
    top_heading=2,
    embed=lambda node: f"{{% embed {node.url} %}}",
    call_to_action=lambda node: f"{{% cta {node.url} %}} {guard(node.label)} {{% endcta %}}",
    guard=guard,
)

#: As `FOREM`, for authors who write Liquid themselves.
FOREM_WITH_LIQUID: Final = Flavour(
    name="dev.to with Liquid",
    tables=True,
    strikethrough=True,
    footnotes="endnotes",
    top_heading=2,
    embed=FOREM.embed,
    call_to_action=FOREM.call_to_action,
)


def to_forem(document: Document, *, runs_liquid: bool = False) -> tuple[str, tuple[Loss, ...]]:
    """Return `document` as the body of an article, and what that could not carry over.

    With `runs_liquid` the author's own Liquid tags stay tags; else they are shown as they stand.
    """
    flavour = FOREM_WITH_LIQUID if runs_liquid else FOREM
    prepared = changed(document, inline=_joined)
    if not runs_liquid:
        # the flavour guards words; raw HTML goes out as it stands, and Liquid reads it all the same
        prepared = changed(prepared, block=_guarded, inline=_guarded)
    markdown, losses = to_markdown(prepared, flavour)
    body = _LONG_FENCE.sub(_with_tildes, _without_front_matter(markdown.strip("\n")))
    return body, (*losses, *_titles(document), *stripped(document), *_longer_dashes(document, body))


def _joined(node: Inline) -> Inline:
    # a Forem shows the end of a source line as a break, which nobody asked for
    return Text(" ") if isinstance(node, LineBreak) and not node.hard else node


def _guarded(node: Node) -> Node:
    return (
        replace(node, html=guard(node.html)) if isinstance(node, HtmlBlock | HtmlInline) else node
    )


def _with_tildes(fence: re.Match[str]) -> str:
    # a Forem ends code at the next three backticks, however many it began with
    if "~~~" in fence["code"]:
        return fence[0]
    return f"{fence['indent']}~~~{fence['info']}\n{fence['code']}{fence['indent']}~~~"


def _without_front_matter(body: str) -> str:
    """Return `body` so that its beginning is never read as front matter."""
    if _FRONT_MATTER.match(body) is None:
        return body
    if _RULE.match(body):
        return _RULE.sub("***", body, count=1)
    return _FRONT_MATTER.sub(r"\1\\---", body, count=1)


def _titles(document: Document) -> tuple[Loss, ...]:
    return tuple(
        Loss(what=f"title {n.title!r}", how="left out", why="an embed on dev.to shows its own")
        for n in walk(document)
        if isinstance(n, Embed) and n.title
    )


def _longer_dashes(document: Document, body: str) -> tuple[Loss, ...]:
    in_code = any(isinstance(n, CodeBlock) and _DASHES.search(n.text) for n in walk(document))
    if not in_code or len(_DASHES.findall(body)) <= _LEFT_ALONE:
        return ()
    return (
        Loss(
            what="code with lines that begin with ---",
            how="from the third such line on, the dashes are shown as --------",
            why="a Forem lengthens them so that they are not taken for front matter",
        ),
    )
