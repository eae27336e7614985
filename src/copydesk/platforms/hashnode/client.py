"""The Hashnode calls: images and a draft while preparing, one call that publishes it, and looking.

A draft is published rather than a post created, because a draft can be published only once: it is
gone afterwards, so a repeat finds nothing instead of making a second post. And whether subscribers
are mailed can be said of a draft alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.hashnode.documents import (
    CREATE_DRAFT,
    METRICS,
    PUBLISH_DRAFT,
    REMOVE_POST,
    UPDATE_POST,
    WHOAMI,
    WORKSHOP,
)
from copydesk.platforms.hashnode.errors import TABLE, read_error
from copydesk.platforms.hashnode.graphql import Data, GraphQL, missing
from copydesk.platforms.hashnode.placing import missing as not_uploaded
from copydesk.platforms.hashnode.posts import (
    differences,
    id_of,
    is_named_as_ours,
    is_our_draft,
    is_our_post,
    next_of,
    nodes_of,
)
from copydesk.platforms.hashnode.requests import draft_input, update_input
from copydesk.platforms.hashnode.settings import endpoint_of, publication_of
from copydesk.platforms.hashnode.shelf import Shelf
from copydesk.platforms.hashnode.uploads import Uploads
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.wire import Wire

#: Pages of 50 drafts that are worth looking through for one of ours.
PAGES: Final = 4

#: Seconds until a read shows what was written before it.
CACHE: Final = 30.0


class HashnodeClient(Client):
    """The calls of one account. `timeout` in seconds for every call; `paces` as in `Wire`."""

    def __init__(self, session: Session, *, timeout: float, paces: Sequence[Pace] = ()) -> None:
        token = session.secrets.get("access_token", "")
        settings = session.account.settings
        self._publication = publication_of(settings)
        wire = Wire(
            session.transport,
            base=endpoint_of(settings),
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            headers={"Authorization": f"Bearer {token}"},
            secrets=(token,),
            paces=paces,
        )
        storage = Wire(
            session.transport, base="", table={}, read_error=lambda _: ("", ""), timeout=timeout
        )
        self._graphql = GraphQL(wire, (token,))
        self._shelf = Shelf(self._graphql, self._publication)
        self._uploads = Uploads(self._graphql, storage, session.load_media)

    # -- publishing -------------------------------------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Upload the images; for a new post, make the draft unless ours is there already.

        Handles: `addresses` of the images by placeholder, `series_id`, and of a new post
        `draft_id`. A draft whose answer was lost shows up in the list only when the cache is over.
        """
        payload = outgoing.payload
        found = await self._workshop(payload, with_drafts=outgoing.action is Action.CREATE)
        if not isinstance(found, Mapping):
            return found
        if found.get("draft_id"):
            return Ready(found)
        addresses = await self._uploaded(outgoing)
        if not isinstance(addresses, dict):
            return addresses
        handles = {**found, "addresses": addresses}
        if outgoing.action is not Action.CREATE:
            return Ready(handles)
        made = await self._graphql.ask(
            CREATE_DRAFT,
            {"input": draft_input(payload, found["publication_id"], found["series_id"], addresses)},
        )
        if isinstance(made, Unavailable) and made.retry_after is None:
            return replace(made, retry_after=CACHE)
        if not isinstance(made, Data):
            return made
        draft = id_of(made.at("createDraft", "draft"))
        if not draft:
            return replace(missing(made, "the draft"), retry_after=CACHE)
        return Ready({**handles, "draft_id": draft})

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Look whether the draft is still there; one that somebody deleted is made anew."""
        draft = str(outgoing.handles.get("draft_id", ""))
        if outgoing.action is not Action.CREATE:
            return Ready(outgoing.handles)
        if not draft:
            return await self.prepare(outgoing)
        there = await self._shelf.draft(draft)
        if isinstance(there, Inconclusive):
            return Unavailable(there.reason)
        if isinstance(there, Outcome):
            return there
        if there is not None:
            return Ready(outgoing.handles)
        found = await self._shelf.find(lambda post: is_our_post(post, outgoing), outgoing)
        if isinstance(found, Inconclusive):
            return Unavailable(found.reason)
        if isinstance(found, Outcome):
            return found
        # what is published already is told by the call itself: its draft is gone
        return Ready(outgoing.handles) if found else await self.prepare(outgoing)

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Publish the prepared draft, or rewrite or remove the post `target_id` names."""
        handles, payload = outgoing.handles, outgoing.payload
        if outgoing.action is Action.DELETE:
            return await self._remove(outgoing.target_id)
        if outgoing.action is Action.CREATE:
            draft = str(handles.get("draft_id", ""))
            if not draft:
                return Unavailable("the draft is not there yet")
            answer = await self._graphql.mutate(PUBLISH_DRAFT, {"input": {"draftId": draft}})
            return _published(answer, "publishDraft")
        addresses = handles.get("addresses", {})
        if lacking := not_uploaded(payload, addresses):
            return Unavailable(f"not uploaded yet: {', '.join(lacking)}")
        series = str(handles.get("series_id", ""))
        answer = await self._graphql.mutate(
            UPDATE_POST,
            {"input": update_input(payload, outgoing.target_id, series, addresses)},
            action=Action.UPDATE,
        )
        return _published(answer, "updatePost")

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for the post under our slug, then among the newest, back to the first try.

        Absent is said while the draft is still there, which publishing takes away. An edit landed
        when the post reads as sent, a removal when the publication no longer shows it.
        """
        if outgoing.action is not Action.CREATE:
            return await self._find_change(outgoing)
        found = await self._shelf.find(lambda post: is_our_post(post, outgoing), outgoing)
        if isinstance(found, Outcome):
            return Inconclusive("Hashnode did not list the publication's posts")
        if isinstance(found, Inconclusive):
            return found
        if found:
            return Landed(id_of(found), str(found.get("url") or ""), "a post with the same words")
        draft = str(outgoing.handles.get("draft_id", ""))
        there = await self._shelf.draft(draft) if draft else None
        if isinstance(there, Outcome):
            return Inconclusive("Hashnode did not say whether the draft is there")
        if isinstance(there, Inconclusive):
            return there
        if there is not None:
            return Absent("the draft is still there, and no such post")
        return Inconclusive("neither the post nor its draft is there")

    # -- looking again ----------------------------------------------------------------------------

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent: title, subtitle, body, canonical URL, listing."""
        found = await self._shelf.look(outgoing.target_id)
        if isinstance(found, Gone | Inconclusive):
            return found
        differing = differences(found, outgoing.payload)
        preferences = found.get("preferences")
        if isinstance(preferences, Mapping):
            delisted = preferences.get("isDelisted")
            if delisted is not None and delisted != outgoing.payload["delisted"]:
                differing.append("delisting" if delisted else "listing")
        if differing:
            at = found.get("updatedAt")
            return Changed(", ".join(differing), f"updated at {at}" if at else "")
        return AsPublished("the post reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return views, reactions and responses."""
        answer = await self._graphql.ask(METRICS, {"id": outgoing.target_id})
        if not isinstance(answer, Data):
            return answer
        post = answer.at("post")
        if not isinstance(post, Mapping):
            return Refused("target", "the post is gone from Hashnode")
        named = {
            Metric.VIEWS: post.get("views"),
            Metric.REACTIONS: post.get("reactionCount"),
            Metric.REPLIES: post.get("responseCount"),
        }
        counts = {metric: count for metric, count in named.items() if isinstance(count, int)}
        return Metrics(counts=counts, raw=dict(post))

    async def test(self) -> Outcome:
        """Ask whose token this is, and for the publication, which tells whether it has Pro."""
        answer = await self._graphql.ask(WHOAMI, self._publication)
        if not isinstance(answer, Data):
            return answer
        name, publication = answer.at("me", "username"), answer.at("publication")
        if not name:
            return Unavailable("Hashnode did not say whose token this is", answer=answer.answer)
        if not id_of(publication):
            return _no_publication(answer)
        return Published(f"@{name}", str(publication.get("url") or ""), answer.answer)

    # -- the calls behind them --------------------------------------------------------------------

    async def _workshop(
        self, payload: Mapping[str, Any], *, with_drafts: bool
    ) -> dict[str, str] | Outcome:
        """Return `publication_id` and `series_id`, and `draft_id` when our draft is there."""
        after = ""
        ids: dict[str, str] = {}
        for _ in range(PAGES if with_drafts else 1):
            variables = {
                **self._publication,
                "series": payload["series"],
                "withSeries": bool(payload["series"]),
                "after": after or None,
            }
            answer = await self._graphql.ask(WORKSHOP, variables)
            if not isinstance(answer, Data):
                return answer
            publication = answer.at("publication")
            if not id_of(publication):
                return _no_publication(answer)
            ids = {
                "publication_id": id_of(publication),
                "series_id": id_of(answer.at("publication", "series")),
            }
            if payload["series"] and not ids["series_id"]:
                return _no_series(payload["series"], answer)
            drafts = answer.at("publication", "drafts")
            nodes = nodes_of(drafts)
            if nodes is None:
                return missing(answer, "the drafts")
            for named in (d for d in nodes if with_drafts and is_named_as_ours(d, payload)):
                draft = await self._shelf.draft(id_of(named))
                if isinstance(draft, Inconclusive):
                    return Unavailable(draft.reason)
                if isinstance(draft, Outcome):
                    return draft
                if draft is not None and is_our_draft(draft, payload):
                    return {**ids, "draft_id": id_of(draft)}
            if not (after := next_of(drafts)):
                break
        return ids

    async def _uploaded(self, outgoing: Outgoing) -> dict[str, str] | Outcome:
        addresses: dict[str, str] = {}
        signs = outgoing.payload["files"]
        for media in outgoing.media:
            sign = signs.get(media.name)
            if sign is None or sign in addresses:
                continue
            address = await self._uploads.upload(media)
            if not isinstance(address, str):
                return address
            addresses[sign] = address
        return addresses

    async def _remove(self, post: str) -> Outcome:
        answer = await self._graphql.mutate(
            REMOVE_POST, {"input": {"id": post}}, action=Action.DELETE
        )
        if isinstance(answer, Published):
            return replace(answer, id=post)  # it was gone already
        if not isinstance(answer, Data):
            return answer
        return Published(post, answer=answer.answer)

    async def _find_change(self, outgoing: Outgoing) -> Existence:
        id = outgoing.target_id
        found = await self._shelf.look(id)
        if outgoing.action is Action.DELETE:
            return removal_of(id, found)
        if isinstance(found, Inconclusive):
            return found
        if isinstance(found, Gone):
            return Absent("the post is gone, and the change with it")
        if differing := differences(found, outgoing.payload):
            return Absent(f"the post still reads otherwise: {', '.join(differing)}")
        return Landed(id, str(found.get("url") or ""), "the post reads as sent", compared=True)


def _published(answer: Data | Outcome, mutation: str) -> Outcome:
    if not isinstance(answer, Data):
        return answer
    post = answer.at(mutation, "post")
    if not id_of(post):
        return Unknown("Hashnode's answer does not contain the post", answer=answer.answer)
    return Published(id_of(post), str(post.get("url") or ""), answer.answer)


def _no_publication(answer: Data) -> Misconfigured:
    return Misconfigured(
        reason="there is no such publication on Hashnode, or it is hidden from this token",
        remedy="Set publication to the blog's host, or to its id.",
        answer=answer.answer,
    )


def _no_series(series: str, answer: Data) -> Refused:
    return Refused(
        field="series",
        reason=f"the publication has no series {series!r}",
        remedy="Make the series in Hashnode's dashboard, or take it out of the post.",
        answer=answer.answer,
    )
