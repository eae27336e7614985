"""What designs would cost, from a few knobs: a sum to play with, not a promise.

Published savings of routing are upper bounds on other people's messages, so none is quoted: put in
your own shares (`copydesk costs` has them) and see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from copydesk.generation.port import Usage

#: Returns what a call costs in dollars, None where no price is known.
Price = Callable[[Usage], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be written up. Tokens of one item; shares are 0..1 of all items.

    `context` is everything sent but the message, and `kept` how much of that the vendor has kept
    from the call before. `untouched` items need no call, `light` ones go to the light model, and of
    those `escalated` go on to the capable one.
    """

    items: int = 1000
    context: int = 1800
    message: int = 150
    output: int = 440
    kept: int = 1700
    calls: int = 3
    untouched: float = 0.2
    light: float = 0.5
    escalated: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one design costs for all items, in dollars; None where a price is not known."""

    design: str
    calls: float
    cost_usd: float | None


def estimate(load: Load, *, capable: Price, light: Price | None) -> tuple[Estimate, ...]:
    """Return what `load` costs as separate calls, as one, with kept prompts, and routed."""
    whole = Usage(input_tokens=load.context + load.message, output_tokens=load.output)
    kept = Usage(
        input_tokens=load.context + load.message,
        output_tokens=load.output,
        cached_tokens=min(load.kept, load.context),
    )
    full, cheap = capable(whole), capable(kept)
    found = [
        _of(f"{load.calls} calls to the capable model", load, full, load.calls),
        _of("one call to the capable model", load, full, 1),
        _of("one call, and the vendor keeps the prompt", load, cheap, 1),
    ]
    if light is None:
        share = 1 - load.untouched
        found.append(_of("the same, and what reads well is left alone", load, cheap, share))
        return tuple(found)
    small = light(kept)
    heavy = max(0.0, 1 - load.untouched - load.light) + load.light * load.escalated
    both = None if cheap is None or small is None else heavy * cheap + load.light * small
    found.append(
        Estimate(
            design="routed: nobody, light or capable, and the vendor keeps the prompt",
            calls=load.items * (heavy + load.light),
            cost_usd=None if both is None else load.items * both,
        )
    )
    return tuple(found)


def _of(design: str, load: Load, price: float | None, calls: float) -> Estimate:
    return Estimate(
        design=design,
        calls=load.items * calls,
        cost_usd=None if price is None else load.items * calls * price,
    )
