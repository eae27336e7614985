"""Passages: pieces of our own texts, the style guide's and published posts', that can be found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copydesk.core.similarity import Vector


class PassageKind(StrEnum):
    """Which of our own texts a passage is from."""

    STYLE = "style"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of the text `source_id` (a post, or a version of the style guide) in `version`.

    `position` counts from 0. `title` is the heading above it. `vector` was made by `embedder`; both
    are empty where there is none.
    """

    kind: PassageKind
    source_id: str
    version: str
    position: int
    title: str
    text: str
    embedder: str = ""
    vector: Vector = ()

    @property
    def id(self) -> str:
        """Return what names it wherever it is used: `style.v3#2`, `pst_01…#0`."""
        return f"{self.source_id}#{self.position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGuide:
    """One version of a workspace's style guide; `number` counts from 1. A text of "" is none."""

    number: int
    text: str

    @property
    def name(self) -> str:
        """Return what evidence calls it."""
        return f"style.v{self.number}"
