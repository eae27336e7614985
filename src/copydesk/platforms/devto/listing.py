"""Reading articles: one by its number, or through the list of the account's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from copydesk.core.outcomes import Inconclusive, Outcome, Unavailable
from copydesk.core.standing import Gone
from copydesk.platforms.devto.articles import id_of
from copydesk.platforms.kit.transport import MAX_ANSWER_BYTES, Reply
from copydesk.platforms.kit.wire import Wire

#: Articles on a page. Bodies come along, and of an answer over a mebibyte the end is not read: then
#: the same place is asked for in smaller pages.
PAGE: Final = 20
_SMALLER: Final = {PAGE: 4, 4: 1}

#: Looking back further than this many pages would not be worth the calls.
PAGES: Final = 25

Article = dict[str, Any]


class Listing:
    """The account's own articles, read over `wire`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def article(self, number: str) -> Article | Gone | Inconclusive | Outcome:
        """Return the article with this number, public or a draft; an outcome when the Forem (or a
        rate limit) did not let us look.

        The address of a draft answers as if there were none, so the drafts are gone through;
        `Gone` is only said after all of them.
        """
        reply = await self._wire.read("GET", f"/articles/{number}")
        if isinstance(reply, Reply):
            shown = reply.json()
            if id_of(shown) == number:
                return dict(shown)
            return Inconclusive("the Forem's answer could not be read")
        if reply.answer.status != 404:
            return reply
        found = await self.search("unpublished", lambda a: id_of(a) == number)
        return Gone("neither public nor among the drafts") if found is None else found

    async def look(self, number: str) -> Article | Gone | Inconclusive:
        """Return what `article` does; whatever kept us from looking is inconclusive."""
        found = await self.article(number)
        if isinstance(found, dict | Gone | Inconclusive):
            return found
        return Inconclusive("the Forem did not show the article")

    async def search(
        self, which: str, is_it: Callable[[Article], bool]
    ) -> Article | Inconclusive | Outcome | None:
        """Return the first that `is_it` of `which` (all, published, unpublished), drafts first,
        then the newest; None when certainly none is, `Inconclusive` when the list goes on."""
        size, seen = PAGE, 0
        while seen < PAGE * PAGES:
            query = {"page": str(seen // size + 1), "per_page": str(size)}
            reply = await self._wire.read("GET", f"/articles/me/{which}", query=query)
            if not isinstance(reply, Reply):
                return reply
            if len(reply.body) >= MAX_ANSWER_BYTES and size in _SMALLER:
                size = _SMALLER[size]
                continue
            articles = reply.json()
            if not isinstance(articles, list) or not all(isinstance(a, dict) for a in articles):
                return Unavailable("the Forem's list of articles could not be read")
            if found := next((a for a in articles if is_it(a)), None):
                return dict(found)
            if len(articles) < size:
                return None
            seen += size
        return Inconclusive(f"not among the first {seen} articles, and the list goes on")
