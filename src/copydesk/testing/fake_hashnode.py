"""Hashnode in one process: one publication behind GraphQL, kept in memory, and lies on demand.

Errors come with HTTP 200, reads may be old, a published draft is gone, a removed post can still be
read by its id. Rules: Hashnode/gql-skill, references/mutations.md and errors-and-limits.md (checked
2026-11-22); that a slug which is taken gets a number is assumed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.graphql import GraphQLError, Operation, answer, read_operation
from copydesk.testing.loopback import LoopbackServer

PUBLICATION: Final = "65f0c0ffee65f0c0ffee65f0"
HOST: Final = "blog.example.com"

#: Bytes of a request, levels of a query, tags, bytes of an image.
MOST_BYTES: Final = 100 * 1024
MOST_DEPTH: Final = 10
MOST_TAGS: Final = 15
MOST_IMAGE: Final = 8_000_000

#: The name of a mutation in a request's body.
_MUTATION: Final = re.compile(rb"mutation (\w+)\(")

#: What the inputs may have, as in the published schema; GraphQL refuses everything else.
_TAG: Final = frozenset({"slug", "name"})
_SETTINGS: Final = frozenset(
    {"enableTableOfContent", "delist", "activateNewsletter", "slugOverridden"}
)
_BOTH: Final = frozenset(
    {
        "title", "subtitle", "contentMarkdown", "slug", "tags", "seriesId", "disableComments",
        "originalArticleURL", "publishedAt", "publishAs", "coAuthors",
    }
)  # fmt: skip
_DRAFT: Final = _BOTH | {"publicationId", "settings", "metaTags", "coverImageOptions"}
_UPDATE: Final = _BOTH | {
    "id", "coverImage", "metaTitle", "metaDescription", "ogImage", "isDelisted", "enableToc",
}  # fmt: skip

NO_PRO: Final = (
    "Publication does not have an active Pro plan. "
    "Upgrade in your dashboard to access this via the API."
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A draft or a post: what it was at which time (aware UTC), and until when it was there."""

    id: str
    versions: list[tuple[datetime, dict[str, Any]]]
    gone_at: datetime | None = None
    published_at: datetime | None = None
    views: int = 0

    @property
    def now(self) -> dict[str, Any]:
        """Return its present fields."""
        return self.versions[-1][1]

    def at(self, moment: datetime) -> dict[str, Any] | None:
        """Return its fields as they were at `moment`, None when it was not there."""
        if self.gone_at is not None and self.gone_at <= moment:
            return None
        known = [fields for since, fields in self.versions if since <= moment]
        return known[-1] if known else None


