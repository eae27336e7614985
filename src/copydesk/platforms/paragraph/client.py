"""The Paragraph calls: a draft that may be made again, and the one call that makes it public.

A new post is published by default and may mail every subscriber, so it is made as a draft in
`prepare`, found again by its slug, and published by its id in `commit`. What was mailed cannot be
called back: a publishing call with a newsletter whose answer was lost is never said to be absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metrics
from copydesk.core.outcomes import (
    Absent,
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
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.paragraph.errors import TABLE, read_error
from copydesk.platforms.paragraph.library import Library, Record, home, is_missing
from copydesk.platforms.paragraph.matching import differences, is_same_post

#: How many seconds Paragraph may need until a new draft is listed.
READ_DELAY: Final = 5.0

#: How long a mailing is given to show before a person is asked.
MAILING: Final = timedelta(minutes=10)


class ParagraphClient(Client):
    """The calls of one publication. `timeout` in seconds for every call; `paces` as in `Wire`."""

    def __init__(self, session: Session, *, timeout: float, paces: Sequence[Pace] = ()) -> None:
        key = session.secrets.get("api_key", "")
        settings = session.account.settings
        self._keeps_drafts = settings.get("removal") == "draft"
        base = settings.get("base_url") or "https://public.api.paragraph.com"
        self._wire = Wire(
            session.transport,
            base=f"{base.rstrip('/')}/api/v1",
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            headers={"Authorization": f"Bearer {key}"},
            secrets=(key,),
            paces=paces,
        )
        self._library = Library(self._wire)
        #: posts that the last look found as published; it is that reading an update is based on
        self._seen: set[str] = set()

    # -- before publishing ------------------------------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Make the draft unless it is there already; before an update, read what it replaces.

        What was looked at is not read again: Paragraph refuses a body (409) that is not based on
        what was read last, so a second reading would hide an edit made after the look.

        Handles: `post_id` is the draft or post, `url` the address it will have.
        """
        publication = await self._library.publication()
        if not isinstance(publication, dict):
            return publication
        url = f"{home(publication)}/{quote(outgoing.payload['slug'], safe='')}"
        if outgoing.action is Action.UPDATE:
            ready = Ready({"post_id": outgoing.target_id, "url": url})
            if outgoing.target_id in self._seen:
                self._seen.remove(outgoing.target_id)
                return ready
            read = await self._library.read(outgoing.target_id)
            if isinstance(read, dict):
                return ready
            return _GONE if is_missing(read) else read
        found = await self._library.by_slug(outgoing.payload["slug"], str(publication["id"]))
        if found is None:
            found = await self._draft(outgoing)
        if not isinstance(found, dict):
            return found
        if problem := _not_ours(found, outgoing):
            return problem
        return Ready({"post_id": str(found["id"]), "url": url})

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Look whether what was prepared still stands; a draft that is gone is made anew."""
        if outgoing.action is Action.UPDATE:
            return await self.prepare(outgoing)
        read = await self._library.read(str(outgoing.handles.get("post_id", "")))
        if isinstance(read, dict):
            return _not_ours(read, outgoing) or Ready(outgoing.handles)
        return await self.prepare(outgoing) if is_missing(read) else read

    async def _draft(self, outgoing: Outgoing) -> Record | Outcome:
        body = {**_fields(outgoing.payload), "status": "draft", "sendNewsletter": False}
        reply = await self._wire.read("POST", "/posts", json_body=body)
        if not isinstance(reply, Reply):
            return reply
        made = reply.json()
        if not isinstance(made, dict) or not made.get("id"):
            return Unavailable("Paragraph did not name the draft it made")
        if made.get("status") != "draft":
            return Refused(
                "state",
                f"Paragraph answered {made.get('status')!r} when a draft was asked for",
                "Look at the publication before anything else is sent there.",
                self._wire.evidence(reply),
            )
        draft = await self._library.read(str(made["id"]))
        slug = outgoing.payload["slug"]
        if isinstance(draft, dict) and draft.get("slug") != slug:
            # an earlier try's draft that is not listed yet has the address: make room, look again
            await self._wire.read("DELETE", f"/posts/{quote(str(made['id']), safe='')}")
            return Unavailable(
                f"Paragraph gave the draft the address {draft.get('slug')!r}, as {slug!r} is taken;"
                " delete what has it there, or choose another (override paragraph.slug)",
                retry_after=READ_DELAY,
            )
        return draft

    # -- publishing -------------------------------------------------------------------------------

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Publish the draft; or change or take down the post that `target_id` names.

        State and newsletter are said every time; only a new post is ever mailed.
        """
        payload = outgoing.payload
        if outgoing.action is Action.DELETE:
            return await self._remove(outgoing.target_id)
        if outgoing.action is Action.UPDATE:
            id = outgoing.target_id
            body = {**_fields(payload), "status": payload["state"], "sendNewsletter": False}
        else:
            id = str(outgoing.handles.get("post_id", ""))
            if not id:
                return Unavailable("there is no draft yet")
            body = {"status": payload["state"], "sendNewsletter": bool(payload["newsletter"])}
        reply = await self._wire.write(
            "PUT", f"/posts/{quote(id, safe='')}", action=outgoing.action, json_body=body
        )
        if not isinstance(reply, Reply):
            return reply
        said = reply.json()
        if not isinstance(said, dict) or said.get("success") is not True:
            return self._wire.unreadable(reply, "that it succeeded")
        return Published(id, str(outgoing.handles.get("url", "")), self._wire.evidence(reply))

    async def _remove(self, id: str) -> Outcome:
        path = f"/posts/{quote(id, safe='')}"
        if not self._keeps_drafts:
            return await self._wire.delete(path, id)
        body = {"status": "draft", "sendNewsletter": False}
        return await self._wire.delete(path, id, method="PUT", json_body=body)

    # -- looking ----------------------------------------------------------------------------------

    async def find(self, outgoing: Outgoing) -> Existence:
        """Ask for the post by its id.

        A draft that was to be mailed is not called absent: the mailing may be under way, and it
        must not be sent twice. After ten minutes a person decides.
        """
        id = outgoing.target_id or str(outgoing.handles.get("post_id", ""))
        if not id:
            return Inconclusive("it is not known which draft was to be published")
        post = await self._library.shown(id)
        match post:
            case Inconclusive():
                return post
            case Gone() if outgoing.action is Action.DELETE:
                return Landed(id, evidence=post.evidence)
            case Gone() if outgoing.action is Action.UPDATE:
                return Absent("the post is gone, and the change with it")
            case Gone():
                return Inconclusive(post.evidence)
            case _:
                pass
        if "status" not in post:
            return Inconclusive(_NO_STATE)
        is_public = post["status"] == "published"
        if outgoing.action is Action.DELETE:
            if self._keeps_drafts and not is_public:
                return Landed(id, evidence=f"the post is {post['status']} now")
            return Absent(f"the post is still there ({post['status']})")
        if outgoing.action is Action.UPDATE:
            differing = differences(post, outgoing.payload)
            if differing:
                return Absent(f"it still reads otherwise: {', '.join(differing)}")
            return Landed(id, evidence="the post reads as sent", compared=True)
        if is_public:
            return Landed(id, str(outgoing.handles.get("url", "")), "the post is public")
        if outgoing.payload["newsletter"]:
            until = outgoing.sent_at + MAILING if outgoing.sent_at else None
            return Inconclusive(
                "the post still says that it is a draft, but its newsletter may be on its way;"
                " see on Paragraph whether it was mailed",
                retry_at=until,
            )
        return Absent(f"the post is not public yet ({post['status']})")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent: its title, its subtitle, its words."""
        self._seen.discard(outgoing.target_id)
        post = await self._library.shown(outgoing.target_id)
        if isinstance(post, Gone | Inconclusive):
            return post
        if "status" not in post:
            return Inconclusive(_NO_STATE)
        if post["status"] != "published":
            return Gone(f"the post is {post['status']} now, no longer public")
        differing = differences(post, outgoing.payload)
        if differing:
            return Changed(", ".join(differing))
        self._seen.add(outgoing.target_id)
        return AsPublished("the post reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return the post's views."""
        return await self._library.views(outgoing.target_id)

    async def test(self) -> Outcome:
        """Ask whose key this is."""
        publication = await self._library.publication()
        if not isinstance(publication, dict):
            return publication
        name = str(publication.get("name") or publication.get("slug") or publication["id"])
        return Published(name, home(publication))


