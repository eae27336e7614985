"""Tags as a platform writes them: its characters, its length, its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copydesk.core.findings import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRule:
    """How a platform writes a tag.

    `allowed` is a character class of the `regex` library ("a-z0-9"); everything else is left out,
    or replaced by `joiner` between words. `lower`: whether tags are lower case. `longest` is in code
    points, `most` the number of tags, `in_total` the length of all, comma-joined (None: no bound).
    """

    allowed: str
    joiner: str = ""
    lower: bool = True
    transliterate: bool = True
    longest: int | None = None
    most: int | None = None
    in_total: int | None = None


def map_tags(tags: Sequence[str], rule: TagRule) -> tuple[tuple[str, ...], tuple[Loss, ...]]:
    """Return `tags` as `rule` writes them, without repeats, and a loss for each that was changed
    beyond case and spaces, shortened to nothing, or left out."""
    raise NotImplementedError
