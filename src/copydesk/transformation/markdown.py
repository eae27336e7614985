"""Documents as Markdown, in the flavour of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from copydesk.core.findings import Loss
from copydesk.transformation.nodes import CallToAction, Document, Embed, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What a reader of Markdown understands beyond CommonMark, and its own ways of writing it.

    What it lacks is written in another way, with a loss: a table as a list, struck text plain, a
    footnote as `footnotes` says. `embed`, `call_to_action` and `image` write those nodes in the
    reader's own syntax (None: a link on a line of its own; an ordinary image). `guard` makes a
    stretch of text outside code harmless for a template language (dev.to: Liquid). `top_heading` is
    the highest level headings may have.
    """

    name: str
    tables: bool = False
    strikethrough: bool = False
    task_lists: bool = False
    footnotes: Literal["native", "endnotes"] = "endnotes"
    html: Literal["keep", "drop"] = "keep"
    top_heading: int = 1
    embed: Callable[[Embed], str] | None = None
    call_to_action: Callable[[CallToAction], str] | None = None
    image: Callable[[Image], str] | None = None
    guard: Callable[[str], str] | None = None


COMMONMARK = Flavour(name="CommonMark")
GFM = Flavour(name="GFM", tables=True, strikethrough=True, task_lists=True, footnotes="native")


def to_markdown(document: Document, flavour: Flavour = COMMONMARK) -> tuple[str, tuple[Loss, ...]]:
    """Return `document` in `flavour`, and what that could not carry over.

    What is written reads back as the same document wherever the flavour has its nodes.
    """
    raise NotImplementedError