#: The state of a post is told to its own publication alone, and no field of an answer has to be
#: there (openapi.json, 2026-08-20).
_NO_STATE: Final = "Paragraph did not say whether the post is public"

#: What an update of a post that is no longer there means.
_GONE: Final = Refused(
    "target",
    "the post is gone from Paragraph",
    "Publish it again as a new post, or leave it removed.",
)


def _fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a post. A cover or authors set there stay where the post names none."""
    fields: dict[str, Any] = {
        "title": payload["title"],
        "subtitle": payload["subtitle"],
        "slug": payload["slug"],
        "markdown": payload["markdown"],
        "categories": payload["categories"],
    }
    if payload["image"]:
        fields["imageUrl"] = payload["image"]
    if payload["author_ids"]:
        fields["authorIds"] = payload["author_ids"]
    return fields


def _not_ours(found: Record, outgoing: Outgoing) -> Refused | None:
    """Return why `found` cannot be what is published for `outgoing`, None when it can."""
    slug = outgoing.payload["slug"]
    if not is_same_post(found, outgoing.payload):
        return Refused(
            "slug",
            f"the address {slug!r} belongs to another text on Paragraph: {found.get('title')!r}"
            f" ({found.get('status') or 'published'})",
            "Delete or rename it there, or choose another address (override paragraph.slug).",
        )
    if outgoing.payload["newsletter"] and (
        found.get("status") != "draft" or found.get("publishedAt")
    ):
        return Refused(
            "newsletter",
            "the post has been public before, so it may have been mailed already",
            "Publish it without a newsletter (override paragraph.newsletter: false).",
        )
    return None
