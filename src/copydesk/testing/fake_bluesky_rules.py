"""What a server of the AT Protocol takes as a post, checked with code of its own.

Rules: lexicons app.bsky.feed.post, app.bsky.richtext.facet and app.bsky.embed.* (checked
2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import regex
from aiohttp import web

#: The collection posts are in.
POST: Final = "app.bsky.feed.post"

_TIME: Final = regex.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")


class Refusal(Exception):
    """What the server answers instead: a status, a name and a text."""

    def __init__(self, name: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.answer = web.json_response({"error": name, "message": message}, status=status)


@dataclass(slots=True, kw_only=True)
class Blob:
    """An uploaded file; `until` is when it is thrown away unless a record refers to it."""

    content: bytes
    content_type: str
    until: datetime


class Lexicon:
    """Checks a post as the server does; `blobs` are the uploaded ones, `now` is aware."""

    def __init__(self, blobs: Mapping[str, Blob], now: datetime) -> None:
        self._blobs = blobs
        self._now = now

    def check(self, record: Any) -> None:
        """Raise `Refusal` for a record that the lexicon does not allow."""
        self._must(isinstance(record, dict), "Record must be an object")
        self._must(record.get("$type") == POST, f"Record/$type must be {POST}")
        text = record.get("text")
        self._must(isinstance(text, str), "Record/text must be a string")
        self._must(len(text.encode()) <= 3000, "Record/text must not be longer than 3000 bytes")
        count = len(regex.findall(r"\X", text))
        self._must(count <= 300, "Record/text must not be longer than 300 graphemes")
        time = record.get("createdAt")
        self._must(
            isinstance(time, str) and _TIME.fullmatch(time) is not None,
            "Record/createdAt must be an valid atproto datetime",
        )
        self._must(len(record.get("langs", [])) <= 3, "Record/langs must not have more than 3")
        for facet in record.get("facets", []):
            self._check_facet(facet, len(text.encode()))
        if reply := record.get("reply"):
            for name in ("root", "parent"):
                self._must(set(reply[name]) == {"uri", "cid"}, f"Record/reply/{name} is no ref")
        if embed := record.get("embed"):
            self._check_embed(embed)

    def _check_facet(self, facet: Mapping[str, Any], most: int) -> None:
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        self._must(0 <= start < end <= most, "Record/facets/index is outside the text")
        for feature in facet["features"]:
            kind = str(feature["$type"]).partition("#")[2]
            wanted = {"link": "uri", "mention": "did", "tag": "tag"}.get(kind, "$type")
            self._must(bool(feature.get(wanted)), f"Record/facets/features must have {wanted}")
            if kind == "mention":
                self._must(feature["did"].startswith("did:"), "features/did must be a did")

    def _check_embed(self, embed: Mapping[str, Any]) -> None:
        match str(embed.get("$type")):
            case "app.bsky.embed.images":
                self._must(1 <= len(embed["images"]) <= 4, "embed/images must have at most 4")
                for image in embed["images"]:
                    self._must(isinstance(image.get("alt"), str), "images/alt must be a string")
                    self._check_blob(image["image"], 2_000_000)
            case "app.bsky.embed.external":
                for name in ("uri", "title", "description"):
                    self._must(isinstance(embed["external"].get(name), str), f"no {name}")
                if thumb := embed["external"].get("thumb"):
                    self._check_blob(thumb, 1_000_000)
            case "app.bsky.embed.record":
                self._must(set(embed["record"]) == {"uri", "cid"}, "embed/record is no ref")
            case "app.bsky.embed.recordWithMedia":
                self._check_embed(embed["record"])
                self._check_embed(embed["media"])
            case kind:
                raise Refusal("InvalidRequest", f"Invalid embed {kind}")

    def _check_blob(self, blob: Mapping[str, Any], most: int) -> None:
        cid = blob["ref"]["$link"]
        kept = self._blobs.get(cid)
        if kept is None or self._now >= kept.until:
            raise Refusal("BlobNotFound", f"Could not find blob: {cid}")
        if len(kept.content) > most:
            raise Refusal("BlobTooLarge", f"This file is too large. It is {len(kept.content)} B")
        if not kept.content_type.startswith("image/"):
            raise Refusal("InvalidMimeType", f"Wrong type {kept.content_type}")
        self._must(blob["size"] == len(kept.content), "Referenced Size does not match stored blob")

    def _must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Refusal("InvalidRequest", f"Invalid {POST} record: {otherwise}")
