"""Medium's legacy API in one process: the documented rules, kept in memory, and lies on demand.

It publishes at once when nobody says otherwise, ignores tags beyond the third and longer ones,
makes up a title where the one it is given is too long, and shows nothing afterwards. Rules:
https://github.com/Medium/medium-api-docs (archived 2023-03-02, checked 2026-11-22).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.loopback import Handler, LoopbackServer, json_object

AUTHOR: Final = "5303d74c64f66366f00cb9b2a94f3251bf5"
PUBLICATION: Final = "b969ac62a46b"

_LICENSES: Final = frozenset(
    {
        "all-rights-reserved", "cc-40-by", "cc-40-by-sa", "cc-40-by-nd", "cc-40-by-nc",
        "cc-40-by-nc-nd", "cc-40-by-nc-sa", "cc-40-zero", "public-domain",
    }
)  # fmt: skip
_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/tiff"})


@dataclass(slots=True, kw_only=True)
class Story:
    """A story as Medium keeps it."""

    id: str
    title: str
    content: str
    status: str
    format: str
    publication: str = ""
    tags: list[str] = field(default_factory=list)
    canonical_url: str = ""
    license: str = ""
    notified: bool = False


class FakeMedium(LoopbackServer):
    """Medium with one author, who is `role` ("editor" or "writer") of one publication.

    `uploads` lets the token upload images, `lists` lets it list publications.
    """

    def __init__(self, *, clock: Clock | None = None, role: str = "editor") -> None:
        super().__init__(clock=clock)
        self.token = "fake-token-0123456789"
        self.role = role
        self.uploads = True
        self.lists = True
        self.stories: list[Story] = []
        self.images: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the whole API."""
        return [
            web.get("/v1/me", self._guarded(self._me)),
            web.get("/v1/users/{id}/publications", self._guarded(self._publications)),
            web.post("/v1/users/{id}/posts", self._guarded(self._post_as_author)),
            web.post("/v1/publications/{id}/posts", self._guarded(self._post_in_publication)),
            web.post("/v1/images", self._guarded(self._upload)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return _error(401, "Token was invalid.", 6003)
            return await handler(request)

        return guarded

    async def _me(self, request: web.Request) -> web.Response:
        url = "https://medium.com/@ada"
        return _data({"id": AUTHOR, "username": "ada", "name": "Ada Byron", "url": url}, 200)

    async def _publications(self, request: web.Request) -> web.Response:
        if not self.lists:
            return _error(401, "Token lacks the scope listPublications.", 6003)
        return _data([{"id": PUBLICATION, "name": "About Desks"}], 200)

    async def _post_as_author(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != AUTHOR:
            return _error(404, "No such user", 6000)
        return await self._post(request, "")

    async def _post_in_publication(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != PUBLICATION:
            return _error(404, "No such publication", 6000)
        return await self._post(request, PUBLICATION)

    async def _post(self, request: web.Request, publication: str) -> web.Response:
        body = await json_object(request)
        status = body.get("publishStatus", "public")
        if problem := _refusal(body, status):
            return _error(400, problem, 2002)
        if publication and self.role == "writer" and status != "draft":
            return _error(403, "Writers may only create drafts.", 6026)
        title = str(body["title"])
        number = f"{0xE6F36A + len(self.stories):x}"
        story = Story(
            id=number,
            title=title if len(title) <= 100 else str(body["content"])[:60],
            content=str(body["content"]),
            status=status,
            format=str(body["contentFormat"]),
            publication=publication,
            tags=[tag for tag in list(body.get("tags", []))[:3] if len(tag) <= 25],
            canonical_url=str(body.get("canonicalUrl", "")),
            license=str(body.get("license", "all-rights-reserved")),
            notified=status == "public" and bool(body.get("notifyFollowers", True)),
        )
        self.stories.append(story)
        where = f"p/{number}/edit" if status == "draft" else f"@ada/a-story-{number}"
        told = {
            "id": number,
            "title": story.title,
            "authorId": AUTHOR,
            "tags": story.tags,
            "url": f"https://medium.com/{where}",
            "publishStatus": status,
            "license": story.license,
        }
        return _data(told, 201)

    async def _upload(self, request: web.Request) -> web.Response:
        if not self.uploads:
            return _error(403, "Token lacks the scope uploadImage.", 6007)
        form = await request.post()
        image = form.get("image")
        if not isinstance(image, web.FileField) or image.content_type not in _IMAGES:
            return _error(400, "Image type not supported", 2002)
        content = image.file.read()
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.images[digest] = content
        url = f"https://cdn-images-1.medium.com/proxy/1*{digest}.{image.filename[-3:]}"
        return _data({"url": url, "md5": digest}, 201)


def _refusal(body: dict[str, Any], status: str) -> str:
    missing = [k for k in ("title", "contentFormat", "content") if not body.get(k)]
    if missing:
        return f"{missing[0]} is required"
    if body["contentFormat"] not in {"html", "markdown"}:
        return "contentFormat is invalid"
    if status not in {"public", "draft", "unlisted"}:
        return "publishStatus is invalid"
    if body.get("license", "all-rights-reserved") not in _LICENSES:
        return "license is invalid"
    return ""


def _data(data: Any, status: int) -> web.Response:
    return web.json_response({"data": data}, status=status)


def _error(status: int, message: str, code: int) -> web.Response:
    return web.json_response({"errors": [{"message": message, "code": code}]}, status=status)
