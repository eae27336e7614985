"""Addresses of stories, and of images that have none yet. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

#: `/@name/words-of-the-title-e6f36a`, `/publication/words-e6f36a`, `/p/e6f36a`.
_STORY: Final = re.compile(r"/(?:[^/]+/)?(?:[^/]*-)?([0-9a-f]{5,16})(?:/edit)?")

#: Nothing answers under `.invalid` (RFC 2606): a placeholder that stayed would be seen at once.
_PLACEHOLDER: Final = re.compile(r"https://upload\.invalid/([0-9a-f]+)")


def story_at(url: str) -> str:
    """Return the id of the story shown at `url`, "" for other addresses. Publications may have
    domains of their own, so every host counts."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    found = _STORY.fullmatch(path.rstrip("/"))
    return found[1] if found else ""


def placeholder(sha256: str) -> str:
    """Return what stands for the address of the file with this digest until it is uploaded."""
    return f"https://upload.invalid/{sha256}"


def placed(text: str, addresses: Mapping[str, str]) -> str:
    """Return `text` with each placeholder as its file's address in `addresses` (by digest)."""
    return _PLACEHOLDER.sub(lambda found: addresses.get(found[1], found[0]), text)
