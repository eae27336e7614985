"""The sandbox calls: publish, ask whether it is public, remove, look up by key, look again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Accepted,
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
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.retry_after import parse_date
from copydesk.platforms.kit.transport import Reply, Transport
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.sandbox.errors import TABLE, read_error
from copydesk.platforms.sandbox.formats import Format, Kept, format_of
from copydesk.platforms.sandbox.knobs import Knobs
from copydesk.platforms.sandbox.render import part_of

#: What an accepted post is asked about by, and how long it takes at least, in seconds.
_HANDLE: Final = "post"
_AGAIN: Final = 1.0


class SandboxClient(Client):
    """The calls to one account's sandbox over `remote`."""

    def __init__(
        self, account: Account, remote: Transport, knobs: Knobs, *, guarded: bool = False
    ) -> None:
        self._account = account
        self._guarded = guarded
        self._knobs = knobs
        self._wire = Wire(
            remote,
            base=f"sandbox://{account.id}",
            table=TABLE,
            read_error=read_error,
            timeout=knobs.timeout,
        )

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Hand the post to the sandbox; an update or delete names the post it is about."""
        wire_format = self._format(outgoing)
        path = wire_format.collection
        key = {"Idempotency-Key": outgoing.key}
        if outgoing.action is Action.DELETE:
            return await self._wire.delete(
                f"{path}/{outgoing.target_id}", outgoing.target_id, headers=key
            )
        update = outgoing.action is Action.UPDATE
        reply = await self._wire.write(
            "PUT" if update else "POST",
            f"{path}/{outgoing.target_id}" if update else path,
            action=outgoing.action,
            headers=key,
            json_body=wire_format.write(outgoing),
        )
        if not isinstance(reply, Reply):
            return reply
        kept = wire_format.read(reply.json())
        if kept is None:
            return self._wire.unreadable(reply, "the id of the post")
        if not kept.is_public:
            return Accepted({_HANDLE: kept.id}, self._wire.evidence(reply))
        return Published(kept.id, kept.url, self._wire.evidence(reply))

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Ask whether what was taken is public by now. A sandbox that cannot be asked (find=no)
        tells nothing by its answer, but may call back."""
        id = outgoing.handles.get(_HANDLE)
        if id is None:
            return Ready(outgoing.handles)
        wire_format = self._format(outgoing)
        reply = await self._wire.read("GET", f"{wire_format.collection}/{id}")
        if not isinstance(reply, Reply):
            match reply.answer.status:
                case 403:
                    return Pending(_AGAIN, outgoing.handles)
                case 404:
                    return Refused("post", "it was removed before it was public", "Leave it.")
                case _:
                    return reply
        kept = wire_format.read(reply.json())
        if kept is None:
            return Unavailable("the sandbox's answer is unreadable")
        if not kept.is_public:
            return Pending(_AGAIN, outgoing.handles)
        return Published(kept.id, kept.url, self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look the key up. A post younger than the read delay is not listed yet, so its absence
        proves nothing until then."""
        if not self._knobs.can_find:
            return Inconclusive("this sandbox cannot be asked what it has (find=no)")
        if outgoing.action is Action.DELETE:
            return removal_of(outgoing.target_id, await self._kept(outgoing))
        wire_format = self._format(outgoing)
        reply = await self._wire.read("GET", wire_format.collection, query={"key": outgoing.key})
        posts = wire_format.read_all(reply.json()) if isinstance(reply, Reply) else None
        if not isinstance(reply, Reply) or posts is None:
            return Inconclusive("the sandbox did not answer")
        if posts:
            return Landed(posts[0].id, posts[0].url, f"{len(posts)} with this key")
        delay = self._knobs.read_delay
        if not delay:
            return Absent("no post with this key")
        now, sent_at = parse_date(reply.headers["date"]), outgoing.sent_at or outgoing.first_sent_at
        if now is None or sent_at is None:
            return Inconclusive("it is not known when the post was sent")
        listed_at = sent_at + timedelta(seconds=delay)
        if now < listed_at:
            return Inconclusive("a new post is not listed yet", retry_at=listed_at)
        return Absent("no post with this key, and it would be listed by now")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare what the sandbox has under the id with what was sent."""
        if not self._knobs.can_find:
            return Inconclusive("this sandbox cannot be asked what it has (find=no)")
        kept = await self._kept(outgoing)
        if isinstance(kept, Gone | Inconclusive):
            return kept
        sent, there = part_of(outgoing.payload, outgoing.part), kept.payload or {}
        differing = sorted(k for k in {*sent, *there} if sent.get(k) != there.get(k))
        if differing:
            return Changed(", ".join(differing), "the sandbox's file has another version")
        return AsPublished("the sandbox has it as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return how many posts answer this one: nothing else happens in a file."""
        path = f"{self._format(outgoing).collection}/{outgoing.target_id}/metrics"
        reply = await self._wire.read("GET", path)
        if not isinstance(reply, Reply):
            return reply
        counted = reply.json()
        if not isinstance(counted, dict) or not isinstance(counted.get("answers"), int):
            return Unavailable("the sandbox's answer is unreadable")
        return Metrics(counts={Metric.REPLIES: counted["answers"]}, raw=counted)

    async def test(self) -> Outcome:
        """Say hello; the sandbox is always there. Behind an OAuth server, ask whose token it is."""
        if not self._guarded:
            return Published(f"sandbox {self._account.name}")
        reply = await self._wire.read("GET", "/me")
        if not isinstance(reply, Reply):
            return reply
        profile = reply.json()
        if not isinstance(profile, dict) or not profile.get("acct"):
            return Unavailable("the server did not say whose token this is")
        return Published(f"@{profile['acct']}", "", self._wire.evidence(reply))

    async def _kept(self, outgoing: Outgoing) -> Kept | Gone | Inconclusive:
        wire_format = self._format(outgoing)
        path = f"{wire_format.collection}/{outgoing.target_id}"
        reply = await self._wire.read("GET", path)
        if not isinstance(reply, Reply):
            if reply.answer.status == 404:
                return Gone("the sandbox has no such post any more")
            return Inconclusive("the sandbox did not answer")
        return wire_format.read(reply.json()) or Inconclusive("the sandbox's answer is unreadable")

    def _format(self, outgoing: Outgoing) -> Format:
        return format_of(outgoing.api_version or self._account.api_version)
