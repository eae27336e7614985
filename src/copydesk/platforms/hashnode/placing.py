"""Placeholders for images that have no address yet, and comparing bodies whatever theirs are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

#: Nothing answers under `.invalid` (RFC 2606), so a placeholder that stayed would be seen at once.
_PLACEHOLDER: Final = re.compile(r"https://upload\.invalid/[0-9a-zA-Z]+")

#: Where Hashnode puts what was uploaded.
CDN: Final = "https://cdn.hashnode.com"

_SPACE: Final = re.compile(r"\s+")
_IMAGE: Final = re.compile(r"(!\[[^\]]*\]\()<?[^)\s>]+>?")


def placeholder(sha256: str) -> str:
    """Return what stands for the address of the file with this digest until it is uploaded."""
    return f"https://upload.invalid/{sha256}"


def placed(text: str, addresses: Mapping[str, str]) -> str:
    """Return `text` with each placeholder as its address in `addresses` (by placeholder)."""
    return _PLACEHOLDER.sub(lambda found: addresses.get(found[0], found[0]), text)


def missing(payload: Mapping[str, Any], addresses: Mapping[str, str]) -> list[str]:
    """Return the files of `payload` that have no address in `addresses` (by placeholder)."""
    return [name for name, sign in payload["files"].items() if sign not in addresses]


def same_body(shown: Any, sent: str) -> bool:
    """Tell whether a body `shown` there is what was `sent`, wherever its images were uploaded to.

    Uploading the same file twice gives it two addresses, so addresses of images do not count.
    """
    return _even(str(shown or "")) == _even(sent)


def _even(body: str) -> str:
    return _SPACE.sub(" ", _IMAGE.sub(r"\1", body)).strip()
