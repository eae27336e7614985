"""The two addresses of a post: `at://…` names its record, `https://bsky.app/…` shows it.

The page is named by the account's DID: a handle may change, and then the address would be dead.
Sources: https://atproto.com/specs/at-uri-scheme, https://atproto.com/specs/handle (checked
2026-11-22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from copydesk.platforms.bluesky.tid import is_tid

#: Where posts are.
COLLECTION: Final = "app.bsky.feed.post"

#: Where people read; every account of the network is shown there, whatever server it is on.
APP: Final = "https://bsky.app"

_DID: Final = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HANDLE: Final = re.compile(
    rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?", re.IGNORECASE | re.ASCII
)
_AT: Final = re.compile(rf"at://(?P<repo>[^/]+)/{re.escape(COLLECTION)}/(?P<key>[^/]+)")


@dataclass(frozen=True, slots=True)
class PostName:
    """A post: whose it is (a DID or a handle) and its record key."""

    repo: str
    key: str

    @property
    def uri(self) -> str:
        """Return the `at://` address of the record."""
        return f"at://{self.repo}/{COLLECTION}/{self.key}"

    @property
    def url(self) -> str:
        """Return the address of the page that shows it."""
        return f"{APP}/profile/{self.repo}/post/{self.key}"


def read_name(address: str) -> PostName | None:
    """Return the post that an `at://` address, or the page of any app, names; None for others.

    Apps for the network share the form `…/profile/WHO/post/KEY`.
    """
    if found := _AT.fullmatch(address):
        repo, key = found["repo"], found["key"]
    else:
        try:
            parts = urlsplit(address).path.strip("/").split("/")
        except ValueError:
            return None
        if len(parts) != 4 or parts[0] != "profile" or parts[2] != "post":
            return None
        repo, key = unquote(parts[1]), parts[3]
    if not is_tid(key) or not (is_did(repo) or is_handle(repo)):
        return None
    return PostName(repo, key)


def is_did(text: str) -> bool:
    """Tell whether `text` has the form of a DID."""
    return len(text) <= 2048 and _DID.fullmatch(text) is not None


def is_handle(text: str) -> bool:
    """Tell whether `text` has the form of a handle: a domain name, at most 253 characters."""
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None
