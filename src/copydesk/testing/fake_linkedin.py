"""LinkedIn in one process: the documented rules, kept in memory, and lies on demand.

It reads little text with a parser of its own and cuts where LinkedIn cuts, so that it can disagree
with the spoke. Rules: learn.microsoft.com, Posts API, little text format, Images API, versioning;
the duplicate detector as reported in Composio#2710 and Linkedin-RSS#5 (checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

import regex
from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.loopback import LoopbackServer, json_object

#: How long the detector remembers a text, a deleted one too.
REMEMBERED: Final = timedelta(hours=48)

#: Versions that answer unless somebody switches them off.
ALIVE: Final = frozenset({"202603", "202607"})

PERSON: Final = "urn:li:person:Ada-0_x1"
PAGE: Final = "urn:li:organization:2414183"

_RESERVED: Final = frozenset("\\|{}@[]()<>#*_~")
_MENTION: Final = regex.compile(
    r"@\[((?:\\.|[^\]\\])+)\]\(urn:li:(?:person|organization):(?:\\.|[^()\\])+\)"
)
_TEMPLATE: Final = regex.compile(r"\{hashtag\|\\?[#＃]\|((?:\\.|[^{}|\\])+)\}")
_PLAIN_TAG: Final = regex.compile(r"#([\p{L}\p{N}]+)")

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(slots=True, kw_only=True)
class Post:
    """A post as LinkedIn keeps it; `seen` is what a reader sees of the commentary."""

    urn: str
    author: str
    commentary: str
    seen: str
    created_at: datetime
    visibility: str = "PUBLIC"
    content: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Asset:
    """A file: announced, then sent, then processed for `rounds` more looks."""

    urn: str
    owner: str
    content: bytes = b""
    rounds: int = 0
    fails: bool = False

    @property
    def status(self) -> str:
        """Return what LinkedIn calls how far it has got."""
        if not self.content:
            return "WAITING_UPLOAD"
        if self.fails:
            return "PROCESSING_FAILED"
        return "PROCESSING" if self.rounds else "AVAILABLE"


def read_little(commentary: str) -> str:
    """Return what a reader sees: everything up to the first reserved character without meaning.

    LinkedIn answers 201 all the same.
    """
    seen: list[str] = []
    position = 0
    while position < len(commentary):
        character = commentary[position]
        if character == "\\" and commentary[position + 1 : position + 2] in _RESERVED:
            seen.append(commentary[position + 1])
            position += 2
            continue
        if character not in _RESERVED:
            seen.append(character)
            position += 1
            continue
        if found := _MENTION.match(commentary, position):
            seen.append(regex.sub(r"\\(.)", r"\1", found[1]))
        elif found := _TEMPLATE.match(commentary, position) or _PLAIN_TAG.match(
            commentary, position
        ):
            seen.append("#" + regex.sub(r"\\(.)", r"\1", found[1]))
        else:
            break
        position = found.end()
    return "".join(seen)


class FakeLinkedIn(LoopbackServer):
    """LinkedIn with one person and one page. `alive` are the versions it speaks.

    `reads_people` lets posts of a person be read (r_member_social). `rounds` lets uploads take a
    while, `fails` lets them fail. The listing shows a post after `stale_for` seconds, and fails
    `broken_looks` times. `used_up` answers 429 without headers until midnight UTC.
    """

    lies_to = LoopbackServer.lies_to | {"DELETE"}

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.token = "fake-token-0123456789"
        self.alive = set(ALIVE)
        self.posts: list[Post] = []
        self.assets: dict[str, Asset] = {}
        self.reads_people = False
        self.rounds = 0
        self.fails = False
        self.stale_for = 0.0
        self.broken_looks = 0
        self.used_up = False
        self.statistics: dict[str, dict[str, int]] = {}
        self._remembered: list[tuple[str, str, datetime, str]] = []
        self._numbers = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the API that publishing needs."""
        return [
            web.get("/v2/userinfo", self._signed_in(self._who)),
            web.post("/rest/posts", self._guarded(self._create)),
            web.get("/rest/posts", self._guarded(self._list)),
            web.get("/rest/posts/{urn}", self._guarded(self._show)),
            web.post("/rest/posts/{urn}", self._guarded(self._edit)),
            web.delete("/rest/posts/{urn}", self._guarded(self._remove)),
            web.post("/rest/{kind:images|documents}", self._guarded(self._announce)),
            web.get("/rest/{kind:images|documents}/{urn}", self._guarded(self._asset)),
            web.get("/rest/organizationalEntityShareStatistics", self._guarded(self._statistics)),
            web.put("/dms-uploads/{urn}", self._take),
        ]

    def add(self, seen: str, *, author: str = PAGE, created_at: datetime | None = None) -> Post:
        """Put a post there, as somebody at the page would."""
        at = created_at or self.clock.now()
        commentary = "".join(f"\\{c}" if c in _RESERVED else c for c in seen)
        post = Post(
            urn=self._urn("share", at),
            author=author,
            commentary=commentary,
            seen=seen,
            created_at=at,
        )
        self._keep(post)
        return post

    def drop(self, urn: str) -> None:
        """Delete a post; the detector goes on remembering it."""
        self.posts = [post for post in self.posts if post.urn != urn]

    # -- the door ---------------------------------------------------------------------------------

    def _signed_in(self, handler: Handler) -> Handler:
        async def signed_in(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return _error(401, "Invalid access token", code="INVALID_ACCESS_TOKEN")
            return await handler(request)

        return signed_in

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            version = request.headers.get("Linkedin-Version", "")
            if not version:
                return _error(400, "A version must be present.", code="VERSION_MISSING")
            if version not in self.alive:
                said = f"Requested version {version} is not active"
                return _error(426, said, code="NONEXISTENT_VERSION")
            if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
                return _error(400, "Invalid protocol version")
            if ":" in request.raw_path.replace("%3A", ""):
                return _error(400, "Syntax exception in path variables")
            if self.used_up:
                said = "Resource level throttle limit for calls to this resource is reached."
                return _error(429, said, code="", serviceErrorCode=101)
            return await handler(request)

        return self._signed_in(guarded)

    async def _who(self, request: web.Request) -> web.Response:
        return web.json_response({"sub": PERSON.rpartition(":")[2], "name": "Ada Byron"})

    # -- posts ------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        now = self.clock.now()
        required = ("author", "commentary", "visibility", "distribution", "lifecycleState")
        missing = [name for name in required if name not in body]
        if missing:
            return _invalid("MISSING_FIELD", f"{missing[0]} is required but not found")
        author, commentary = body["author"], body["commentary"]
        if author not in {PERSON, PAGE}:
            return _error(403, "Not enough permissions to access: posts.CREATE", "ACCESS_DENIED")
        if body["distribution"].get("feedDistribution") != "MAIN_FEED":
            return _invalid("INVALID_VALUE", "feedDistribution")
        if body["lifecycleState"] not in {"PUBLISHED", "DRAFT"}:
            return _invalid("INVALID_VALUE", "lifecycleState")
        if len(commentary.encode("utf-16-le")) // 2 > 3000:
            said = f"ShareCommentary text length ({len(commentary)}) exceeded the maximum (3000)"
            return _invalid("FIELD_ARRAY_SIZE_TOO_HIGH", said, status=400)
        if problem := self._content_problem(body.get("content", {}), author):
            return _invalid("INVALID_CONTENT", problem)
        seen = read_little(commentary)
        if twin := self._twin(author, seen, now):
            return _invalid(
                "DUPLICATE_POST",
                "Duplicate post is detected",
                message=f"Content is a duplicate of {twin}",
            )
        post = Post(
            urn=self._urn("share", now),
            author=author,
            commentary=commentary,
            seen=seen,
            created_at=now,
            visibility=body["visibility"],
            content=body.get("content", {}),
        )
        self._keep(post)
        return web.Response(status=201, headers={"x-restli-id": post.urn})

    async def _edit(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if request.headers.get("X-RestLi-Method") != "PARTIAL_UPDATE":
            return _error(400, "No method found for this request")
        if post is None:
            return _error(404, "Not Found", code="NOT_FOUND")
        changes = (await json_object(request)).get("patch", {}).get("$set", {})
        if set(changes) - {"commentary", "contentCallToActionLabel", "contentLandingPage"}:
            return _invalid("FIELD_NOT_EDITABLE", "only the commentary can be changed")
        post.commentary = str(changes.get("commentary", post.commentary))
        post.seen = read_little(post.commentary)
        return web.Response(status=204)

    async def _show(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if post is None:
            return _error(404, "Not Found", code="NOT_FOUND")
        if not self._may_read(post.author):
            return _error(403, "Not enough permissions to access: posts.GET", "ACCESS_DENIED")
        return web.json_response(_as_json(post))

    async def _list(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return _error(503, "Service Unavailable")
        author = request.query.get("author", "")
        if request.query.get("q") != "author" or not self._may_read(author):
            return _error(403, "Not enough permissions: posts.FINDER-author", "ACCESS_DENIED")
        shown_until = self.clock.now() - timedelta(seconds=self.stale_for)
        start, count = int(request.query.get("start", 0)), int(request.query.get("count", 10))
        posts = [p for p in self.posts if p.author == author and p.created_at <= shown_until]
        newest = sorted(posts, key=lambda post: post.created_at, reverse=True)
        page = newest[start : start + count]
        paging = {"start": start, "count": count, "total": len(newest), "links": []}
        return web.json_response({"paging": paging, "elements": [_as_json(p) for p in page]})

    async def _remove(self, request: web.Request) -> web.Response:
        post = self._named(request)
        if post is not None:
            self.drop(post.urn)
        return web.Response(status=204)

    async def _statistics(self, request: web.Request) -> web.Response:
        asked = regex.findall(r"(?:shares|ugcPosts)=List\(([^)]*)\)", request.raw_path)
        urn = unquote(asked[0]) if asked else ""
        numbers = self.statistics.get(urn)
        found = [{"share": urn, "totalShareStatistics": numbers}] if numbers else []
        return web.json_response({"elements": found})

    def _may_read(self, author: str) -> bool:
        return author == PAGE or (author == PERSON and self.reads_people)

    def _twin(self, author: str, seen: str, now: datetime) -> str:
        there = {post.urn for post in self.posts}
        for who, text, at, urn in reversed(self._remembered):
            if (who, text) == (author, seen) and now - at < REMEMBERED:
                # of a deleted one it makes up a number that never existed
                return urn if urn in there else self._urn("share", now)
        return ""

    def _keep(self, post: Post) -> None:
        self.posts.append(post)
        self._remembered.append((post.author, post.seen, post.created_at, post.urn))

    def _content_problem(self, content: dict[str, Any], author: str) -> str:
        if len(content) > 1:
            return "only one kind of content is possible"
        images = content.get("multiImage", {}).get("images")
        if images is not None and not 2 <= len(images) <= 20:
            return f"multiImage takes 2 to 20 images, not {len(images)}"
        article = content.get("article")
        if article is not None and not (article.get("source") and article.get("title")):
            return "an article needs source and title"
        named = [one["id"] for one in images or ()]
        named += [content["media"]["id"]] if "media" in content else []
        named += [article["thumbnail"]] if article and "thumbnail" in article else []
        for urn in named:
            asset = self.assets.get(urn)
            if asset is None or asset.owner != author:
                return f"{urn} is not there"
            if asset.status != "AVAILABLE":
                return f"{urn} is {asset.status}"
        return ""

    # -- files ------------------------------------------------------------------------------------

    async def _announce(self, request: web.Request) -> web.Response:
        if request.query.get("action") != "initializeUpload":
            return _error(400, "No such action")
        owner = (await json_object(request)).get("initializeUploadRequest", {}).get("owner", "")
        if owner not in {PERSON, PAGE}:
            return _error(403, "Not enough permissions", "ACCESS_DENIED")
        kind = request.match_info["kind"].removesuffix("s")
        self._numbers += 1
        urn = f"urn:li:{kind}:C4E{self._numbers:04d}"
        self.assets[urn] = Asset(urn=urn, owner=owner, rounds=self.rounds, fails=self.fails)
        address = f"{self.url}/dms-uploads/{urn}"
        return web.json_response({"value": {"uploadUrl": address, kind: urn}})

    async def _take(self, request: web.Request) -> web.Response:
        asset = self.assets.get(request.match_info["urn"])
        if asset is None:
            return web.Response(status=404)
        asset.content = await request.read()
        return web.Response(status=201)

    async def _asset(self, request: web.Request) -> web.Response:
        asset = self.assets.get(request.match_info["urn"])
        if asset is None:
            return _error(404, "Not Found", code="NOT_FOUND")
        status = asset.status
        asset.rounds = max(asset.rounds - 1, 0)
        return web.json_response({"id": asset.urn, "owner": asset.owner, "status": status})

    # -- records ----------------------------------------------------------------------------------

    def _urn(self, kind: str, at: datetime) -> str:
        self._numbers += 1
        number = (int(at.timestamp() * 1000) << 22) + self._numbers
        return f"urn:li:{kind}:{number}"

    def _named(self, request: web.Request) -> Post | None:
        urn = request.match_info["urn"]
        return next((post for post in self.posts if post.urn == urn), None)


def _as_json(post: Post) -> dict[str, Any]:
    stamp = int(post.created_at.timestamp() * 1000)
    shown = {"content": post.content} if post.content else {}
    return {
        "id": post.urn,
        "author": post.author,
        "commentary": post.commentary,
        "createdAt": stamp,
        "publishedAt": stamp,
        "lifecycleState": "PUBLISHED",
        "visibility": post.visibility,
        **shown,
    }


def _error(status: int, message: str, code: str = "", **more: Any) -> web.Response:
    body = {"status": status, "message": message, **({"code": code} if code else {}), **more}
    return web.json_response(body, status=status)


def _invalid(code: str, description: str, *, status: int = 422, message: str = "") -> web.Response:
    prefix = "com.linkedin.content.common.exception.BadRequestResponseException: "
    errors = [{"code": code, "description": description, "input": {}}]
    return _error(
        status,
        prefix + (message or description),
        errorDetailType="com.linkedin.common.error.BadRequest",
        errorDetails={"inputErrors": errors},
    )