class FakeHashnode(LoopbackServer):
    """One publication and one user.

    `has_pro` and `role` are what the user may do; `stale_for` how old reads are, in seconds (25 at
    most); `broken_looks` how many queries fail; `fails_after_work` how many mutations do their work
    and answer INTERNAL_SERVER_ERROR; `knows` the mutations the schema has; `uploads_by` the ways of
    uploading it has. `mailed` are the posts subscribers were mailed about. Lies strike the first
    `lies_to_tries` tries of each mutation: nobody is lied to for ever.
    """

    lies_to_mutations: frozenset[str] = frozenset(
        {"CreateDraft", "PublishDraft", "UpdatePost", "RemovePost"}
    )

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.token = "fake-token-0123456789"
        self.drafts: list[Entry] = []
        self.posts: list[Entry] = []
        self.series: dict[str, str] = {}
        self.images: dict[str, bytes] = {}
        self.mailed: list[str] = []
        self.has_pro = True
        self.role = "OWNER"
        self.stale_for = 0.0
        self.broken_looks = 0
        self.fails_after_work = 0
        self.lies_to_tries: int | None = None
        self._tries: Counter[bytes] = Counter()
        self.uploads_by = {"presignedPut", "presignedPost"}
        self.knows = {"removePost", "confirmImageUpload"}
        self._next = 1

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoint, and the storage that images are sent to."""
        return [
            web.post("/", self._endpoint),
            web.put("/storage/{key:.+}", self._store),
            web.post("/storage", self._store_form),
        ]

    def publishes(self, request: web.Request) -> bool:
        """Return whether `request` is a mutation in `lies_to_mutations`; all calls are POST."""
        body = self.hits[-1].body
        found = _MUTATION.search(body) if request.path == "/" else None
        if found is None or found[1].decode() not in self.lies_to_mutations:
            return False
        self._tries[body] += 1
        return self.lies_to_tries is None or self._tries[body] <= self.lies_to_tries

    def add_post(self, title: str, markdown: str = "Words.", **more: Any) -> Entry:
        """Publish a post, as a person would in the dashboard."""
        fields = {"title": title, "contentMarkdown": markdown, "slug": title.lower(), **more}
        post = self._entry(fields)
        post.published_at = self.clock.now()
        self.posts.append(post)
        return post

    def active(self) -> list[Entry]:
        """Return the posts that are public now."""
        return [post for post in self.posts if post.gone_at is None]

    def named(self, id: str) -> Entry:
        """Return the post with this id. Raises `StopIteration` when there is none."""
        return next(post for post in self.posts if post.id == id)

    def change(self, post: Entry, **fields: Any) -> None:
        """Change a post, as a person would in the dashboard."""
        post.versions.append((self.clock.now(), {**post.now, **fields}))

    def remove(self, thing: Entry) -> None:
        """Remove a post or a draft, as a person would in the dashboard."""
        thing.gone_at = self.clock.now()

    # -- the endpoint -----------------------------------------------------------------------------

    async def _endpoint(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if len(raw) > MOST_BYTES:
            return web.Response(status=413, text="Payload Too Large")
        try:
            body = json.loads(raw)
            operation = read_operation(str(body["query"]))
            if operation.depth > MOST_DEPTH:
                raise GraphQLError("BAD_USER_INPUT", "Query depth limit of 10 exceeded")
            data = self._answer_to(operation, body.get("variables") or {}, request)
        except (ValueError, KeyError):
            return web.json_response({"errors": [{"message": "POST body missing"}]}, status=400)
        except GraphQLError as error:
            status = 400 if error.code.startswith("GRAPHQL") else 200
            told = {"message": str(error), "extensions": {"code": error.code}}
            return web.json_response({"errors": [told], "data": None}, status=status)
        return web.json_response({"data": data})

    def _answer_to(
        self, operation: Operation, variables: Mapping[str, Any], request: web.Request
    ) -> dict[str, Any]:
        may = request.headers.get("Authorization") == f"Bearer {self.token}"
        if operation.kind == "query":
            if self.broken_looks > 0:
                self.broken_looks -= 1
                raise GraphQLError("INTERNAL_SERVER_ERROR", "Something went wrong")
            return answer(operation.fields, self._query(may), variables, "Query")
        mutations = self._mutations()
        root = operation.fields[0].name
        if root in mutations:
            if not may:
                raise GraphQLError("UNAUTHENTICATED", "You must be authenticated.")
            if not self.has_pro and "Image" not in root:
                raise GraphQLError("FORBIDDEN", NO_PRO)
        data = answer(operation.fields, mutations, variables, "Mutation")
        if self.fails_after_work > 0 and "Image" not in root:
            self.fails_after_work -= 1
            raise GraphQLError("INTERNAL_SERVER_ERROR", "Internal server error")
        return data

    # -- reading ----------------------------------------------------------------------------------

    @property
    def _shown_at(self) -> datetime:
        return self.clock.now() - timedelta(seconds=self.stale_for)

    def _query(self, may: bool) -> dict[str, Any]:
        def me() -> Any:
            if not may:
                raise GraphQLError("UNAUTHENTICATED", "You must be authenticated.")
            return {"id": "u1", "username": "desk"}

        def publication(id: str | None = None, host: str | None = None) -> Any:
            if (id or "") != PUBLICATION and (host or "") != HOST:
                return None
            if not self.has_pro:
                raise GraphQLError("FORBIDDEN", NO_PRO)
            return self._publication(may)

        def post(id: str) -> Any:
            found = next((p for p in self.posts if p.id == id), None)
            if found is None:
                raise GraphQLError("NOT_FOUND", "Post not found")
            # a removed post can still be read by its id
            return self._post(found, found.at(self._shown_at) or found.now)

        def draft(id: str) -> Any:
            found = next((d for d in self.drafts if d.id == id), None)
            fields = found.at(self._shown_at) if found else None
            if not may or found is None or fields is None:
                raise GraphQLError("NOT_FOUND", "Draft not found")
            return self._draft(found, fields)

        return {"me": me, "publication": publication, "post": post, "draft": draft}

    def _publication(self, may: bool) -> dict[str, Any]:
        def post(slug: str) -> Any:
            shown = self._shown(self.posts)
            return next((self._post(p, f) for p, f in shown if f["slug"] == slug), None)

        def posts(first: int, after: str | None = None) -> Any:
            shown = self._shown(self.posts)
            newest = sorted(shown, key=lambda p: (p[0].published_at, p[0].id), reverse=True)
            return _page([self._post(p, f) for p, f in newest], min(first, 100), after)

        def drafts(first: int, after: str | None = None) -> Any:
            shown = self._shown(self.drafts) if may else []
            return _page([self._draft(d, f) for d, f in shown], min(first, 50), after)

        def series(slug: str) -> Any:
            return {"id": self.series[slug]} if slug in self.series else None

        return {
            "id": PUBLICATION,
            "title": "The desk",
            "url": f"https://{HOST}",
            "post": post,
            "posts": posts,
            "drafts": drafts,
            "series": series,
        }

    def _shown(self, entries: list[Entry]) -> list[tuple[Entry, dict[str, Any]]]:
        at = self._shown_at
        return [(entry, fields) for entry in entries if (fields := entry.at(at)) is not None]

    def _draft(self, draft: Entry, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": draft.id,
            "title": fields.get("title"),
            "slug": fields.get("slug"),
            "canonicalUrl": fields.get("originalArticleURL"),
            "content": {"markdown": fields.get("contentMarkdown") or ""},
        }

    def _post(self, post: Entry, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": post.id,
            "slug": fields["slug"],
            "url": f"https://{HOST}/{fields['slug']}",
            "title": fields["title"],
            "subtitle": fields.get("subtitle"),
            "canonicalUrl": fields.get("originalArticleURL"),
            "publishedAt": _iso(post.published_at or post.versions[0][0]),
            "updatedAt": _iso(post.versions[-1][0]) if len(post.versions) > 1 else None,
            "content": {"markdown": fields["contentMarkdown"]},
            "tags": [{"slug": tag["slug"]} for tag in fields.get("tags") or []],
            "publication": {"id": PUBLICATION},
            "preferences": {"isDelisted": bool(fields.get("isDelisted"))},
            "views": post.views,
            "reactionCount": 3,
            "responseCount": 2,
            "replyCount": 1,
        }

    # -- writing ----------------------------------------------------------------------------------

    def _mutations(self) -> dict[str, Any]:
        known = {
            "createDraft": self._create_draft,
            "publishDraft": self._publish_draft,
            "updatePost": self._update_post,
            "removePost": self._remove_post,
            "createImageUploadURL": self._upload_url,
            "confirmImageUpload": self._confirm,
        }
        newer = {"removePost", "confirmImageUpload"} - self.knows
        return {name: resolve for name, resolve in known.items() if name not in newer}

    def _create_draft(self, input: Mapping[str, Any]) -> dict[str, Any]:
        _check(input, _DRAFT, "CreateDraftInput")
        if input.get("publicationId") != PUBLICATION:
            raise GraphQLError("NOT_FOUND", "Publication not found")
        draft = self._entry(dict(input))
        self.drafts.append(draft)
        return {"draft": self._draft(draft, draft.now)}

    def _publish_draft(self, input: Mapping[str, Any]) -> dict[str, Any]:
        draft = next(
            (d for d in self.drafts if d.id == input.get("draftId") and d.gone_at is None), None
        )
        if draft is None:
            raise GraphQLError("NOT_FOUND", "Draft not found")
        if self.role == "CONTRIBUTOR":
            raise GraphQLError("FORBIDDEN", "Contributors cannot publish to this publication.")
        fields = dict(draft.now)
        if not fields.get("title") or not fields.get("contentMarkdown"):
            raise GraphQLError("BAD_USER_INPUT", "Title and content are required to publish")
        settings = fields.get("settings") or {}
        slug = self._free_slug(str(fields.get("slug") or "-".join(fields["title"].lower().split())))
        post = self._entry({**fields, "slug": slug, "isDelisted": settings.get("delist", False)})
        post.published_at = self.clock.now()
        draft.gone_at = self.clock.now()
        self.posts.append(post)
        if settings.get("activateNewsletter"):
            self.mailed.append(post.id)
        return {"post": self._post(post, post.now)}

    def _update_post(self, input: Mapping[str, Any]) -> dict[str, Any]:
        _check(input, _UPDATE, "UpdatePostInput")
        post = next((p for p in self.active() if p.id == input.get("id")), None)
        if post is None:
            raise GraphQLError("NOT_FOUND", "Post not found")
        self.change(post, **{key: value for key, value in input.items() if key != "id"})
        return {"post": self._post(post, post.now)}

    def _remove_post(self, input: Mapping[str, Any]) -> dict[str, Any]:
        post = next((p for p in self.active() if p.id == input.get("id")), None)
        if post is None:
            raise GraphQLError("NOT_FOUND", "Post not found")
        self.remove(post)
        return {"post": self._post(post, post.now)}

    def _free_slug(self, wanted: str) -> str:
        taken = {post.now["slug"] for post in self.active()}
        numbered = (f"{wanted}-{number}" for number in range(1, len(taken) + 2))
        return next(slug for slug in (wanted, *numbered) if slug not in taken)

    def _entry(self, fields: dict[str, Any]) -> Entry:
        self._next += 1
        return Entry(id=f"{self._next:024x}", versions=[(self.clock.now(), fields)])

    # -- images -----------------------------------------------------------------------------------

    def _upload_url(self, input: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(input.get("contentType"))
        if not kind.startswith("image/") or "svg" in kind:
            raise GraphQLError("BAD_USER_INPUT", "Only images are allowed, and no SVG")
        self._next += 1
        key = f"res/hashnode/image/upload/v1/{self._next}.{kind.rpartition('/')[2]}"
        put = {
            "url": f"{self.url}/storage/{key}",
            "cdnUrl": f"https://cdn.hashnode.com/{key}",
            "key": key,
        }
        form = {"url": f"{self.url}/storage", "fields": {"key": key, "policy": "signed"}}
        known = {"presignedPut": put, "presignedPost": form}
        return {name: how for name, how in known.items() if name in self.uploads_by}

    def _confirm(self, input: Mapping[str, Any]) -> dict[str, Any]:
        key = str(input.get("key"))
        if key not in self.images:
            raise GraphQLError("NOT_FOUND", "Image not found")
        if len(self.images[key]) > MOST_IMAGE:
            del self.images[key]
            return {"ok": False, "cdnUrl": None}
        return {"ok": True, "cdnUrl": f"https://cdn.hashnode.com/{key}"}

    async def _store(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one auth mechanism allowed")
        self.images[request.match_info["key"]] = await request.read()
        return web.Response()

    async def _store_form(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField) or list(form)[-1] != "file":
            return web.Response(status=400, text="The file comes last")
        content = file.file.read()
        if len(content) > MOST_IMAGE or form.get("policy") != "signed":
            return web.Response(status=403, text="EntityTooLarge")
        self.images[str(form["key"])] = content
        return web.Response(status=204)


def _check(input: Mapping[str, Any], known: frozenset[str], type_name: str) -> None:
    tags, settings = input.get("tags") or [], input.get("settings") or {}
    unknown = [
        *(set(input) - known),
        *(set(settings) - _SETTINGS),
        *(name for tag in tags for name in set(tag) - _TAG),
    ]
    if unknown:
        message = f'Field "{unknown[0]}" is not defined by type "{type_name}".'
        raise GraphQLError("GRAPHQL_VALIDATION_FAILED", message)
    if len(tags) > MOST_TAGS:
        raise GraphQLError("BAD_USER_INPUT", "A post can have at most 15 tags")
    if any(not tag.get("slug") for tag in tags):
        raise GraphQLError("BAD_USER_INPUT", "A tag needs a slug")


def _page(things: list[dict[str, Any]], first: int, after: str | None) -> dict[str, Any]:
    start = int(after) if after else 0
    page = things[start : start + first]
    edges = [{"node": thing, "cursor": str(start + n + 1)} for n, thing in enumerate(page)]
    has_next = len(things) > start + first
    return {
        "edges": edges,
        "pageInfo": {"hasNextPage": has_next, "endCursor": edges[-1]["cursor"] if edges else None},
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


__all__ = ["HOST", "PUBLICATION", "Entry", "FakeHashnode"]
