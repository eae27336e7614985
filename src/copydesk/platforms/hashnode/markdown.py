"""Markdown as Hashnode reads it: GFM with `%[address]` embeds, no footnotes."""

from __future__ import annotations

from typing import Final

from copydesk.transformation.markdown import Flavour

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
