"""One model with its books: asked only when it is there and paid for, and never twice the same.

Two short transactions stand around a call. The first looks for an answer kept earlier, asks the
breaker, reserves the money and writes the call down; the second writes down what came of it and
keeps the answer. So a process that dies later pays nothing twice, and one that dies between them
leaves a row that says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from copydesk.core.errors import CopydeskError, ModelReplyInvalid, ModelUnavailable, ReplyTruncated
from copydesk.core.model_call import LIMITED, CallOutcome
from copydesk.core.post import Tier
from copydesk.distribution.breaker import Pulse
from copydesk.generation.budget import estimate_tokens
from copydesk.generation.port import Completion, ModelRequest, Usage
from copydesk.work.models.breakers import admit, learn, pause
from copydesk.work.models.money import afford, notice

if TYPE_CHECKING:
    from copydesk.generation.fallback import Provider
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: How much of an answer is kept as evidence, in characters.
_EVIDENCE: Final = 20_000


class BookedModel:
    """A model of ours that asks `provider` for a desk, on behalf of one submission ("": none)."""

    def __init__(self, desk: Desk, provider: Provider, submission_id: str) -> None:
        self._desk = desk
        self._provider = provider
        self._submission_id = submission_id or None

    async def complete(self, request: ModelRequest) -> Completion:
        """Return the answer kept for this question, else ask once; see `Model.complete`.

        Raises `ModelUnavailable` without a call while the model is resting, or wants to be left
        alone, or the money is spent.
        """
        digest = digest_of(request, self._provider)
        call_id = self._desk.ids.new("call")
        async with self._desk.store.begin("model") as unit:
            kept = await self._recalled(unit, digest)
            if kept is not None:
                return await self._remembered(unit, call_id, request, digest, kept)
            refusal = await admit(unit, self.name, call_id, self._desk)
            worst = self._price(_worst(request))
            if refusal is None:
                refusal = await afford(unit, self._desk.workspace_id, worst or 0.0)
            if refusal is None:
                await self._write_down(
                    unit,
                    call_id,
                    request,
                    digest=digest,
                    outcome=CallOutcome.ASKED,
                    reserved_usd=worst or 0.0,
                )
        if refusal is not None:
            raise refusal
        return await self._ask(call_id, request, digest)

    @property
    def name(self) -> str:
        """Return the name that people know the model by."""
        return self._provider.name

    async def afford(
        self, unit: UnitOfWork, requests: Sequence[ModelRequest]
    ) -> ModelUnavailable | None:
        """Return why there is no money for all `requests`, None where there is.

        What was answered before costs nothing.
        """
        worst, calls = 0.0, 0
        for request in requests:
            if await self._recalled(unit, digest_of(request, self._provider)) is None:
                worst += self._price(_worst(request)) or 0.0
                calls += 1
        return await afford(unit, self._desk.workspace_id, worst, calls=calls) if calls else None

    async def _recalled(self, unit: UnitOfWork, digest: str) -> Mapping[str, Any] | None:
        if not self._desk.settings.model_cache_hours:
            return None
        return await unit.model_calls.remembered(self._desk.workspace_id, digest)

    async def _ask(self, call_id: str, request: ModelRequest, digest: str) -> Completion:
        pulse = Pulse()
        started = self._desk.clock.monotonic()
        try:
            completion = await self._provider.model.complete(request)
        except ModelUnavailable as error:
            if error.answered is None or error.answered == 429 or error.answered >= 500:
                pulse.miss(error.message)
            else:
                pulse.answered = True
            await self._failed(call_id, error, started, pulse)
            raise
        except (ReplyTruncated, ModelReplyInvalid) as error:
            pulse.answered = True
            await self._failed(call_id, error, started, pulse)
            raise
        pulse.answered = True
        completion = replace(completion, call_id=call_id)
        async with self._desk.store.begin("model") as unit:
            await unit.model_calls.settle(
                call_id, outcome=CallOutcome.ANSWERED, **_columns(completion)
            )
            hours = self._desk.settings.model_cache_hours
            if hours:
                until = unit.now + timedelta(hours=hours)
                await unit.model_calls.remember(
                    self._desk.workspace_id, digest, _kept(completion), until
                )
            await learn(unit, self.name, call_id, pulse, self._desk)
            await notice(unit, self._desk.workspace_id)
        return completion

    async def _failed(
        self, call_id: str, error: CopydeskError, started: float, pulse: Pulse
    ) -> None:
        signal, wait = error.code, None
        values: dict[str, Any]
        if isinstance(error, ModelUnavailable):
            wait = error.wait
            if wait is not None or error.answered == 429:
                signal = LIMITED
            # of one that may be billed what was reserved stays
            cost = 0.0 if error.is_free else None
            values = {"outcome": CallOutcome.FAILED, "cost_usd": cost}
        else:
            # answered, so billed: what was reserved stays
            values = {"outcome": CallOutcome.REJECTED, "cost_usd": None}
            if isinstance(error, ReplyTruncated):
                signal = error.signal
        async with self._desk.store.begin("model") as unit:
            await unit.model_calls.settle(
                call_id,
                signal=signal,
                rejected_because=error.message,
                latency_ms=(self._desk.clock.monotonic() - started) * 1000,
                **values,
            )
            if wait is None:
                await learn(unit, self.name, call_id, pulse, self._desk)
            else:
                await pause(unit, self.name, wait, error.message, self._desk)
            await notice(unit, self._desk.workspace_id)

    async def _remembered(
        self,
        unit: UnitOfWork,
        call_id: str,
        request: ModelRequest,
        digest: str,
        kept: Any,
    ) -> Completion:
        completion = replace(
            _from_kept(kept), call_id=call_id, remembered=True, cost_usd=0.0, latency_ms=0.0
        )
        values = _columns(completion)
        for tokens in ("input_tokens", "cached_tokens", "output_tokens"):
            values[tokens] = 0  # nothing was sent
        await self._write_down(
            unit, call_id, request, digest=digest, outcome=CallOutcome.REMEMBERED, **values
        )
        return completion

    async def _write_down(
        self, unit: UnitOfWork, call_id: str, request: ModelRequest, **values: Any
    ) -> None:
        await unit.model_calls.add(
            call_id,
            self._desk.workspace_id,
            submission_id=self._submission_id,
            capability=request.capability,
            tier=request.tier,
            provider=self.name,
            prompt_version=request.prompt_version,
            passages=list(request.passages),
            **values,
        )

    def _price(self, usage: Usage) -> float | None:
        return self._provider.facts.price(usage, self._desk.clock.now())


def digest_of(request: ModelRequest, provider: Provider) -> str:
    """Return what makes a question to a model the same: all that is sent, but for its random part.

    How much the model is asked to think is sent as well.

    The workspace is not in it: answers are kept apart by workspace.
    """
    user = request.user
    if request.delimiter:
        user = user.replace(request.delimiter, "\0")
    asked = [
        provider.name,
        provider.facts.thinking,
        request.capability,
        request.prompt_version,
        request.system,
        user,
        request.max_tokens,
        request.temperature,
        None if request.reply is None else dict(request.reply.json_schema),
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _worst(request: ModelRequest) -> Usage:
    return Usage(
        input_tokens=estimate_tokens(request.system) + estimate_tokens(request.user),
        output_tokens=request.max_tokens,
    )


def _columns(completion: Completion) -> dict[str, Any]:
    return {
        "model": completion.model,
        "finish_reason": completion.finish_reason,
        "input_tokens": completion.usage.input_tokens,
        "cached_tokens": completion.usage.cached_tokens,
        "output_tokens": completion.usage.output_tokens,
        "cost_usd": completion.cost_usd,
        "latency_ms": completion.latency_ms,
        "reply": completion.text[:_EVIDENCE],
    }


def _kept(completion: Completion) -> dict[str, Any]:
    # who was away then is not away when it is remembered
    return {**asdict(replace(completion, away=())), "tier": completion.tier.value}


def _from_kept(kept: Any) -> Completion:
    values = dict(kept)
    values["usage"] = Usage(**values["usage"])
    values["tier"] = Tier(values["tier"])
    values["away"] = ()
    return Completion(**values)
