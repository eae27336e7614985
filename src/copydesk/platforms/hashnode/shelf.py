"""Looking for posts and drafts of one publication. Reads may be 25 seconds old.

An outcome (a rate limit, say) is passed on: preparing waits for it, looking learns nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Inconclusive, Outcome
from copydesk.core.standing import Gone
from copydesk.platforms.hashnode.documents import DRAFT, POST, SHELF, SHOWN
from copydesk.platforms.hashnode.graphql import Data, GraphQL
from copydesk.platforms.hashnode.posts import (
    CLOCK_TOLERANCE,
    id_of,
    next_of,
    nodes_of,
    published_at,
)

#: Pages of 10 posts that are worth looking through.
PAGES: Final = 20

Post = Mapping[str, Any]

_UNSEEN: Final = Inconclusive("Hashnode did not let us look")


class Shelf:
    """The publication named by `publication` (`id` or `host`), read over `graphql`."""

    def __init__(self, graphql: GraphQL, publication: Mapping[str, str | None]) -> None:
        self._graphql = graphql
        self._publication = publication

    async def find(
        self, is_it: Callable[[Post], bool], outgoing: Outgoing
    ) -> Post | Inconclusive | Outcome | None:
        """Return the post that `is_it`: the one under our slug, else one published since the first
        try; None only when the list reaches back to before that."""
        start = outgoing.first_sent_at - CLOCK_TOLERANCE if outgoing.first_sent_at else None
        after = ""
        for _ in range(PAGES):
            slug = {"slug": outgoing.payload["slug"], "after": after or None}
            answer = await self._graphql.ask(SHELF, {**self._publication, **slug})
            if not isinstance(answer, Data):
                return answer
            posts = answer.at("publication", "posts")
            nodes = nodes_of(posts)
            if nodes is None:
                return Inconclusive("Hashnode's list of posts could not be read")
            named = answer.at("publication", "post")
            candidates = [named, *nodes] if isinstance(named, Mapping) else nodes
            if found := next((post for post in candidates if is_it(post)), None):
                return found
            moments = [published_at(post) for post in nodes]
            if None in moments:
                return Inconclusive("a post in the list has no date")
            # pinned posts may stand first, so the whole page has to be older
            is_past = start is not None and all(m < start for m in moments if m)
            after = next_of(posts)
            if not after or (nodes and is_past):
                return None
        return Inconclusive(f"not among the newest {PAGES * 10} posts, and the list goes on")

    async def post(self, id: str) -> Post | Gone | Inconclusive | Outcome:
        """Return the post as the publication shows it.

        By its id a removed post can still be read, so what counts is whether its slug leads there.
        """
        answer = await self._graphql.ask(POST, {"id": id})
        found = self._one(answer, "post")
        if found is not None and not isinstance(found, Mapping):
            return found
        if found is None:
            return Gone("Hashnode has no such post")
        slug = str(found.get("slug") or "")
        publication = found.get("publication")
        where = (
            {"id": id_of(publication), "host": None} if id_of(publication) else self._publication
        )
        shown = self._one(
            await self._graphql.ask(SHOWN, {**where, "slug": slug}), "publication", "post"
        )
        if shown is not None and not isinstance(shown, Mapping):
            return shown
        if shown is None or id_of(shown) != id:
            return Gone("the publication does not show it any more")
        return found

    async def look(self, id: str) -> Post | Gone | Inconclusive:
        """Return what `post` does; whatever kept us from looking is inconclusive."""
        found = await self.post(id)
        return _UNSEEN if isinstance(found, Outcome) else found

    async def draft(self, id: str) -> Post | Inconclusive | Outcome | None:
        """Return the draft, None when it is gone: publishing or deleting takes it away."""
        return self._one(await self._graphql.ask(DRAFT, {"id": id}), "draft")

    def _one(self, answer: Data | Outcome, *path: str) -> Post | Inconclusive | Outcome | None:
        """Return what stands at `path`, None when it certainly is not there."""
        if not isinstance(answer, Data):
            if answer.answer.vendor_code == "NOT_FOUND":
                return None
            return answer
        if any(answer.at(*path[:depth]) is None for depth in range(1, len(path))):
            return Inconclusive("Hashnode did not show the publication")
        found = answer.at(*path)
        return found if isinstance(found, Mapping) else None
