"""Calls to a model as rows: what was asked, what came back, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from copydesk.generation.rewrite import Attempt

#: How much of a model's reply is kept as evidence, in characters.
_REPLY_KEPT = 20_000


def calls_of(capability: str, attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Return the answered ones of `attempts` as rows for `unit.posts.add_model_calls`."""
    return [
        {
            "capability": capability,
            "tier": attempt.completion.tier,
            "model": attempt.completion.model,
            "prompt_version": attempt.completion.prompt_version,
            "finish_reason": attempt.completion.finish_reason,
            "input_tokens": attempt.completion.usage.input_tokens or 0,
            "output_tokens": attempt.completion.usage.output_tokens or 0,
            "cost_usd": attempt.completion.cost_usd or 0.0,
            "latency_ms": attempt.completion.latency_ms,
            "reply": attempt.completion.text[:_REPLY_KEPT],
            "rejected_because": attempt.rejected_because,
        }
        for attempt in attempts
        if attempt.completion is not None
    ]
