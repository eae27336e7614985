"""A Paragraph publication in one process: the documented rules, kept in memory, and lies on demand.

It is as careless as the documentation allows: a post without a state is public at once, every
publishing call that asks for a newsletter mails everybody, also a second time. Rules: openapi.json
of the official SDK (2026-08-20, checked 2026-11-22). Assumed: a slug that is taken gets a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.loopback import LoopbackServer, json_object

_STATES: Final = ("published", "draft", "archived")
_LONGEST: Final = {"title": 200, "subtitle": 300, "slug": 256, "postPreview": 500}
_FIELDS: Final = frozenset(
    {
        "title", "markdown", "bodyJson", "subtitle", "imageUrl", "sendNewsletter", "status", "slug",
        "postPreview", "categories", "authorIds", "scheduledAt", "publishedAt", "clearImage",
    }
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Post:
    """A post as Paragraph keeps it. `created_at` is aware UTC; `version` counts its bodies, `read`
    is the one the API's user has seen (0: none)."""

    id: str
    title: str
    slug: str
    markdown: str
    created_at: datetime
    status: str = "published"
    subtitle: str = ""
    image: str = ""
    categories: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    published_at: datetime | None = None
    views: int = 0
    version: int = 1
    read: int = 0


class FakeParagraph(LoopbackServer):
    """One publication. `mails` lists the title of every post that was mailed. Lists and look-ups by
    slug show a post after `stale_for` seconds, and lists fail `broken_looks` times; what `own` is
    set to stands for its own domain. Without `tells_states` a post's page leaves its state out,
    as the specification allows. `slow_mail` keeps a mailed post a draft for so many looks."""

    # a draft may be made as often as one likes; what publishes is the change of its state
    lies_to = frozenset({"PUT", "DELETE"})

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.key = "fake-key-0123456789"
        self.posts: list[Post] = []
        self.mails: list[str] = []
        self.own = ""
        self.stale_for = 0.0
        self.broken_looks = 0
        self.slow_mail = 0
        self.tells_states = True
        self._next_id = 1

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the API that publishing needs."""
        at = "/api/v1"
        routes = [
            web.get(f"{at}/me", self._me),
            web.get(f"{at}/posts", self._list),
            web.post(f"{at}/posts", self._create),
            web.get(f"{at}/posts/{{id}}", self._show),
            web.put(f"{at}/posts/{{id}}", self._update),
            web.delete(f"{at}/posts/{{id}}", self._remove),
            web.get(f"{at}/publications/{{publication}}/posts/slug/{{slug}}", self._by_slug),
        ]
        return [web.RouteDef(r.method, r.path, self._guarded(r.handler), {}) for r in routes]

    def add(self, title: str, *, slug: str, **more: Any) -> Post:
        """Put a post there, as somebody in the editor would."""
        made = {"markdown": title, "created_at": self.clock.now() - timedelta(days=1), **more}
        post = Post(id=self._id(), title=title, slug=slug, **made)
        self.posts.append(post)
        return post

    def edit(self, id: str, markdown: str) -> None:
        """Change the text of a post, as somebody in the editor would."""
        post = next(post for post in self.posts if post.id == id)
        post.markdown, post.version = markdown, post.version + 1

    @property
    def public(self) -> list[Post]:
        """Return the posts that everybody can see."""
        return [post for post in self.posts if post.status == "published"]

    def _guarded(self, handler: Any) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.key}":
                return _error(401, "Invalid or missing API key")
            answer: web.Response = await handler(request)
            return answer

        return guarded

    # -- writing ----------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        problem = _problem(body) or ("title is required" if not body.get("title") else "")
        if ("markdown" in body) == ("bodyJson" in body):
            problem = problem or "Provide exactly one of markdown or bodyJson"
        if problem:
            return _error(400, problem)
        slug = self._free(str(body.get("slug") or _slug(body["title"])))
        post = Post(
            id=self._id(),
            title=body["title"],
            slug=slug,
            markdown=str(body.get("markdown", "")),
            created_at=self.clock.now(),
            status="draft",
        )
        self.posts.append(post)
        self._take(post, {**body, "slug": slug, "status": body.get("status", "published")})
        return web.json_response({"id": post.id, "status": post.status})

    async def _update(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if post is None:
            return _error(404, "Post not found in your publication")
        body = await json_object(request)
        if problem := _problem(body):
            return _error(400, problem)
        if "markdown" in body:
            if post.read != post.version:
                return _error(409, "The body was not based on the post's current content")
            post.markdown, post.version = body["markdown"], post.version + 1
        self._take(post, body)
        return web.json_response({"success": True})

    async def _remove(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if post is None:
            return _error(404, "Post not found in your publication")
        self.posts.remove(post)
        return web.json_response({"success": True})

    def _take(self, post: Post, body: dict[str, Any]) -> None:
        post.title = body.get("title", post.title)
        post.subtitle = body.get("subtitle", post.subtitle)
        post.slug = body.get("slug", post.slug)
        post.image = "" if body.get("clearImage") else body.get("imageUrl", post.image)
        post.categories = list(body.get("categories", post.categories))
        post.authors = list(body.get("authorIds", post.authors))
        post.status = body.get("status", post.status)
        if post.status == "published":
            post.published_at = post.published_at or self.clock.now()
            if body.get("sendNewsletter") in {True, "true", "1"}:
                self.mails.append(post.title)

    # -- reading ----------------------------------------------------------------------------------

    async def _me(self, _: web.Request) -> web.Response:
        me: dict[str, Any] = {"id": "pub-1", "name": "The Desk", "slug": "desk"}
        if self.own:
            me["customDomain"] = self.own
        return web.json_response(me)

    async def _list(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return _error(500, "Internal server error")
        status, limit = request.query.get("status", "published"), request.query.get("limit", "10")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            return _error(400, "limit must be between 1 and 100")
        start = int(request.query.get("cursor", "0"))
        listed = [post for post in reversed(self._listed()) if post.status == status]
        page = listed[start : start + int(limit)]
        more = start + len(page) < len(listed)
        pagination: dict[str, Any] = {"hasMore": more, "total": len(listed)}
        if more:
            pagination["cursor"] = str(start + len(page))
        items = [{**self._as_json(post), "views": post.views} for post in page]
        return web.json_response({"items": items, "pagination": pagination})

    async def _show(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if post is None:
            return _error(404, "Post not found")
        post.read = post.version
        shown = self._as_json(post, with_content="includeContent" in request.query)
        if not self.tells_states:
            del shown["status"]
        return web.json_response(shown)

    async def _by_slug(self, request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        if request.match_info["publication"] != "pub-1":
            return _error(404, "Publication not found")
        public = [p for p in self._listed() if p.slug == slug and p.status == "published"]
        if not public:
            return _error(404, "Post not found")
        # what is public says nothing of its state here: only a post's own page does
        shown = self._as_json(public[0], with_content="includeContent" in request.query)
        return web.json_response({k: v for k, v in shown.items() if k != "status"})

    def _listed(self) -> list[Post]:
        until = self.clock.now() - timedelta(seconds=self.stale_for)
        return [post for post in self.posts if post.created_at <= until]

    def _as_json(self, post: Post, *, with_content: bool = False) -> dict[str, Any]:
        status = post.status
        if status == "published" and self.slow_mail > 0 and post.title in self.mails:
            self.slow_mail -= 1
            status = "draft"
        shown: dict[str, Any] = {
            "id": post.id,
            "title": post.title,
            "slug": post.slug,
            "status": status,
            "categories": post.categories,
            "authorIds": post.authors,
        }
        optional = {"subtitle": post.subtitle, "imageUrl": post.image}
        shown |= {name: value for name, value in optional.items() if value}
        if post.published_at:
            shown["publishedAt"] = str(int(post.published_at.timestamp() * 1000))
        if with_content:
            shown["markdown"] = rewritten(post.markdown)
        return shown

    # -- records ----------------------------------------------------------------------------------

    def _id(self) -> str:
        self._next_id += 1
        return f"post-{self._next_id - 1}"

    def _named(self, request: web.Request) -> Post | None:
        id = request.match_info["id"]
        return next((post for post in self.posts if post.id == id), None)

    def _free(self, slug: str) -> str:
        taken, number, free = {post.slug for post in self.posts}, 1, slug
        while free in taken:
            number += 1
            free = f"{slug}-{number}"
        return free


def rewritten(markdown: str) -> str:
    """Return `markdown` as it comes back from an editor's document: the same words, other marks,
    and images at an address of its own."""
    lines = [re.sub(r"^(\s*)[*+] ", r"\1- ", line.rstrip()) for line in markdown.splitlines()]
    text = re.sub(r"(?<![*\w])\*([^*\s][^*\n]*)\*(?![*\w])", r"_\1_", "\n".join(lines))
    text = re.sub(r"(!\[[^\]]*\])\([^)]*\)", r"\1(https://storage.example/rehosted)", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _problem(body: dict[str, Any]) -> str:
    if unknown := sorted(set(body) - _FIELDS):
        return f"unknown field {unknown[0]}"
    for name, longest in _LONGEST.items():
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > longest:
            return f"{name} must be at most {longest} characters"
    if "slug" in body and not body["slug"]:
        return "slug must not be empty"
    if body.get("status", "draft") not in _STATES:
        return "status must be published, draft or archived"
    if not isinstance(body.get("categories", []), list | str):
        return "categories must be a list"
    if not 1 <= len(body.get("authorIds", ["one"])) <= 20:
        return "authorIds must be 1 to 20"
    image = body.get("imageUrl", "https://example.org")
    if not re.match(r"https?://\S+$", image):
        return "imageUrl must be a URL"
    return ""


def _slug(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())) or "post"


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"success": False, "msg": message}, status=status)
