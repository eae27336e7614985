"""Listening to a spoke's publishing calls from outside, without replacing anything of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Outcome, Unknown
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.registry import load_platform

#: Is told the number of the call, from 1; a batch counts as one.
Listener = Callable[[int], Awaitable[None]]


@contextmanager
def hearing(
    platform: str,
    *,
    before: Listener | None = None,
    after: Listener | None = None,
    doubt: Callable[[Outgoing], Awaitable[None]] | None = None,
) -> Iterator[None]:
    """Await `before(n)` and `after(n)` around the n-th publishing call of a spoke, and
    `doubt(sent)` for whatever was sent of which the spoke does not know whether it arrived.

    `after` and `doubt` are awaited when the client has returned, before the engine knows the
    outcome.
    """
    declared = load_platform(platform)
    connect = declared.connect
    calls = 0

    async def around(call: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal calls
        calls += 1
        number = calls
        if before is not None:
            await before(number)
        outcome = await call()
        if after is not None:
            await after(number)
        return outcome

    async def told(outgoing: Outgoing, outcome: Outcome) -> None:
        if doubt is not None and isinstance(outcome, Unknown):
            await doubt(outgoing)

    def connect_heard(session: Session) -> Client:
        client = connect(session)
        commit, commit_batch = client.commit, client.commit_batch
        in_batch = False

        async def one(outgoing: Outgoing) -> Outcome:
            if in_batch:
                return await commit(outgoing)
            outcome: Outcome = await around(lambda: commit(outgoing))
            await told(outgoing, outcome)
            return outcome

        async def several(batch: Sequence[Outgoing]) -> Sequence[Outcome]:
            nonlocal in_batch
            in_batch = True
            try:
                outcomes: Sequence[Outcome] = await around(lambda: commit_batch(batch))
            finally:
                in_batch = False
            for outgoing, outcome in zip(batch, outcomes, strict=True):
                await told(outgoing, outcome)
            return outcomes

        vars(client).update(commit=one, commit_batch=several)
        return client

    vars(declared)["connect"] = connect_heard
    try:
        yield
    finally:
        del vars(declared)["connect"]
