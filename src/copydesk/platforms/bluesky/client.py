"""The calls of one account: write a record under a key of ours, ask for it, compare it, remove it.

A create is `putRecord` with `swapRecord: null`: it never replaces what somebody else put there, and
the reference server answers a repeat of the same record with what it wrote the first time
(bluesky-social/atproto, putRecord, checked 2026-11-22). `createRecord` would not: there a second
use of a key ends in an untyped 500.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
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
from copydesk.platforms.bluesky.addresses import APP, COLLECTION, read_name
from copydesk.platforms.bluesky.comparing import differences
from copydesk.platforms.bluesky.errors import TABLE, read_error
from copydesk.platforms.bluesky.preparing import prepared
from copydesk.platforms.bluesky.records import NotPrepared, created_at, part_of, record_of
from copydesk.platforms.bluesky.sessions import renewed
from copydesk.platforms.bluesky.tid import record_key
from copydesk.platforms.kit.auth import ACCESS_TOKEN, Grant
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire

#: What a post's view counts, in our words.
_COUNTS: Final[Mapping[str, Metric]] = {
    "likeCount": Metric.REACTIONS,
    "replyCount": Metric.REPLIES,
    "repostCount": Metric.REPOSTS,
    "quoteCount": Metric.QUOTES,
    "bookmarkCount": Metric.SAVES,
}


class BlueskyClient(Client):
    """The calls of one account. `timeout` in seconds for every call; `paces` as in `Wire`."""

    def __init__(self, session: Session, *, timeout: float, paces: Sequence[Pace] = ()) -> None:
        self._secrets = session.secrets
        self._load_media = session.load_media
        self._repo = session.account.settings["identifier"].removeprefix("@")
        token = session.secrets.get(ACCESS_TOKEN, "")

        def wire(headers: Mapping[str, str]) -> Wire:
            return Wire(
                session.transport,
                base=session.account.settings["base_url"].rstrip("/"),
                table=TABLE,
                read_error=read_error,
                timeout=timeout,
                headers=headers,
                secrets=tuple(session.secrets.values()),
                paces=paces,
            )

        self._wire = wire({"Authorization": f"Bearer {token}"})
        self._door = wire({})

    async def renew(self) -> Grant | Outcome:
        """Refresh the session, or begin one with the app password."""
        return await renewed(self._door, self._repo, self._secrets)

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Upload the part's images and find out who and what it refers to; see `preparing.py`."""
        return await prepared(self._wire, self._load_media, outgoing)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Do the same for what is not prepared yet: the next part, or a try after a first one."""
        return await prepared(self._wire, self._load_media, outgoing)

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Write the record under its key, or remove the one `target_id` names."""
        match outgoing.action:
            case Action.DELETE:
                return await self._remove(outgoing)
            case Action.UPDATE:
                return Refused(
                    "target",
                    "Bluesky does not show that a post was changed",
                    "Delete it and publish it again.",
                )
            case Action.CREATE:
                return await self._create(outgoing)

    async def find(self, outgoing: Outgoing) -> Existence:
        """Ask for the record under its key: it is there or it is not, and the server knows."""
        removal = outgoing.action is Action.DELETE
        name = read_name(outgoing.target_id) if removal else None
        if removal and name is None:
            return Inconclusive(f"{outgoing.target_id!r} is not a post on Bluesky")
        record = await self._record(name.key if name else self._key(outgoing))
        if removal:
            return removal_of(outgoing.target_id, record)
        if isinstance(record, Inconclusive):
            return record
        if isinstance(record, Gone):
            return Absent(record.evidence)
        found = read_name(str(record.get("uri", "")))
        value = record.get("value")
        if found is None or not isinstance(value, dict):
            return Inconclusive("the server's answer could not be read")
        if value.get("createdAt") != created_at(outgoing) and differences(
            value, part_of(outgoing), outgoing
        ):
            return Inconclusive(f"another post stands under this key: {found.url}")
        return Landed(found.uri, found.url, "the record under its key")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the record with what was sent."""
        name = read_name(outgoing.target_id)
        if name is None:
            return Inconclusive(f"{outgoing.target_id!r} is not a post on Bluesky")
        record = await self._record(name.key)
        if isinstance(record, Gone | Inconclusive):
            return record
        value = record.get("value")
        if not isinstance(value, dict):
            return Inconclusive("the server's answer could not be read")
        differing = differences(value, part_of(outgoing), outgoing)
        if differing:
            return Changed(", ".join(differing))
        return AsPublished("the record reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return what the network counts about the post."""
        query = {"uris": outgoing.target_id}
        reply = await self._wire.read("GET", "/xrpc/app.bsky.feed.getPosts", query=query)
        if not isinstance(reply, Reply):
            return reply
        body = reply.json()
        posts = body.get("posts") if isinstance(body, dict) else None
        if not isinstance(posts, list) or not posts or not isinstance(posts[0], dict):
            return Unavailable("the network does not show the post", answer=reply.answer())
        shown = {key: posts[0][key] for key in _COUNTS if isinstance(posts[0].get(key), int)}
        return Metrics(counts={_COUNTS[key]: value for key, value in shown.items()}, raw=shown)

    async def test(self) -> Outcome:
        """Ask whose session this is."""
        reply = await self._wire.read("GET", "/xrpc/com.atproto.server.getSession")
        if not isinstance(reply, Reply):
            return reply
        body = reply.json()
        if not isinstance(body, dict) or not body.get("handle") or not body.get("did"):
            return Unavailable("the server did not say whose session this is")
        url = f"{APP}/profile/{body['did']}"
        return Published(f"@{body['handle']}", url, self._wire.evidence(reply))

    async def _create(self, outgoing: Outgoing) -> Outcome:
        try:
            record = record_of(outgoing)
        except NotPrepared as error:
            return Unavailable(f"not prepared yet: {error}")
        body = {
            "repo": self._repo,
            "collection": COLLECTION,
            "rkey": self._key(outgoing),
            "swapRecord": None,
            "record": record,
        }
        reply = await self._wire.write("POST", "/xrpc/com.atproto.repo.putRecord", json_body=body)
        if not isinstance(reply, Reply):
            return reply
        answer = reply.json()
        name = read_name(str(answer.get("uri", ""))) if isinstance(answer, dict) else None
        if name is None:
            return self._wire.unreadable(reply, "the address of the record")
        return Published(name.uri, name.url, self._wire.evidence(reply))

    async def _remove(self, outgoing: Outgoing) -> Outcome:
        name = read_name(outgoing.target_id)
        if name is None:
            return Refused(
                "target",
                f"{outgoing.target_id!r} is not a post on Bluesky",
                "Delete it there by hand.",
            )
        body = {"repo": self._repo, "collection": COLLECTION, "rkey": name.key}
        path = "/xrpc/com.atproto.repo.deleteRecord"
        return await self._wire.delete(path, outgoing.target_id, method="POST", json_body=body)

    async def _record(self, key: str) -> dict[str, Any] | Gone | Inconclusive:
        query = {"repo": self._repo, "collection": COLLECTION, "rkey": key}
        reply = await self._wire.read("GET", "/xrpc/com.atproto.repo.getRecord", query=query)
        if not isinstance(reply, Reply):
            if reply.answer.vendor_code == "RecordNotFound":
                return Gone("the server has no record under this key")
            return Inconclusive("the server did not say whether the record is there")
        body = reply.json()
        if not isinstance(body, dict) or "value" not in body:
            return Inconclusive("the server's answer could not be read")
        return body

    def _key(self, outgoing: Outgoing) -> str:
        return record_key(outgoing.key, outgoing.intended_at, outgoing.part)
