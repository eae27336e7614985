"""A Forem in one process: the documented rules, kept in memory, and lies on demand.

It reads Liquid and front matter with code of its own, so that it can disagree with the spoke:
forem/forem, app/models/article.rb, app/controllers/concerns/api/articles_controller.rb,
app/views/api/v1/articles, app/services/markdown_processor (checked 2026-11-22).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.loopback import LoopbackServer

VERSION: Final = "application/vnd.forem.api-v1+json"

#: What a key may set; everything else is ignored without a word.
_FIELDS: Final = (
    "title", "body_markdown", "published", "series", "main_image", "canonical_url", "description",
    "tags", "published_at", "language", "organization_id",
)  # fmt: skip

_FRONT_MATTER: Final = re.compile(r"\A\s*---[ \t]*\n(?P<fields>.*?)^---[ \t]*$\n?", re.S | re.M)
_LIQUID: Final = re.compile(r"{%.*?%}|{{.*?}}?|{%|{{", re.S)
_CODE: Final = re.compile(r"~~~.*?~~~|```.*?```|``.+?``|`.+?`", re.S)
_TAGS: Final = {"embed": "", "raw": "endraw", "cta": "endcta", "details": "enddetails"}


@dataclass(slots=True, kw_only=True)
class Article:
    """An article as the Forem keeps it. Times are aware UTC; `published_at` stays when it becomes a
    draft again."""

    id: int
    title: str
    body: str
    created_at: datetime
    slug: str = ""
    published: bool = False
    published_at: datetime | None = None
    edited_at: datetime | None = None
    canonical_url: str = ""
    main_image: str = ""
    description: str = ""
    series: str = ""
    language: str = ""
    tags: list[str] = field(default_factory=list)
    organization_id: int | None = None
    views: int = 0
    reactions: int = 0
    comments: int = 0


class FakeDevto(LoopbackServer):
    """One Forem with one account.

    `is_new` makes the account young (one article in five minutes). `keeps_drafts` times a call that
    publishes is answered with success and stays a draft; `slugs_come_after` is how often an article
    is shown with its draft's address. Lists show what is older than `stale_for` seconds and fail
    `broken_looks` times. `taken` are canonical URLs of other people's articles. Lies strike
    the first `lies_to_tries` tries of each call: nobody is lied to for ever.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.key = "fake-api-key-0123456789"
        self.articles: list[Article] = []
        self.taken: set[str] = set()
        self.organizations: set[int] = set()
        self.aliases = {"js": "javascript"}
        self.is_new = False
        self.is_suspended = False
        self.keeps_drafts = 0
        self.slugs_come_after = 0
        self.stale_for = 0.0
        self.broken_looks = 0
        self.lies_to_tries: int | None = None
        self._tries: Counter[tuple[str, bytes]] = Counter()
        self._published_at: list[datetime] = []
        self._updated_at: list[datetime] = []

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the API that publishing needs."""
        routes = [
            web.get("/api/users/me", self._whoami),
            web.get("/api/articles/me/{which}", self._mine),
            web.get("/api/articles/{id}", self._show),
            web.post("/api/articles", self._create),
            web.put("/api/articles/{id}", self._update),
        ]
        return [web.RouteDef(r.method, r.path, self._guarded(r.handler), {}) for r in routes]

    def publishes(self, request: web.Request) -> bool:
        """Return whether `request` is one that is lied to; see `lies_to_tries`."""
        if not super().publishes(request):
            return False
        call = (request.path, self.hits[-1].body)
        self._tries[call] += 1
        return self.lies_to_tries is None or self._tries[call] <= self.lies_to_tries

    def add(self, title: str, body: str = "Words.", **more: Any) -> Article:
        """Put an article there, as its author would in the browser."""
        now = self.clock.now()
        article = Article(
            id=len(self.articles) + 101, title=title, body=body, created_at=now, **more
        )
        self.articles.append(article)
        self._publish(article) if article.published else self._name(article)
        return article

    def named(self, id: str) -> Article | None:
        """Return the article with this number, None when there is none."""
        return next((a for a in self.articles if str(a.id) == id), None)

    def _guarded(self, handler: Any) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            if request.headers.get("api-key") != self.key or self.is_suspended:
                return _error(401, "unauthorized")
            answer: web.Response = await handler(request)
            return answer

        return guarded

    # -- writing ----------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        window, most = (timedelta(minutes=5), 1) if self.is_new else (timedelta(seconds=30), 9)
        if wait := self._wait(self._published_at, window, most):
            return _limited(wait)
        given = await _given(request)
        now = self.clock.now()
        title = " ".join(str(given.get("title", "")).split())
        recent = now - timedelta(minutes=5)
        if any(a.title == title and a.created_at > recent for a in self.articles):
            return _error(422, "Title has already been used in the last five minutes")
        article = Article(id=len(self.articles) + 101, title="", body="", created_at=now)
        if problem := self.apply(article, given):
            return _error(422, problem)
        self.articles.append(article)
        return web.json_response(self._as_shown(article), status=201)

    async def _update(self, request: web.Request) -> web.Response:
        article = self.named(request.match_info["id"])
        if article is None:
            return _error(404, "not found")
        if wait := self._wait(self._updated_at, timedelta(seconds=30), 30):
            return _limited(wait)
        given = await _given(request)
        changed = Article(**{name: getattr(article, name) for name in Article.__slots__})
        if problem := self.apply(changed, given):
            return _error(422, problem)
        for name in Article.__slots__:
            setattr(article, name, getattr(changed, name))
        self._updated_at.append(self.clock.now())
        return web.json_response(self._as_shown(article))

    def apply(self, article: Article, given: Mapping[str, Any]) -> str:
        """Set what was `given`; return the sentence that refuses it, "" when it was taken."""
        for name in ("main_image", "canonical_url", "description", "series", "language"):
            if name in given:
                setattr(article, name, str(given[name] or ""))
        if "title" in given:
            article.title = " ".join(str(given["title"]).split())
        if "body_markdown" in given:
            article.body = str(given["body_markdown"] or "")
        # an array or nothing: a string does not pass the parameter filter
        if isinstance(given.get("tags"), list):
            article.tags = [self.aliases.get(str(tag), str(tag)) for tag in given["tags"]]
        if given.get("organization_id") in self.organizations:
            article.organization_id = given["organization_id"]
        published = given["published"] is True if "published" in given else article.published
        published = self._front_matter(article, published)
        if problem := self._refusal(article, published):
            return problem
        if published and not article.published and self.keeps_drafts > 0:
            self.keeps_drafts -= 1
            published = False
        if published and not article.published:
            self._publish(article)
        elif published:
            article.edited_at = self.clock.now()
        article.published = published
        self._name(article)
        return ""

    def _front_matter(self, article: Article, published: bool) -> bool:
        """Let front matter override what was given, as the old editor does."""
        found = _FRONT_MATTER.match(article.body)
        if found is None:
            return published
        lines = (line.partition(":") for line in found["fields"].splitlines())
        fields = {name.strip(): value.strip().strip("\"'") for name, _, value in lines}
        if not any(fields.values()):
            return published
        if fields.get("title"):
            article.title = fields["title"]
            article.description = fields.get("description", "")
            article.series = fields.get("series", "")
        if fields.get("tags"):
            article.tags = [tag.strip() for tag in fields["tags"].split(",")]
        if fields.get("canonical_url"):
            article.canonical_url = fields["canonical_url"]
        return fields["published"] == "true" if "published" in fields else published

    def _refusal(self, article: Article, published: bool) -> str:
        if not article.title:
            return "Title can't be blank"
        if len(article.title) > 128:
            return "Title is too long (maximum is 128 characters)"
        if len(article.body.encode()) > 819_200:
            return "Body markdown is too long."
        if len(article.tags) > 4:
            return "Tag list exceed the maximum of 4 tags"
        for tag in article.tags:
            if not re.fullmatch(r"[a-zA-Z0-9]{1,30}", tag):
                return f'Tag "{tag}" contains non-ASCII characters'
        for name, value in (
            ("Main image", article.main_image),
            ("Canonical url", article.canonical_url),
        ):
            if value and not re.match(r"https?://\S+\Z", value):
                return f"{name} is not a valid URL"
        others = (a for a in self.articles if a.published and a.id != article.id)
        taken = self.taken | {a.canonical_url for a in others}
        if published and article.canonical_url and article.canonical_url in taken:
            email = "yo@dev.to"
            return f"Canonical url has already been taken. Email {email} for further details."
        if len(set(re.findall(r"(?<![\w/])@(\w+)", _CODE.sub("", article.body)))) > 7:
            return "You cannot mention more than 7 users in a post!"
        return liquid_error(article.body)

    def _publish(self, article: Article) -> None:
        now = self.clock.now()
        article.published_at = article.published_at or now
        self._published_at.append(now)

    def _name(self, article: Article) -> None:
        base = re.sub(r"[^a-z0-9]+", "-", article.title.lower()).strip("-")
        if not article.slug:
            article.slug = f"{base}-temp-slug-{article.id * 7919}"
        if article.published and self.slugs_come_after < 1 and "-temp-slug-" in article.slug:
            article.slug = f"{base}-{article.id * 31:x}"

    def _wait(self, moments: list[datetime], window: timedelta, most: int) -> int:
        recent = sorted(m for m in moments if m > self.clock.now() - window)
        if len(recent) < most:
            return 0
        return max(1, round((recent[-most] + window - self.clock.now()).total_seconds()))

    # -- reading ----------------------------------------------------------------------------------

    async def _mine(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return _error(503, "Service Unavailable")
        shown_until = self.clock.now() - timedelta(seconds=self.stale_for)
        which = request.match_info["which"]
        mine = [
            article
            for article in self.articles
            if (article.published_at or article.created_at) <= shown_until
            and (which == "all" or article.published is (which == "published"))
        ]
        # published_at descending: what has none comes first, then by its making
        mine.sort(key=lambda a: a.id, reverse=True)
        mine.sort(key=lambda a: (a.published_at is not None, -_seconds(a.published_at)))
        size = min(int(request.query.get("per_page", "30")), 1000)
        start = (int(request.query.get("page", "1")) - 1) * size
        return web.json_response([self._as_listed(a) for a in mine[start : start + size]])

    async def _show(self, request: web.Request) -> web.Response:
        article = self.named(request.match_info["id"])
        if article is None or not article.published:
            return _error(404, "not found")
        self.slugs_come_after = max(0, self.slugs_come_after - 1)
        self._name(article)
        return web.json_response(self._as_shown(article))

    async def _whoami(self, request: web.Request) -> web.Response:
        return web.json_response({"type_of": "user", "id": 7, "username": "desk", "name": "Desk"})

    def _as_listed(self, article: Article) -> dict[str, Any]:
        return {
            **self._everywhere(article),
            "published": article.published,
            "page_views_count": article.views,
            "body_markdown": article.body,
            "tag_list": article.tags,
        }

    def _as_shown(self, article: Article) -> dict[str, Any]:
        return {
            **self._everywhere(article),
            "edited_at": article.edited_at and _iso(article.edited_at),
            "created_at": _iso(article.created_at),
            "language": article.language or None,
            "body_markdown": article.body,
            "tag_list": ", ".join(article.tags),
            "tags": article.tags,
        }

    def _everywhere(self, article: Article) -> dict[str, Any]:
        url = f"{self.url}/desk/{article.slug}"
        shown_at = _iso(article.published_at) if article.published_at else None
        return {
            "type_of": "article",
            "id": article.id,
            "title": article.title,
            "description": article.description or article.body[:100],
            "slug": article.slug,
            "path": f"/desk/{article.slug}",
            "url": url,
            "canonical_url": article.canonical_url or url,
            "cover_image": f"https://media2.dev.to/{article.main_image}"
            if article.main_image
            else None,
            "published_at": shown_at,
            "published_timestamp": shown_at if article.published else "",
            "comments_count": article.comments,
            "public_reactions_count": article.reactions,
            "positive_reactions_count": article.reactions,
        }


def liquid_error(body: str) -> str:
    """Return what a Forem says about Liquid in `body` that it cannot run, "" when it can."""
    open_tags: list[str] = []
    for token in _LIQUID.findall(_CODE.sub("", body)):
        if open_tags[-1:] == ["endraw"]:
            if re.search(r"{%-?\s*endraw\s*-?%}\Z", token):
                open_tags.pop()
            continue
        if token in {"{%", "{{"} or (token.startswith("{%") and not token.endswith("%}")):
            return f"Liquid syntax error: Tag '{token}' was not properly terminated"
        if token.startswith("{{"):
            return f"Liquid variables are disabled: {token}"
        words = token[2:-2].strip("- ").split()
        name = words[0] if words else ""
        if open_tags and name == open_tags[-1]:
            open_tags.pop()
        elif name not in _TAGS:
            return f"Liquid syntax error: Unknown tag '{name}'"
        elif _TAGS[name]:
            open_tags.append(_TAGS[name])
    return f"Liquid syntax error: '{open_tags[-1]}' is missing" if open_tags else ""


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


async def _given(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    article = body.get("article") if isinstance(body, dict) else None
    given = {k: v for k, v in (article or {}).items() if k in _FIELDS}
    if request.headers.get("Accept") != VERSION:
        given.pop("tags", None)  # what older versions did with a list
    return given


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message, "status": status}, status=status)


def _limited(seconds: int) -> web.Response:
    message = f"Rate limit reached, try again in {seconds} seconds"
    body = {"error": message, "status": 429}
    return web.json_response(body, status=429, headers={"Retry-After": str(seconds)})
