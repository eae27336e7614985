"""GraphQL over a `Wire`: the body decides, since an error comes with HTTP 200 like a success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Answer, Outcome, Unavailable
from copydesk.platforms.hashnode.errors import first_error, outcome_of, read_error
from copydesk.platforms.kit.classify import Failure, harmless, redact
from copydesk.platforms.kit.retry_after import read_wait
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire


@dataclass(frozen=True, slots=True)
class Data:
    """The `data` of an answer without errors, with the answer as evidence."""

    fields: Mapping[str, Any]
    answer: Answer

    def at(self, *path: str) -> Any:
        """Return what stands at `path`, None where a step is missing or null."""
        found: Any = self.fields
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


class GraphQL:
    """One endpoint. `secrets` are masked in everything an error says."""

    def __init__(self, wire: Wire, secrets: tuple[str, ...]) -> None:
        self._wire = wire
        self._secrets = secrets

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, action: Action = Action.CREATE
    ) -> Data | Outcome:
        """Make the irreversible call; what may have been applied is `Unknown`."""
        reply = await self._wire.write(
            "POST", "", action=action, json_body=_request(document, variables)
        )
        return reply if not isinstance(reply, Reply) else self._read(reply, action)

    async def ask(self, document: str, variables: Mapping[str, Any]) -> Data | Outcome:
        """Make a call that may be repeated: a query, a draft, an upload. Never `Unknown`."""
        reply = await self._wire.read("POST", "", json_body=_request(document, variables))
        if not isinstance(reply, Reply):
            return reply
        found = self._read(reply, Action.CREATE)
        return found if isinstance(found, Data) else harmless(found)

    def _read(self, reply: Reply, action: Action) -> Data | Outcome:
        body = reply.json()
        if first_error(body) is None:
            data = body.get("data") if isinstance(body, dict) else None
            if isinstance(data, dict):
                return Data(data, self._wire.evidence(reply))
            return self._wire.unreadable(reply, "any data")
        code, message = read_error(reply)
        return outcome_of(
            Failure(
                status=reply.status,
                code=code,
                message=redact(message, self._secrets),
                wait=read_wait(reply.headers),
                answer=replace(self._wire.evidence(reply), vendor_code=code),
                action=action,
            )
        )


def missing(data: Data, what: str) -> Unavailable:
    """Return the outcome of a repeatable call whose answer lacks `what`."""
    return Unavailable(f"Hashnode's answer does not contain {what}", answer=data.answer)


def _request(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"query": document, "variables": dict(variables)}
