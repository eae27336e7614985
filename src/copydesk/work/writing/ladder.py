"""The ladder: rules, the light model, the capable model; and back to the rules, with a person.

A light answer that the gate does not let through on content goes up once. What the capable model
gets wrong is not tried again: the author's cleaned text stands, complete, and a person decides.
Every answer that was not used stays in the books as evidence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Tier
from copydesk.generation.material import Material
from copydesk.generation.prompts import PromptVersion
from copydesk.generation.rewrite import Attempt, Rewrite
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.router import Route
from copydesk.generation.rules import compose
from copydesk.quality.checks import risk
from copydesk.quality.gate import GateResult
from copydesk.work.models.routed import RoutedModel

#: Asks the gate about a rewrite.
Judge = Callable[[Rewrite], Awaitable[GateResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """A text, what the gate says about it, and how it came about."""

    rewrite: Rewrite
    gate: GateResult
    route: Route


async def climb(
    material: Material,
    route: Route,
    *,
    model: RoutedModel | None,
    judge: Judge,
    delimiter: Callable[[], str],
    prompt: PromptVersion | None = None,
) -> Climbed:
    """Return `material` written up by the tier that `route` names, or by one above it.

    `delimiter` returns 8 to 64 random letters and digits; `prompt` is None for the current one.
    Raises `ContentInvalid` when there is no text.
    """
    if model is None or route.tier is Tier.RULES:
        rewrite = compose(material)
        return Climbed(rewrite=rewrite, gate=await judge(rewrite), route=route)
    below: Rewrite | None = None
    if route.tier is Tier.LIGHT:
        light = await _ask(material, model, Tier.LIGHT, delimiter(), prompt)
        gate = await judge(light)
        fault = light.degraded_because or content_fault(gate)
        if not fault or is_away(light.attempts):
            return Climbed(rewrite=light, gate=gate, route=route)
        await _reject(model, light, fault)
        if Tier.CAPABLE not in model.tiers:
            return await _back_to_rules(material, light, fault, route, judge)
        below = light
        route = Route(tier=Tier.CAPABLE, because=route.because, escalated_because=fault)
    capable = await _ask(material, model, Tier.CAPABLE, delimiter(), prompt)
    if below is not None:
        capable = replace(capable, attempts=(*below.attempts, *capable.attempts))
    gate = await judge(capable)
    if capable.tier is not Tier.RULES and gate.verdict is Verdict.FAILED:
        fault = content_fault(gate)
        await _reject(model, capable, fault)
        return await _back_to_rules(material, capable, fault, route, judge)
    return Climbed(rewrite=capable, gate=gate, route=route)


def content_fault(gate: GateResult) -> str:
    """Return what the gate holds against the words of a text, "" if nothing.

    How risky the subject is says nothing about the words: another model would not change it.
    """
    if gate.verdict is Verdict.PASSED:
        return ""
    faults = [
        result
        for result in gate.checks
        if result.check != risk.NAME and result.verdict is not Verdict.PASSED
    ]
    return "; ".join(
        f"{result.check}: {', '.join(dict.fromkeys(_said(result)))}"[:300] for result in faults
    )


def _said(result: CheckResult) -> list[str]:
    """Return the first findings of a check in words."""
    return [
        f"{piece.message}: {piece.span}" if piece.span else piece.message
        for piece in result.evidence[:3]
    ] or [result.verdict.value]


async def _ask(
    material: Material,
    model: RoutedModel,
    tier: Tier,
    delimiter: str,
    prompt: PromptVersion | None,
) -> Rewrite:
    return await rewrite_and_polish(
        material,
        model=model,
        delimiter=delimiter,
        limits=model.limits_of(tier),
        tier=tier,
        prompt=prompt,
        # what the light model cannot do at once, the capable one does: no second try, no parts
        insists=tier is Tier.CAPABLE or Tier.CAPABLE not in model.tiers,
    )


async def _back_to_rules(
    material: Material,
    rewrite: Rewrite,
    fault: str,
    route: Route,
    judge: Judge,
) -> Climbed:
    composed = replace(
        compose(material),
        attempts=rewrite.attempts,
        degraded_because=f"The model's text was not used: {fault}.",
    )
    return Climbed(rewrite=composed, gate=await judge(composed), route=route)


async def _reject(model: RoutedModel, rewrite: Rewrite, fault: str) -> None:
    if rewrite.tier is Tier.RULES or not rewrite.attempts:
        return  # nothing was used, and why not stands in the books already
    completion = rewrite.attempts[-1].completion
    if completion is not None:
        await model.reject(completion, "gate", fault)


def is_away(attempts: Sequence[Attempt]) -> bool:
    """Whether no answer came at all: then light work waits for a person, not for a dearer model."""
    return bool(attempts) and attempts[-1].signal == ModelUnavailable.code
