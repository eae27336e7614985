"""Recognising our own post in what LinkedIn shows of a page's posts. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from copydesk.core.delivery import Outgoing
from copydesk.platforms.linkedin.duplicates import TOLERANCE
from copydesk.platforms.linkedin.little import shown

_SPACE: Final = re.compile(r"\s+")

#: What LinkedIn calls what we attach.
_CONTENT: Final = {
    "": "",
    "image": "media",
    "document": "media",
    "images": "multiImage",
    "article": "article",
}


def window_start(outgoing: Outgoing) -> datetime | None:
    """Return the earliest time (aware UTC) a post of this delivery can have, None if unsent."""
    return outgoing.first_sent_at - TOLERANCE if outgoing.first_sent_at else None


def created_at(post: dict[str, Any]) -> datetime | None:
    """Return when `post` was made (aware UTC), None when it does not say."""
    stamp = post.get("createdAt") or post.get("publishedAt")
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    try:
        return datetime.fromtimestamp(stamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_ours(post: dict[str, Any], outgoing: Outgoing) -> bool:
    """Tell whether `post` is public and has the text and the kind of content that we sent."""
    return (
        post.get("lifecycleState", "PUBLISHED") == "PUBLISHED"
        and same_text(post, outgoing)
        and same_content(post, outgoing)
    )


def same_text(post: dict[str, Any], outgoing: Outgoing) -> bool:
    """Tell whether `post` shows the text we sent, however LinkedIn writes it down."""
    there = str(post.get("commentary") or "")
    return _even(shown(there)) == _even(shown(outgoing.payload["commentary"]))


def same_content(post: dict[str, Any], outgoing: Outgoing) -> bool:
    """Tell whether `post` has the kind of content that we sent."""
    there = post.get("content")
    names = set(there) if isinstance(there, dict) else set()
    sent = _CONTENT[outgoing.payload["content"]["kind"]]
    return sent in names if sent else not names & set(filter(None, _CONTENT.values()))


def _even(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
