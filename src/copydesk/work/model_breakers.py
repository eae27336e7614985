"""Breakers of models: who does not answer is left alone for a while, by every worker.

The rules and the rows are those of platforms (`distribution.breaker`); a call to a model is what is
let through to see.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from copydesk.core.breaker import Breaker, host_breaker_id
from copydesk.core.errors import ModelUnavailable
from copydesk.distribution import breaker as rules
from copydesk.distribution.breaker import BreakerPolicy, Pulse, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: Under what models stand among the breakers, where others have their platform.
PLATFORM: Final = "model"
POLICY: Final = BreakerPolicy(account_failures=3, first=5.0, least=1.0, longest=300.0)


async def admit(
    unit: UnitOfWork, provider: str, call_id: str, desk: Desk
) -> ModelUnavailable | None:
    """Return why the model `provider` must not be called now, None if the call may be made.

    Of several calls at the end of its rest one is let through.
    """
    scope = _scope(provider)
    known = (await unit.breakers.of([scope.id])).get(scope.id)
    if known is None or not known.stands_in_the_way:
        return None
    term = unit.now + timedelta(seconds=desk.settings.model_timeout + POLICY.term)
    if await unit.breakers.claim([scope.id], call_id, term):
        return None
    until = f" until {known.open_until:%H:%M:%S} UTC" if known.open_until else ""
    return ModelUnavailable(
        f"{provider} does not answer and is not asked{until}: {known.reason}",
        remedy="It is tried again by itself; `copydesk doctor` shows how it stands.",
    )


async def learn(unit: UnitOfWork, provider: str, call_id: str, pulse: Pulse, desk: Desk) -> None:
    """Take in what a call to `provider` felt."""
    scope = _scope(provider)
    if pulse.failures:
        known = (await unit.breakers.locked([scope.id])).get(scope.id)
    else:
        # while it answers nobody waits for anybody
        known = (await unit.breakers.of([scope.id])).get(scope.id)
    was = known or rules.closed(scope)
    now = rules.learn(
        was,
        scope,
        pulse,
        account_id=provider,
        probe=call_id,
        now=unit.now,
        policy=POLICY,
        source=desk.random,
    )
    if now is not was:
        await unit.breakers.put(now, was, desk.workspace_id)


async def resting(unit: UnitOfWork, providers: Sequence[str]) -> dict[str, Breaker]:
    """Return the breakers that stop calls, by the model's name."""
    ids = {_scope(provider).id: provider for provider in providers}
    found = await unit.breakers.of(list(ids))
    return {ids[id]: breaker for id, breaker in found.items() if breaker.stands_in_the_way}


async def close_all(unit: UnitOfWork, workspace_id: str) -> None:
    """Let all models be called again: a person says that they work."""
    standing = [one.id for one in await unit.breakers.standing() if one.platform == PLATFORM]
    for breaker in (await unit.breakers.locked(standing)).values():
        if breaker.stands_in_the_way:
            await unit.breakers.put(rules.close(breaker, unit.now), breaker, workspace_id)


def _scope(provider: str) -> Scope:
    return Scope(
        id=host_breaker_id(PLATFORM, provider),
        platform=PLATFORM,
        host=provider,
        failures=POLICY.account_failures,
        accounts=1,
    )
