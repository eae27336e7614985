"""Desks with models that say what they are told, and looks into the books about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from copydesk.generation.catalogue import ModelFacts, Prices
from copydesk.generation.fallback import Fallback, Provider
from copydesk.generation.port import Completion, Model, ModelRequest, Usage
from copydesk.generation.replies import json_object
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.work.desk import Desk

#: A dollar for each thousand tokens, in and out.
DEAR = Prices(input=1000.0, output=1000.0)


def answer(
    request: ModelRequest, text: str = '{"a": 1}', cost: float | None = 0.25, **more: Any
) -> Completion:
    """An answer to `request` as a server would give it."""
    return Completion(
        text=text,
        object=json_object(text),
        finish_reason="stop",
        usage=Usage(input_tokens=100, output_tokens=20, cached_tokens=80),
        cost_usd=cost,
        latency_ms=more.pop("latency_ms", 40.0),
        model="scripted-2026",
        prompt_version=request.prompt_version,
        tier=request.tier,
        **more,
    )


def named(name: str, model: Model, prices: Prices | None = None) -> Provider:
    """A model under a name, with prices or none."""
    return Provider(name=name, model=model, facts=ModelFacts(name=name, prices=prices))


def one(name: str, model: Model, prices: Prices | None = None) -> Fallback:
    """A tier of one model."""
    return Fallback((named(name, model, prices),))


def faithful() -> ScriptedModel:
    """A model that keeps every segment as it is."""
    return ScriptedModel(faithful_reply)


def says(change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> ScriptedModel:
    """A model that keeps every segment, but for what `change` does to its reply."""
    return ScriptedModel(lambda request: change(dict(faithful_reply(request))))


def equipped(desk: Desk, capable: Model | None = None, light: Model | None = None) -> Desk:
    """The desk with these models."""
    return replace(desk, model=capable, light_model=light)


async def books(desk: Desk, submission_id: str) -> list[tuple[str, str, str]]:
    """The calls made for a submission: model, tier, outcome."""
    async with desk.store.read() as unit:
        rows = await unit.model_calls.of_submission(submission_id)
    return [(row["provider"], row["tier"], row["outcome"]) for row in rows]
