"""The Forem calls: a draft while preparing, one call that publishes it, and looking again.

The draft is what makes publishing repeatable: its number is known before anything is public, and
publishing a number twice publishes it once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    Duplicate,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Pending,
    Published,
    Ready,
    Refused,
    Unavailable,
)
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.devto import DEV
from copydesk.platforms.devto.articles import (
    differences,
    id_of,
    is_published,
    public_url,
    tags_of,
)
from copydesk.platforms.devto.errors import TABLE, read_error
from copydesk.platforms.devto.listing import Article, Listing
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire

#: Seconds until an article that has no lasting address yet is looked at again.
SLUG_DELAY: Final = 5.0


class DevtoClient(Client):
    """The calls of one account. `timeout` in seconds for every call; `paces` as in `Wire`."""

    def __init__(self, session: Session, *, timeout: float, paces: Sequence[Pace] = ()) -> None:
        key = session.secrets.get("api_key", "")
        base = (session.account.settings.get("base_url") or DEV).rstrip("/")
        self._base = base
        self._wire = Wire(
            session.transport,
            base=f"{base}/api",
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            headers={"api-key": key, "Accept": "application/vnd.forem.api-v1+json"},
            secrets=(key,),
            paces=paces,
        )
        self._own = Listing(self._wire)

    # -- publishing -------------------------------------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Make the draft, unless ours is there already, and see that it was stored as sent.

        Handles: `article_id`, and `tags` as the Forem keeps them (it replaces aliases). An article
        that is public already under our canonical URL is taken over when it reads as ours.
        """
        if outgoing.action is not Action.CREATE:
            return Ready(outgoing.handles)
        article = outgoing.payload["article"]
        known = str(outgoing.handles.get("article_id", ""))
        found = await self._drafted(article, known)
        if found is not None and not isinstance(found, dict):
            return found
        if found is not None:
            differing = differences(found, article)
            if not differing or (is_published(found) and known):
                return _ready(found)
            if is_published(found):
                return _refused_as_taken(found, differing)
        reply = await self._store(article, id_of(found))
        if isinstance(reply, Duplicate):
            return _refused_as_taken({}, [])
        if not isinstance(reply, Reply):
            return reply
        return self._as_stored(reply, article)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Look whether the draft is still as it was prepared, or, once it was accepted, whether it
        has the address that lasts."""
        if not outgoing.handles.get("accepted"):
            return await self.prepare(outgoing)
        number = outgoing.target_id or str(outgoing.handles.get("article_id", ""))
        found = await self._own.article(number)
        if isinstance(found, Gone):
            return Refused("target", "the article is gone from dev.to", "Publish it again.")
        if isinstance(found, Inconclusive):
            return Unavailable(found.reason)
        if not isinstance(found, dict):
            return found
        url = public_url(found)
        return Published(number, url) if url else Pending(SLUG_DELAY, outgoing.handles)

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Publish the prepared draft, rewrite the article `target_id` names, or make that a draft
        again. The publish state goes with every call."""
        if outgoing.action is Action.DELETE:
            return await self._wire.delete(
                f"/articles/{outgoing.target_id}",
                outgoing.target_id,
                method="PUT",
                json_body={"article": {"published": False}},
            )
        is_new = outgoing.action is Action.CREATE
        number = str(outgoing.handles.get("article_id", "")) if is_new else outgoing.target_id
        if not number:
            return Unavailable("the draft is not there yet")
        fields = {} if is_new else outgoing.payload["article"]
        reply = await self._wire.write(
            "PUT",
            f"/articles/{number}",
            action=outgoing.action,
            json_body={"article": {**fields, "published": True}},
        )
        if isinstance(reply, Duplicate):
            return await self._already_there(outgoing, reply)
        if not isinstance(reply, Reply):
            return reply
        return self._as_published(reply, number)

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look up the article by its number: public is landed, a draft is certainly absent.

        An edit landed when the article reads as sent, a removal when it is no longer public.
        """
        if outgoing.action is Action.CREATE:
            number = str(outgoing.handles.get("article_id", ""))
            if not number:
                return Inconclusive("it is not known which draft was published")
        else:
            number = outgoing.target_id
        found = await self._own.look(number)
        if isinstance(found, Inconclusive):
            return found
        is_public = not isinstance(found, Gone) and is_published(found)
        if outgoing.action is Action.DELETE:
            if is_public:
                return Absent("it is still public")
            return Landed(number, evidence="it is no longer public")
        if isinstance(found, Gone) and outgoing.action is Action.UPDATE:
            return Absent("the article is gone, and the change with it")
        if isinstance(found, Gone):
            # deleted by somebody, before or after it was public: nobody can tell any more
            return Inconclusive("the article is gone from dev.to")
        if not is_public:
            return Absent("it is still a draft")
        if outgoing.action is Action.UPDATE:
            if differing := differences(found, outgoing.payload["article"]):
                return Absent(f"the article still reads otherwise: {', '.join(differing)}")
            return Landed(number, public_url(found), "the article reads as sent", compared=True)
        return Landed(number, public_url(found), "the article is public")

    # -- looking again ----------------------------------------------------------------------------

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the article with what was sent: title, body, canonical URL and tags."""
        found = await self._own.look(outgoing.target_id)
        if isinstance(found, Gone | Inconclusive):
            return found
        if not is_published(found):
            return Gone("the article is a draft again")
        differing = differences(found, outgoing.payload["article"])
        kept = outgoing.handles.get("tags")
        if kept is not None and sorted(tags_of(found)) != sorted(kept):
            differing.append("tags")
        if differing:
            at = found.get("edited_at")
            return Changed(", ".join(differing), f"edited at {at}" if at else "")
        return AsPublished("the article reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return views, reactions and comments; only the listing of one's own articles has them."""
        found = await self._own.search("published", lambda a: id_of(a) == outgoing.target_id)
        if isinstance(found, Inconclusive):
            return Unavailable(found.reason)
        if found is None:
            return Refused("target", "the article is not among the published ones")
        if not isinstance(found, dict):
            return found
        named = {
            Metric.VIEWS: found.get("page_views_count"),
            Metric.REACTIONS: found.get("public_reactions_count"),
            Metric.REPLIES: found.get("comments_count"),
        }
        counts = {metric: count for metric, count in named.items() if isinstance(count, int)}
        raw = {key: value for key, value in found.items() if key.endswith("_count")}
        return Metrics(counts=counts, raw=raw)

    async def test(self) -> Outcome:
        """Ask whose key this is."""
        reply = await self._wire.read("GET", "/users/me")
        if not isinstance(reply, Reply):
            return reply
        profile = reply.json()
        if not isinstance(profile, dict) or not profile.get("username"):
            return Unavailable("the Forem did not say whose account this is")
        name = str(profile["username"])
        return Published(f"@{name}", f"{self._base}/{name}", self._wire.evidence(reply))

    # -- the calls behind them --------------------------------------------------------------------

    async def _drafted(self, article: Mapping[str, Any], known: str) -> Article | Outcome | None:
        """Return what is there of ours already: the draft we made, or an article of ours."""
        if known:
            made = await self._own.article(known)
            if isinstance(made, Inconclusive):
                return Unavailable(made.reason)
            if not isinstance(made, Gone):
                return made
        # only where we have a canonical URL can something public be ours
        which = "all" if article["canonical_url"] else "unpublished"
        found = await self._own.search(which, _reads_as(article))
        # of more articles than are worth listing, the Forem itself refuses a second of the same
        return None if isinstance(found, Inconclusive) else found

    async def _store(self, article: Mapping[str, Any], number: str) -> Reply | Outcome:
        """Write the draft, a new one when it has no `number`. A draft may be written twice."""
        return await self._wire.read(
            "PUT" if number else "POST",
            f"/articles/{number}" if number else "/articles",
            json_body={"article": {**article, "published": False}},
        )

    def _as_stored(self, reply: Reply, sent: Mapping[str, Any]) -> Ready | Outcome:
        stored = reply.json()
        if not id_of(stored):
            return Unavailable("the Forem did not number the draft it took")
        if differing := differences(stored, sent):
            return Refused(
                field=differing[0],
                reason=f"dev.to stored another {' and '.join(differing)} than it was sent",
                remedy="Look at the draft on dev.to, and change what it did not take.",
                answer=self._wire.evidence(reply),
            )
        if sent["tags"] and not tags_of(stored):
            return Refused(
                field="tags",
                reason="dev.to stored none of the tags",
                remedy="Look at the draft on dev.to; another Forem may have turned tags off.",
                answer=self._wire.evidence(reply),
            )
        return _ready(stored)

    def _as_published(self, reply: Reply, number: str) -> Outcome:
        shown = reply.json()
        if id_of(shown) != number:
            return self._wire.unreadable(reply, "the article")
        evidence = self._wire.evidence(reply)
        if not is_published(shown):
            # seen in 2026: answered with success, and still a draft
            return Unavailable("dev.to answered with success but kept a draft", answer=evidence)
        if url := public_url(shown):
            return Published(number, url, evidence)
        return Accepted({"article_id": number}, evidence)

    async def _already_there(self, outgoing: Outgoing, reply: Duplicate) -> Outcome:
        """Find whose article has our canonical URL: one of the account's that reads as ours is."""
        article = outgoing.payload["article"]
        canonical = article["canonical_url"]
        found = await self._own.search(
            "published", lambda a: bool(canonical) and a.get("canonical_url") == canonical
        )
        if isinstance(found, dict) and outgoing.action is Action.CREATE:
            differing = differences(found, article)
            if not differing:
                return Duplicate(id_of(found), public_url(found), reply.answer)
            return _refused_as_taken(found, differing)
        return _refused_as_taken({}, [])


def _reads_as(article: Mapping[str, Any]) -> Callable[[Article], bool]:
    """Return what tells our article: public, by its canonical URL; a draft, by its words."""
    canonical = article["canonical_url"]

    def is_ours(shown: Article) -> bool:
        if is_published(shown):
            return bool(canonical) and shown.get("canonical_url") == canonical
        return not differences(shown, article)

    return is_ours


def _ready(article: Mapping[str, Any]) -> Ready:
    return Ready({"article_id": id_of(article), "tags": tags_of(article)})


def _refused_as_taken(article: Mapping[str, Any], differing: Sequence[str]) -> Refused:
    where = public_url(article)
    other = f", with another {' and '.join(differing)}: {where}" if where else ""
    return Refused(
        field="canonical_url",
        reason=f"an article with this canonical URL is public on dev.to already{other}",
        remedy="Say that it landed when it is this one, or remove one of the two.",
    )
