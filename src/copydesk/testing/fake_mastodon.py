"""A Mastodon instance in one process: the documented rules, kept in memory, and lies on demand.

It counts, escapes and pages with code of its own, so that it can disagree with the spoke. Rules:
https://docs.joinmastodon.org/methods/statuses/, /methods/media/, /api/rate-limits/ (checked
2026-11-21).
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import regex
from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.loopback import LoopbackServer, json_object

#: How long the instance remembers an idempotency key.
KEY_LIFE: Final = timedelta(hours=1)

_LINK = regex.compile(r"https?://[^\s<>]*[^\s<>.,;:!?'\")\]]")
_MENTION = regex.compile(r"(?<![\w/])@(\w+)@[\w.-]+\w")


@dataclass(slots=True, kw_only=True)
class Status:
    """A status as the instance keeps it. `created_at` and `edited_at` are aware UTC."""

    id: str
    text: str
    created_at: datetime
    edited_at: datetime | None = None
    visibility: str = "public"
    spoiler_text: str = ""
    language: str = ""
    sensitive: bool = False
    in_reply_to_id: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    media_ids: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Upload:
    """An uploaded file. `rounds` is how often it will still be said to be processing."""

    id: str
    description: str
    focus: str
    filename: str
    content: bytes
    rounds: int = 0


class FakeMastodon(LoopbackServer):
    """One instance with one account. Set `rounds` to let uploads take a while, `room` to limit the
    number of calls until `reset_at`, `has_source` off for servers without `/source`. The listing
    shows a status after `stale_for` seconds, and fails `broken_looks` times. `keys` and
    `source_url` make another software of it: one that ignores idempotency keys, or burns them."""

    lies_to = LoopbackServer.lies_to | {"DELETE"}

    def __init__(self, *, clock: Clock | None = None, max_characters: int = 500) -> None:
        super().__init__(clock=clock)
        self.token = "fake-token-0123456789"
        self.max_characters = max_characters
        self.statuses: list[Status] = []
        self.uploads: dict[str, Upload] = {}
        self.rounds = 0
        self.room: int | None = None
        self.reset_at = self.clock.now() + timedelta(minutes=5)
        self.has_source = True
        self.keys: Literal["repeated", "ignored", "burnt"] = "repeated"
        self.source_url = "https://github.com/mastodon/mastodon"
        self.stale_for = 0.0
        self.broken_looks = 0
        self._keys: dict[str, tuple[datetime, Status]] = {}
        self._next_id = 1

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the API that publishing needs."""
        routes = [
            web.get("/api/v1/accounts/verify_credentials", self._whoami),
            web.get("/api/v2/instance", self._instance),
            web.get("/api/v1/accounts/1/statuses", self._list),
            web.post("/api/v1/statuses", self._create),
            web.get("/api/v1/statuses/{id}", self._show),
            web.put("/api/v1/statuses/{id}", self._edit),
            web.delete("/api/v1/statuses/{id}", self._remove),
            web.get("/api/v1/statuses/{id}/source", self._source),
            web.post("/api/v2/media", self._upload),
            web.get("/api/v1/media/{id}", self._media),
        ]
        return [web.RouteDef(r.method, r.path, self._guarded(r.handler), {}) for r in routes]

    def add(self, text: str, *, created_at: datetime | None = None, **more: Any) -> Status:
        """Put a status there, as another client of the account would."""
        status = Status(id=self._id(), text=text, created_at=created_at or self.clock.now(), **more)
        self.statuses.append(status)
        return status

    def _guarded(self, handler: Any) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return _error(401, "The access token is invalid")
            if self.room is not None:
                if self.room < 1 and self.clock.now() < self.reset_at:
                    return self._limited(_error(429, "Too many requests"))
                self.room -= 1
            answer: web.Response = await handler(request)
            return answer if self.room is None else self._limited(answer)

        return guarded

    def _limited(self, answer: web.Response) -> web.Response:
        answer.headers["X-RateLimit-Limit"] = "300"
        answer.headers["X-RateLimit-Remaining"] = str(max(self.room or 0, 0))
        answer.headers["X-RateLimit-Reset"] = self.reset_at.isoformat().replace("+00:00", "Z")
        return answer

    # -- statuses ---------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        key, now = request.headers.get("Idempotency-Key", ""), self.clock.now()
        if key in self._keys and now - self._keys[key][0] < KEY_LIFE:
            if self.keys == "burnt":
                return _error(400, "Duplicate idempotency key.")
            return web.json_response(self._as_json(self._keys[key][1]))
        body = await json_object(request)
        answered = str(body.get("in_reply_to_id") or "")
        if answered and not any(status.id == answered for status in self.statuses):
            return _error(404, "The post you are trying to reply to does not appear to exist.")
        if problem := self._refusal(body):
            return _error(422, problem)
        status = self.add(
            str(body.get("status", "")),
            visibility=str(body.get("visibility", "unlisted")),
            spoiler_text=str(body.get("spoiler_text", "")),
            language=str(body.get("language", "")),
            sensitive=bool(body.get("sensitive", False)),
            in_reply_to_id=str(body.get("in_reply_to_id") or ""),
            media_ids=list(body.get("media_ids", [])),
        )
        if key and self.keys != "ignored":
            self._keys[key] = (now, status)
        return web.json_response(self._as_json(status))

    async def _edit(self, request: web.Request) -> web.Response:
        status = self._named(request)
        if status is None:
            return _error(404, "Record not found")
        body = await json_object(request)
        if problem := self._refusal(body):
            return _error(422, problem)
        status.text = str(body.get("status", ""))
        status.edited_at = self.clock.now()
        status.spoiler_text = str(body.get("spoiler_text", ""))
        status.media_ids = list(body.get("media_ids", []))
        return web.json_response(self._as_json(status))

    async def _show(self, request: web.Request) -> web.Response:
        status = self._named(request)
        return web.json_response(self._as_json(status)) if status else _error(404, "Not found")

    async def _remove(self, request: web.Request) -> web.Response:
        status = self._named(request)
        if status is None:
            return _error(404, "Record not found")
        self.statuses.remove(status)
        return web.json_response({**self._as_json(status), "text": status.text})

    async def _source(self, request: web.Request) -> web.Response:
        status = self._named(request)
        if status is None or not self.has_source:
            return _error(404, "Record not found")
        source = {"id": status.id, "text": status.text, "spoiler_text": status.spoiler_text}
        return web.json_response(source)

    async def _list(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return _error(503, "Service Unavailable")
        shown_until = self.clock.now() - timedelta(seconds=self.stale_for)
        limit = min(int(request.query.get("limit", "20")), 40)
        before = int(request.query.get("max_id", str(self._next_id)))
        listed = [status for status in self.statuses if status.created_at <= shown_until]
        newest = sorted(listed, key=lambda status: int(status.id), reverse=True)
        page = [status for status in newest if int(status.id) < before][:limit]
        return web.json_response([self._as_json(status) for status in page])

    async def _whoami(self, request: web.Request) -> web.Response:
        url = f"{self.url}/@desk"
        profile = {"id": "1", "acct": "desk", "url": url, "statuses_count": len(self.statuses)}
        return web.json_response(profile)

    async def _instance(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "4.5.0", "source_url": self.source_url})

    def _refusal(self, body: dict[str, Any]) -> str:
        text, spoiler = str(body.get("status", "")), str(body.get("spoiler_text", ""))
        media = [self.uploads.get(str(id)) for id in body.get("media_ids", [])]
        if not text.strip() and not media:
            return "Validation failed: Text can't be blank"
        if self._length(text) + self._length(spoiler) > self.max_characters:
            return f"Validation failed: Text character limit of {self.max_characters} exceeded"
        if len(media) > 4:
            return "Validation failed: Cannot attach more than 4 files"
        if None in media:
            return "Validation failed: Media not found"
        if any(upload and upload.rounds for upload in media):
            return "Cannot attach files that have not finished processing. Try again in a moment!"
        return ""

    def _length(self, text: str) -> int:
        short = _MENTION.sub(r"@\1", _LINK.sub("x" * 23, text))
        return len(regex.findall(r"\X", short))

    # -- media ------------------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            return _error(422, "Validation failed: File can't be blank")
        upload = Upload(
            id=self._id(),
            description=str(form.get("description", "")),
            focus=str(form.get("focus", "")),
            filename=file.filename,
            content=file.file.read(),
            rounds=self.rounds,
        )
        self.uploads[upload.id] = upload
        return self._media_answer(upload, while_processing=202)

    async def _media(self, request: web.Request) -> web.Response:
        upload = self.uploads.get(request.match_info["id"])
        if upload is None:
            return _error(404, "Record not found")
        upload.rounds = max(upload.rounds - 1, 0)
        return self._media_answer(upload, while_processing=206)

    def _media_answer(self, upload: Upload, *, while_processing: int) -> web.Response:
        url = None if upload.rounds else f"{self.url}/media/{upload.id}"
        status = while_processing if upload.rounds else 200
        body = {"id": upload.id, "url": url, "description": upload.description}
        return web.json_response(body, status=status)

    # -- records ----------------------------------------------------------------------------------

    def _id(self) -> str:
        self._next_id += 1
        return str(self._next_id - 1)

    def _named(self, request: web.Request) -> Status | None:
        id = request.match_info["id"]
        return next((status for status in self.statuses if status.id == id), None)

    def _as_json(self, status: Status) -> dict[str, Any]:
        return {
            "id": status.id,
            "created_at": status.created_at.isoformat().replace("+00:00", "Z"),
            "edited_at": status.edited_at and status.edited_at.isoformat().replace("+00:00", "Z"),
            "url": f"{self.url}/@desk/{status.id}",
            "content": as_html(status.text),
            "visibility": status.visibility,
            "spoiler_text": status.spoiler_text,
            "language": status.language or None,
            "sensitive": status.sensitive,
            "reblog": None,
            "in_reply_to_id": status.in_reply_to_id or None,
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            **status.counts,
            "media_attachments": [{"id": id} for id in status.media_ids],
        }


def as_html(text: str) -> str:
    """Return a status's text as the server shows it: paragraphs, breaks, links, short mentions."""
    escaped = html.escape(text, quote=False)
    linked = _LINK.sub(
        lambda m: f'<a href="{m[0]}"><span class="invisible">{m[0][:8]}</span>{m[0][8:]}</a>',
        escaped,
    )
    named = _MENTION.sub(r'<span class="h-card"><a href="#">@<span>\1</span></a></span>', linked)
    paragraphs = regex.split(r"\n{2,}", named)
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs)


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
