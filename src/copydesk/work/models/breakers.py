"""Breakers of models: who does not answer is left alone for a while, by every worker.

The rules and the rows are those of platforms (`distribution.breaker`); a call to a model is what is
let through to see. A server that says for how long it wants no calls gets none until then, from the
first time on: it answers, so this is no trip of the breaker, and what waits for it may wait.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from copydesk.core.breaker import Breaker, host_breaker_id
from copydesk.core.errors import ModelUnavailable
from copydesk.core.states import BreakerState
from copydesk.distribution import breaker as rules
from copydesk.distribution.breaker import BreakerPolicy, Pulse, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: Under what models stand among the breakers, where others have their platform.
PLATFORM: Final = "model"
POLICY: Final = BreakerPolicy(account_failures=3, first=5.0, least=1.0, longest=300.0)
#: Seconds after which to ask again where a call was let through to see and has not told yet.
_PROBING: Final = 10.0


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
    limit = max(desk.settings.model_timeout, desk.settings.light_model_timeout)
    if await unit.breakers.claim(
        [scope.id], call_id, unit.now + timedelta(seconds=limit + POLICY.term)
    ):
        return None
    until = f" until {known.open_until:%H:%M:%S} UTC" if known.open_until else ""
    if known.state is BreakerState.HALF_OPEN:
        until = " before the call that was let through to see has told"
    paused = _is_pause(known)
    what = "wants to be left alone" if paused else "does not answer"
    return ModelUnavailable(
        f"{provider} {what} and is not asked{until}: {known.reason}",
        remedy="It is tried again by itself; `copydesk doctor` shows how it stands.",
        wait=_rest(known, unit.now) if paused else None,
        asked=False,
    )


async def pause(unit: UnitOfWork, provider: str, wait: float, reason: str, desk: Desk) -> None:
    """Make no call to `provider` for `wait` seconds, as it asked; a longer pause stays."""
    scope = _scope(provider)
    was = (await unit.breakers.locked([scope.id])).get(scope.id) or rules.closed(scope)
    until = unit.now + timedelta(seconds=wait)
    if was.state is BreakerState.OPEN and was.open_until is not None and was.open_until >= until:
        return
    now = replace(
        rules.close(was, unit.now), state=BreakerState.OPEN, open_until=until, reason=reason
    )
    await unit.breakers.put(now, was, desk.workspace_id)


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


def _is_pause(breaker: Breaker) -> bool:
    """Whether it was asked for: what opens by itself has tripped."""
    return breaker.stands_in_the_way and not breaker.trips


def _rest(breaker: Breaker, now: datetime) -> float:
    if breaker.state is BreakerState.HALF_OPEN or breaker.open_until is None:
        return _PROBING
    return max(1.0, (breaker.open_until - now).total_seconds())


def _scope(provider: str) -> Scope:
    return Scope(
        id=host_breaker_id(PLATFORM, provider),
        platform=PLATFORM,
        host=provider,
        failures=POLICY.account_failures,
        accounts=1,
    )
