"""The little Markdown that generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by scripts/docs.py from {source}. Edit that, then run ./dev fix. -->"


def page(title: str, source: str, *parts: str) -> str:
    """Return a whole page with the notice where it comes from."""
    return "\n\n".join([NOTICE.format(source=source), f"# {title}", *parts]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; bars and line ends inside cells are made harmless."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def paragraphs(docstring: str | None) -> str:
    """Return a docstring as paragraphs without its line breaks."""
    blocks = (docstring or "").strip().split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
