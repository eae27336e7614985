"""What LinkedIn shows of posts: a page's listing, one post, and its numbers. It changes nothing.

A person's posts can be read by approved apps only (`settings.can_read`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Unavailable,
)
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.kit.listing import reaches_back
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.linkedin.matching import (
    created_at,
    is_ours,
    same_content,
    same_text,
    window_start,
)
from copydesk.platforms.linkedin.urns import address_of, encoded

#: So many posts are asked for at once, and so many times at most.
PAGE: Final = 10
PAGES: Final = 5

#: What a page's statistics call what we count.
_COUNTS: Final = {
    Metric.VIEWS: "impressionCount",
    Metric.REACHED: "uniqueImpressionsCount",
    Metric.CLICKS: "clickCount",
    Metric.REACTIONS: "likeCount",
    Metric.REPLIES: "commentCount",
    Metric.REPOSTS: "shareCount",
}


class Reading:
    """The reads of one account over `wire`. `author` is a URN."""

    def __init__(self, wire: Wire, *, author: str) -> None:
        self._wire = wire
        self._author = author

    async def page(self, count: int, start: int) -> list[dict[str, Any]] | Outcome:
        """Return `count` of the author's posts from number `start` on, the newest first."""
        query = f"author={encoded(self._author)}&q=author&count={count}&start={start}"
        reply = await self._wire.read(
            "GET",
            f"/rest/posts?{query}&sortBy=CREATED",
            headers={"X-RestLi-Method": "FINDER"},
        )
        if not isinstance(reply, Reply):
            return reply
        elements = _elements(reply)
        return Unavailable("LinkedIn did not list the posts") if elements is None else elements

    async def post(self, urn: str) -> dict[str, Any] | Gone | Inconclusive:
        """Return the post called `urn` as LinkedIn shows it."""
        reply = await self._wire.read("GET", f"/rest/posts/{encoded(urn)}")
        if not isinstance(reply, Reply):
            if reply.answer.status in {404, 410}:
                return Gone(f"LinkedIn answers {reply.answer.status} for it")
            return Inconclusive("LinkedIn did not show the post")
        post = reply.json()
        if not isinstance(post, dict) or post.get("id") != urn or "commentary" not in post:
            return Inconclusive("LinkedIn's answer could not be read")
        return post

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for a new post in the listing, or at the one that was changed or removed.

        Absent is only said when the listing went back to two minutes before the first try. Of
        several matches the oldest counts.
        """
        if outgoing.action is not Action.CREATE:
            return await self._find_change(outgoing)
        start = window_start(outgoing)
        if start is None:
            return Inconclusive("it is not known when the post was first sent")
        found: dict[str, Any] | None = None
        for number in range(PAGES):
            page = await self.page(PAGE, number * PAGE)
            if not isinstance(page, list):
                return Inconclusive("LinkedIn did not list the posts")
            moments: list[datetime] = []
            for post in page:
                moment = created_at(post)
                if moment is None:
                    return Inconclusive("a post in the listing has no date")
                moments.append(moment)
                if moment >= start and is_ours(post, outgoing):
                    found = post
            if reaches_back(moments, start):
                return _verdict(found, "the listing reaches back to before the first try")
            if not page and number:
                return _verdict(found, "the listing is complete")
            if not page:
                # a page that has never posted, or a listing that shows nothing: it does not say
                return Inconclusive("an empty listing")
        if found:
            return _verdict(found, "")
        return Inconclusive(f"not among the last {PAGE * PAGES} posts, and the listing goes on")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent: its text, and the kind of what is attached."""
        post = await self.post(outgoing.target_id)
        if isinstance(post, Gone | Inconclusive):
            return post
        parts = {"text": same_text(post, outgoing), "content": same_content(post, outgoing)}
        differing = [part for part, same in parts.items() if not same]
        if differing:
            return Changed(", ".join(differing), "somebody edited the post")
        return AsPublished("the post reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return a page's statistics of the post; what nobody has seen yet has none."""
        urn = outgoing.target_id
        name = "ugcPosts" if ":ugcPost:" in urn else "shares"
        query = (
            f"q=organizationalEntity&organizationalEntity={encoded(self._author)}"
            f"&{name}=List({encoded(urn)})"
        )
        reply = await self._wire.read(
            "GET",
            f"/rest/organizationalEntityShareStatistics?{query}",
        )
        if not isinstance(reply, Reply):
            return reply
        elements = _elements(reply)
        if elements is None:
            return Unavailable("LinkedIn's statistics could not be read")
        total = elements[0].get("totalShareStatistics") if elements else None
        raw = total if isinstance(total, dict) else {}
        counts = {
            metric: raw[key]
            for metric, key in _COUNTS.items()
            if isinstance(raw.get(key), int) and not isinstance(raw[key], bool)
        }
        return Metrics(counts=counts, raw=raw)

    async def _find_change(self, outgoing: Outgoing) -> Existence:
        post = await self.post(outgoing.target_id)
        if outgoing.action is Action.DELETE:
            return removal_of(outgoing.target_id, post)
        if isinstance(post, Inconclusive):
            return post
        if isinstance(post, Gone):
            return Absent("the post is gone")
        if same_text(post, outgoing):
            where = address_of(outgoing.target_id)
            return Landed(outgoing.target_id, where, "the post reads as sent", compared=True)
        return Absent("the post still reads otherwise")


def _elements(reply: Reply) -> list[dict[str, Any]] | None:
    body = reply.json()
    elements = body.get("elements") if isinstance(body, dict) else None
    if not isinstance(elements, list) or not all(isinstance(one, dict) for one in elements):
        return None
    return elements


def _verdict(found: dict[str, Any] | None, complete_because: str) -> Landed | Absent:
    if found:
        urn = str(found.get("id", ""))
        return Landed(urn, address_of(urn), "a post of ours with the same text")
    return Absent(complete_because)
