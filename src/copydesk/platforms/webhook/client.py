"""The webhook calls: one signed POST, and one GET to ask whether it arrived and still stands."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Published,
)
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.webhook.errors import TABLE, read_error
from copydesk.platforms.webhook.render import event_body


class WebhookClient(Client):
    """Sends events to one receiver. `timeout` in seconds for every call."""

    def __init__(self, session: Session, *, timeout: float) -> None:
        secret = session.secrets.get("secret", "")
        self._keys: tuple[bytes, ...] = ()
        self._problem = ""
        try:
            self._keys = signing_keys(secret)
        except ValueError as problem:
            self._problem = str(problem)
        self._url = session.account.settings["url"]
        self._status_url = session.account.settings.get("status_url", "")
        self._transport = session.transport
        self._timeout = timeout
        self._wire = Wire(
            session.transport,
            base="",
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            secrets=tuple(secret.split()),
        )

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Send the event; any 2xx is success. The receiver may name a public `url` in its answer.

        `webhook-id` is the idempotency key, so it is the same on every try. `webhook-timestamp` is
        the time of this try (`sent_at`), because receivers refuse stale ones.
        """
        if not self._keys:
            return Misconfigured(self._problem, remedy="Set the account's secret again.")
        body = event_body(outgoing.payload, outgoing.action)
        sent_at = outgoing.sent_at or outgoing.first_sent_at or outgoing.intended_at
        headers = signed_headers(self._keys, id=outgoing.key, sent_at=sent_at, body=body)
        reply = await self._wire.write(
            "POST",
            self._url,
            action=outgoing.action,
            headers={"Content-Type": "application/json", **headers},
            body=body,
        )
        if not isinstance(reply, Reply):
            return reply
        return Published(outgoing.key, _public_url(reply), self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Ask the receiver's `status_url`: 2xx is landed, 404 and 410 are absent."""
        reply = await self._ask(outgoing.key)
        if isinstance(reply, Inconclusive):
            return reply
        match reply.status:
            case status if 200 <= status < 300:
                return Landed(outgoing.key, _public_url(reply), f"status_url answered {status}")
            case 404 | 410:
                return Absent(f"status_url answered {reply.status}")
            case status:
                return Inconclusive(f"status_url answered {status}")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Ask the receiver's `status_url` about the event that put the post there.

        404 and 410 mean that it is gone; `changed` in a JSON answer says what was changed there.
        """
        reply = await self._ask(outgoing.target_id)
        if isinstance(reply, Inconclusive):
            return reply
        match reply.status:
            case status if 200 <= status < 300:
                body = reply.json()
                changed = body.get("changed") if isinstance(body, dict) else None
                if changed:
                    return Changed(changed if isinstance(changed, str) else "the post")
                return AsPublished(f"status_url answered {status}")
            case 404 | 410:
                return Gone(f"status_url answered {reply.status}")
            case status:
                return Inconclusive(f"status_url answered {status}")

    async def test(self) -> Outcome:
        """Check what can be checked without sending an event: that the receiver's host answers.

        Any HTTP answer will do, since receivers need not know any method but POST.
        """
        reply = await self._wire.read("OPTIONS", self._url)
        host = urlsplit(self._url).hostname or ""
        if isinstance(reply, Reply):
            return Published(host, answer=self._wire.evidence(reply))
        status = reply.answer.status
        if status is None or status == 410 or status >= 500:
            return reply
        return Published(host, answer=reply.answer)

    async def _ask(self, id: str) -> Reply | Inconclusive:
        """Return what `status_url` answers about the event `id`."""
        if not self._status_url:
            return Inconclusive("the receiver has no status_url that could be asked")
        address = self._status_url.replace("{id}", quote(id, safe=""))
        try:
            return await self._transport.call("GET", address, timeout=self._timeout)
        except (NotSent, AnswerLost) as error:
            return Inconclusive(f"the receiver could not be asked: {error}")


def _public_url(reply: Reply) -> str:
    body = reply.json()
    url = body.get("url") if isinstance(body, dict) else None
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else ""
