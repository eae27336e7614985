"""The sandbox calls: publish, and look up by key."""

from __future__ import annotations

from datetime import timedelta

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Published,
)
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.retry_after import parse_date
from copydesk.platforms.kit.transport import Reply, Transport
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.sandbox.errors import TABLE, read_error
from copydesk.platforms.sandbox.knobs import Knobs


class SandboxClient(Client):
    """The calls to one account's sandbox over `remote`."""

    def __init__(self, account: Account, remote: Transport, knobs: Knobs) -> None:
        self._account = account
        self._knobs = knobs
        self._wire = Wire(
            remote,
            base=f"sandbox://{account.id}",
            table=TABLE,
            read_error=read_error,
            timeout=knobs.timeout,
        )

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Hand the post to the sandbox; an update names the post it replaces."""
        update = outgoing.action is Action.UPDATE
        reply = await self._wire.write(
            "PUT" if update else "POST",
            f"/posts/{outgoing.target_id}" if update else "/posts",
            action=outgoing.action,
            headers={"Idempotency-Key": outgoing.key},
            json_body={
                "action": outgoing.action.value,
                "delivery_id": outgoing.delivery_id,
                "post_id": outgoing.post_id,
                "recipient": outgoing.recipient,
                "intended_at": outgoing.intended_at.isoformat(),
                "payload": dict(outgoing.payload),
            },
        )
        if not isinstance(reply, Reply):
            return reply
        body = reply.json()
        if not isinstance(body, dict) or not body.get("id"):
            return self._wire.unreadable(reply, "the id of the post")
        return Published(str(body["id"]), str(body.get("url", "")), self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look the key up. A post younger than the read delay is not listed yet, so its absence
        proves nothing until then."""
        if not self._knobs.can_find:
            return Inconclusive("this sandbox cannot be asked what it has (find=no)")
        reply = await self._wire.read("GET", "/posts", query={"key": outgoing.key})
        body = reply.json() if isinstance(reply, Reply) else None
        if not isinstance(reply, Reply) or not isinstance(body, dict):
            return Inconclusive("the sandbox did not answer")
        posts = body.get("posts", [])
        if posts:
            return Landed(str(posts[0]["id"]), str(posts[0]["url"]), f"{len(posts)} with this key")
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

    async def test(self) -> Outcome:
        """Say hello; the sandbox is always there."""
        return Published(f"sandbox {self._account.name}")
