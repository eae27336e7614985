"""From tags to hashtags that platforms accept and a screen reader can read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from copydesk.core.findings import Loss

_WORD = re.compile(r"\w+")

#: What only separates words; leaving out anything else (C++) may change what a tag means.
_SEPARATORS = re.compile(r"[\s\w.,/&'’-]+")


def hashtag(tag: str) -> str:
    """Return `#CamelCase` for `tag`, or "" when no hashtag can be made of it.

    Letters, digits and underscores, but not digits alone: what every platform takes. Words are
    joined with capitals so that they stay readable; a single word keeps its own case (`iOS`).
    """
    words = _WORD.findall(tag)
    if len(words) > 1:
        words = [word[0].upper() + word[1:] for word in words]
    joined = "".join(words)
    return f"#{joined}" if any(character.isalpha() for character in joined) else ""


def hashtags(tags: Iterable[str]) -> tuple[str, tuple[Loss, ...]]:
    """Return the hashtags of `tags` on one line, each once, and a loss for every tag that has none
    or loses more than the space between its words."""
    line: dict[str, str] = {}
    losses: list[Loss] = []
    for tag in tags:
        made = hashtag(tag)
        if not made:
            losses.append(Loss(what=f"tag {tag!r}", how="left out", why="a hashtag needs a letter"))
            continue
        line.setdefault(made.casefold(), made)
        if not _SEPARATORS.fullmatch(tag):
            why = "a hashtag has only letters, digits and underscores"
            losses.append(Loss(what=f"tag {tag!r}", how=f"written as {made}", why=why))
    return " ".join(line.values()), tuple(losses)
