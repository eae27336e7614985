"""Tags as a platform writes them: its characters, its length, its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex
from slugify import slugify as transliterate

from copydesk.core.findings import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRule:
    """How a platform writes a tag.

    `allowed` is a character class of the `regex` library ("a-z0-9"); everything else is left out,
    or replaced by `joiner` between words. `lower`: whether tags are lower case. `longest` is in
    code points, `most` the number of tags, `in_total` the length of all, comma-joined (None: no
    bound).
    """

    allowed: str
    joiner: str = ""
    lower: bool = True
    transliterate: bool = True
    longest: int | None = None
    most: int | None = None
    in_total: int | None = None


#: What only separates the words of a tag; leaving out anything else may change what it means.
_SEPARATORS: Final = regex.compile(r"[\s_./,&'’\-–—]+")


def map_tags(tags: Sequence[str], rule: TagRule) -> tuple[tuple[str, ...], tuple[Loss, ...]]:
    """Return `tags` as `rule` writes them, without repeats, and a loss for each that was changed
    beyond case and spaces, shortened to nothing, or left out. None is cut: a tag that is too long
    is left out, and so are the last ones where there are too many."""
    kept: list[str] = []
    losses: list[Loss] = []

    def lose(tag: str, how: str, why: str) -> None:
        losses.append(Loss(what=f"tag {tag!r}", how=how, why=why))

    for tag in tags:
        written, is_same = _written(tag, rule)
        if not written:
            lose(tag, "left out", f"nothing of it can be written with {rule.allowed}")
        elif written in kept:
            continue
        elif rule.longest is not None and len(written) > rule.longest:
            lose(tag, "left out", f"{len(written)} of {rule.longest} characters")
        elif rule.most is not None and len(kept) >= rule.most:
            lose(tag, "left out", f"there is room for {rule.most} tags")
        elif rule.in_total is not None and len(",".join((*kept, written))) > rule.in_total:
            lose(tag, "left out", f"all tags together have {rule.in_total} characters")
        else:
            kept.append(written)
            if not is_same:
                lose(tag, f"written as {written!r}", f"a tag is written with {rule.allowed}")
    return tuple(kept), tuple(losses)


def _written(tag: str, rule: TagRule) -> tuple[str, bool]:
    """Return `tag` as `rule` writes it, and whether only case and spaces changed."""
    refused = _refused(rule.allowed)
    words: list[str] = []
    is_same = True
    for word in _SEPARATORS.split(tag.strip().lower() if rule.lower else tag.strip()):
        written = word
        if rule.transliterate and refused.search(word):
            written = transliterate(word, separator="", lowercase=rule.lower)
        written = refused.sub("", written)
        is_same = is_same and written == word
        if written:
            words.append(written)
    return rule.joiner.join(words), is_same


@lru_cache(maxsize=32)
def _refused(allowed: str) -> regex.Pattern[str]:
    return regex.compile(f"[^{allowed}]")
