"""What stands in a publication on Paragraph: whose it is, its posts and drafts. Only reads."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import Inconclusive, Outcome, Refused, Unavailable
from copydesk.core.standing import Gone
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.paragraph.errors import POST_MISSING

#: Paragraph lists at most this many posts at once.
PAGE: Final = 100

#: Looking through more than this many pages would not be worth the calls.
PAGES: Final = 10

_SITE: Final = "https://paragraph.com"

#: A post, or the publication, as Paragraph describes it.
Record = dict[str, Any]


class Library:
    """The publication that the key of `wire` belongs to."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._publication: Record = {}

    async def publication(self) -> Record | Outcome:
        """Return whose key it is; asked for once."""
        if self._publication:
            return self._publication
        reply = await self._wire.read("GET", "/me")
        if not isinstance(reply, Reply):
            return reply
        publication = reply.json()
        if not isinstance(publication, dict) or not publication.get("id"):
            return Unavailable("Paragraph did not say whose key this is")
        self._publication = publication
        return publication

    async def by_slug(self, slug: str, publication: str) -> Record | Outcome | None:
        """Return our post or draft with `slug`, None when there certainly is none."""
        path = f"/publications/{quote(publication, safe='')}/posts/slug/{quote(slug, safe='')}"
        reply = await self._wire.read("GET", path, query={"includeContent": "true"})
        if isinstance(reply, Reply):
            return _post_in(reply) or Unavailable("Paragraph's answer could not be read")
        if not is_missing(reply):
            return reply
        cursor = ""
        for _ in range(PAGES):
            page = await self._page("draft", cursor)
            if not isinstance(page, dict):
                return page
            for post in page["items"]:
                if post.get("slug") == slug:
                    return await self.read(str(post.get("id")))
            cursor = _next(page)
            if not cursor:
                return None
        return Refused(
            "slug",
            f"among the first {PAGE * PAGES:,} drafts none has the address {slug}, and there are"
            " more",
            "Delete drafts that are no longer needed on Paragraph.",
        )

    async def views(self, id: str) -> Metrics | Outcome:
        """Return the views of a post, told only in the list of a publication's own posts."""
        cursor = ""
        for _ in range(PAGES):
            page = await self._page("published", cursor)
            if not isinstance(page, dict):
                return page
            for post in page["items"]:
                if str(post.get("id")) == id:
                    views = post.get("views")
                    counts = {Metric.VIEWS: int(views)} if isinstance(views, int | float) else {}
                    return Metrics(counts=counts, raw={"views": views})
            cursor = _next(page)
            if not cursor:
                break
        return Unavailable("the post is not among those that Paragraph lists")

    async def _page(self, status: str, cursor: str) -> Record | Outcome:
        query = {"status": status, "limit": str(PAGE)}
        if cursor:
            query["cursor"] = cursor
        reply = await self._wire.read("GET", "/posts", query=query)
        if not isinstance(reply, Reply):
            return reply
        page = reply.json()
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list) or not all(isinstance(post, dict) for post in items):
            return Unavailable("Paragraph's list of posts could not be read")
        pagination = page.get("pagination")
        if not isinstance(pagination, dict) or (
            pagination.get("hasMore") and not pagination.get("cursor")
        ):
            return Unavailable("Paragraph's list of posts does not say how it goes on")
        return dict(page)

    async def read(self, id: str) -> Record | Outcome:
        """Return a post with its content, by its id."""
        path = f"/posts/{quote(id, safe='')}"
        reply = await self._wire.read("GET", path, query={"includeContent": "true"})
        if not isinstance(reply, Reply):
            return reply
        return _post_in(reply) or Unavailable("Paragraph's answer could not be read")

    async def shown(self, id: str) -> Record | Gone | Inconclusive:
        """Return a post in whatever state, `Gone` when it is no longer there."""
        read = await self.read(id)
        if not isinstance(read, dict):
            if is_missing(read):
                return Gone("Paragraph has no such post")
            return Inconclusive("Paragraph did not show the post")
        return read


def is_missing(outcome: Outcome) -> bool:
    """Tell whether Paragraph says that there is no such post."""
    return outcome.answer.vendor_code == POST_MISSING


def _post_in(reply: Reply) -> Record | None:
    post = reply.json()
    return post if isinstance(post, dict) and post.get("id") else None


def _next(page: Record) -> str:
    pagination = page["pagination"]
    return str(pagination["cursor"]) if pagination.get("hasMore") else ""


def home(publication: Record) -> str:
    """Return the address of the publication's own page."""
    own = str(publication.get("customDomain") or "").rstrip("/")
    return own or f"{_SITE}/@{publication.get('slug', '')}"
