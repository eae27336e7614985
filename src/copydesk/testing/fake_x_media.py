"""The media shelf of the fake X: simple and chunked uploads, work that takes a while, expiry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.fake_x_rules import Problem, check_object

_SIMPLE: Final = {"tweet_image": 5_000_000}
_CHUNKED: Final = {"tweet_image": 5_000_000, "tweet_gif": 15_000_000, "tweet_video": 512_000_000}
_TYPES: Final = {
    "video/mp4",
    "video/quicktime",
    "image/jpeg",
    "image/gif",
    "image/png",
    "image/webp",
}
_LASTS: Final = timedelta(hours=24)


@dataclass(slots=True, kw_only=True)
class Kept:
    """A file. `rounds` is how often it will still be said to be worked on; `until` aware UTC."""

    id: str
    category: str
    until: datetime
    pieces: dict[int, bytes] = field(default_factory=dict)
    total: int = 0
    is_final: bool = False
    rounds: int = 0
    alt: str = ""

    @property
    def content(self) -> bytes:
        """Return what has arrived, in order."""
        return b"".join(self.pieces[number] for number in sorted(self.pieces))


class MediaShelf:
    """Uploaded files. `rounds`: how long films take; `fails`: whether they cannot be used."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.files: dict[str, Kept] = {}
        self.rounds = 0
        self.fails = False
        self._next_id = 1_880_000_000_000_000_000

    async def upload(self, request: web.Request) -> web.Response:
        """Take a still image in one call."""
        fields, content = await _multipart(request, {"media_category"})
        category = fields.get("media_category", "")
        if category not in _SIMPLE:
            raise _wrong(f"media_category {category!r} needs the chunked upload")
        if not content or len(content) > _SIMPLE[category]:
            raise _wrong("the media is empty or too large")
        kept = self._keep(category, len(content))
        kept.pieces[0], kept.is_final = content, True
        return web.json_response({"data": self._told(kept)})

    async def initialize(self, request: web.Request) -> web.Response:
        """Begin a chunked upload."""
        known = {"media_type": str, "total_bytes": int, "media_category": str}
        body = check_object(await request.json(), "$", known)
        category = body.get("media_category", "")
        if body.get("media_type") not in _TYPES or category not in _CHUNKED:
            raise _wrong("media_type or media_category is not one of …")
        if not 0 < body.get("total_bytes", 0) <= _CHUNKED[category]:
            raise _wrong("total_bytes is out of bounds")
        return web.json_response({"data": self._told(self._keep(category, body["total_bytes"]))})

    async def append(self, request: web.Request) -> web.Response:
        """Take a piece; the same piece twice is one."""
        kept = self._named(request.match_info["id"])
        fields, content = await _multipart(request, {"segment_index"})
        index = fields.get("segment_index", "")
        if not re.fullmatch(r"\d{1,3}", index) or kept.is_final or not content:
            raise _wrong("segment_index is out of bounds, or the upload was finalized")
        kept.pieces[int(index)] = content
        return web.json_response({"data": {"expires_at": int(kept.until.timestamp())}})

    async def finalize(self, request: web.Request) -> web.Response:
        """End a chunked upload."""
        kept = self._named(request.match_info["id"])
        if sorted(kept.pieces) != list(range(len(kept.pieces))) or len(kept.content) != kept.total:
            raise _wrong("Segments do not add up to the total bytes.")
        kept.is_final = True
        kept.rounds = self.rounds
        return web.json_response({"data": self._told(kept)})

    async def status(self, request: web.Request) -> web.Response:
        """Tell how far the work on a file has got."""
        if request.query.get("command") != "STATUS":
            raise _wrong("command must be STATUS")
        kept = self._named(request.query.get("media_id", ""))
        kept.rounds = max(0, kept.rounds - 1)
        return web.json_response({"data": self._told(kept, asked=True)})

    def describe(self, body: Any) -> dict[str, Any]:
        """Give a file its alternative text."""
        checked = check_object(body, "$", {"id": str, "metadata": dict}, required={"id"})
        metadata = check_object(checked.get("metadata", {}), "$.metadata", {"alt_text": dict})
        alt = check_object(metadata["alt_text"], "$.metadata.alt_text", {"text": str})
        if not alt["text"] or len(alt["text"]) > 1000:
            raise _wrong("$.metadata.alt_text.text: must be at most 1000 characters long")
        kept = self._named(checked["id"])
        kept.alt = alt["text"]
        return {"id": kept.id, "associated_metadata": {"alt_text": {"text": kept.alt}}}

    def check(self, ids: list[str]) -> None:
        """Raise `Problem` unless these files can be attached together now."""
        files = [self.files.get(id) for id in ids]
        usable = [f for f in files if f and f.is_final and not f.rounds and not self._is_over(f)]
        if len(usable) != len(ids):
            raise _wrong("Your media IDs are invalid.")
        films = [one for one in usable if one.category != "tweet_image"]
        if films and len(usable) > 1:
            raise _wrong("Your media IDs are invalid: one GIF or video, or up to four images.")

    def _keep(self, category: str, total: int) -> Kept:
        self._next_id += 1
        kept = Kept(
            id=str(self._next_id),
            category=category,
            until=self.clock.now() + _LASTS,
            total=total,
        )
        self.files[kept.id] = kept
        return kept

    def _named(self, id: str) -> Kept:
        kept = self.files.get(id)
        if kept is None or self._is_over(kept):
            raise Problem(404, "Not Found Error", f"Could not find media {id}")
        return kept

    def _is_over(self, kept: Kept) -> bool:
        return kept.until <= self.clock.now()

    def _told(self, kept: Kept, *, asked: bool = False) -> dict[str, Any]:
        left = int((kept.until - self.clock.now()).total_seconds())
        told: dict[str, Any] = {"id": kept.id, "expires_after_secs": left}
        told["media_key"] = f"3_{kept.id}"
        if kept.is_final and kept.rounds:
            state = "in_progress" if asked else "pending"
            told["processing_info"] = {"state": state, "check_after_secs": 3}
        elif kept.is_final and self.fails and kept.category != "tweet_image":
            error = {"code": 1, "name": "InvalidMedia", "message": "Unsupported codec"}
            told["processing_info"] = {"state": "failed", "error": error}
        elif asked:
            told["processing_info"] = {"state": "succeeded", "progress_percent": 100}
        return told


async def _multipart(request: web.Request, known: set[str]) -> tuple[dict[str, str], bytes]:
    if not request.content_type.startswith("multipart/"):
        raise _wrong("multipart/form-data is needed")
    form = await request.post()
    fields = {key: str(value) for key, value in form.items() if isinstance(value, str)}
    if strange := set(fields) - known:
        raise _wrong(f"$.{sorted(strange)[0]}: is not defined in the schema")
    media = form.get("media")
    return fields, media.file.read() if isinstance(media, web.FileField) else b""


def _wrong(words: str) -> Problem:
    return Problem(400, "Invalid Request", words, "invalid-request")
