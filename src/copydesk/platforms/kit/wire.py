"""One account's HTTP calls: address, credentials and error table in one place.

A call gives either a 2xx `Reply`, which only the spoke can read, or an outcome. `write` is for the
one irreversible call, `read` for everything that may be repeated, uploads included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Answer, Outcome, Published, RateLimited, Unknown
from copydesk.platforms.kit.classify import (
    ErrorReader,
    ErrorTable,
    answer_lost,
    classify_read,
    classify_write,
    closed,
    evidence,
    harmless,
    not_sent,
    unreadable,
)
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.rate_headers import closed_scope, read_rates
from copydesk.platforms.kit.transport import AnswerLost, Closed, NotSent, Reply, Transport


class Wire:
    """The calls of one account over `transport`.

    `base` is put before every path; `headers` go with every call; `secrets` are masked in all
    evidence; `timeout` is in seconds. `paces` are the manifest's: they tell what a 429 is about.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base: str,
        table: ErrorTable,
        read_error: ErrorReader,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        paces: Sequence[Pace] = (),
    ) -> None:
        self._transport = transport
        self._base = base
        self._table = table
        self._read_error = read_error
        self._timeout = timeout
        self._headers = dict(headers or {})
        self._secrets = secrets
        self._paces = tuple(paces)

    async def write(
        self,
        method: str,
        path: str,
        *,
        action: Action = Action.CREATE,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Reply | Outcome:
        """Make the irreversible call. `content` is what `Transport.call` takes as body."""
        try:
            reply = await self._call(method, path, headers, content)
        except Closed as error:
            return closed(error)
        except NotSent as error:
            return not_sent(error, self._secrets)
        except AnswerLost as error:
            return answer_lost(error, self._secrets)
        if reply.status // 100 == 2:
            return reply
        outcome = classify_write(
            reply, self._table, self._read_error, action=action, secrets=self._secrets
        )
        return self._scoped(outcome, method, path, reply)

    async def delete(
        self, path: str, target_id: str, *, method: str = "DELETE", **content: Any
    ) -> Outcome:
        """Make the call that removes `target_id`; 404 and 410 mean that it was gone already.

        An API says nothing to that, or says it in JSON: a page of whoever stands in between proves
        nothing, whatever its status.
        """
        reply = await self.write(method, path, action=Action.DELETE, **content)
        if isinstance(reply, Reply):
            if reply.body and reply.json() is None:
                return self.unreadable(reply, "what an API says to a removal")
            return Published(target_id, answer=self.evidence(reply))
        if reply.answer.status in {404, 410}:
            return Published(target_id, answer=reply.answer)
        return reply

    async def read(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Reply | Outcome:
        """Make a call that may be repeated; its outcome is never `Unknown`."""
        try:
            reply = await self._call(method, path, headers, content)
        except Closed as error:
            return closed(error)
        except NotSent as error:
            return not_sent(error, self._secrets)
        except AnswerLost as error:
            return harmless(answer_lost(error, self._secrets))
        if reply.status // 100 == 2:
            return reply
        outcome = classify_read(reply, self._table, self._read_error, secrets=self._secrets)
        return self._scoped(outcome, method, path, reply)

    def evidence(self, reply: Reply) -> Answer:
        """Return `reply` as evidence without this account's secrets."""
        return evidence(reply, "", self._secrets)

    def unreadable(self, reply: Reply, expected: str) -> Unknown:
        """Return the outcome of a write that succeeded but whose answer lacks `expected`."""
        return unreadable(reply, expected, self._secrets)

    def _scoped(self, outcome: Outcome, method: str, path: str, reply: Reply) -> Outcome:
        if not isinstance(outcome, RateLimited) or outcome.scope != "account":
            return outcome
        rates = read_rates(reply.headers)
        scope = closed_scope(self._paces, method, self._base + path, rates)
        return replace(outcome, scope=scope)

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        content: Mapping[str, Any],
    ) -> Reply:
        return await self._transport.call(
            method,
            self._base + path,
            headers={**self._headers, **(headers or {})},
            timeout=self._timeout,
            **content,
        )
