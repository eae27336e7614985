"""Token budgets: what a call will need, reckoned before it is made.

Estimates lean high on purpose: a cap that is too large costs nothing, one that is too small cuts.
Measured against a current vendor tokenizer, UTF-8 bytes / 3 is near or above the truth for every
language tried; ids and base64 are the exception and are counted apart.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding

# exact fractions: a float would make 1.15 * bytes / 3 land on either side of a whole number
_MARGIN: Final = Fraction(115, 100)
_BYTES_PER_TOKEN: Final = 3
_CHARS_PER_RUN_TOKEN: Final = Fraction(14, 10)
_GROWTH: Final = Fraction(13, 10)
_USABLE_INPUT: Final = Fraction(9, 10)

#: Tokens of a consolidated reply beside the text: title, summary, tags, map, echoed tokens.
REPLY_OVERHEAD: Final = 300
#: Tokens that naming one segment's fate takes.
PER_SEGMENT: Final = 24

# ids, hex and base64: long unbroken runs; they count apart when letters and digits are mixed
_RUN: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,}+")


#: How many parts of one text a model is asked about side by side, unless something else is known.
AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """What a model can take, in tokens.

    `price_cliff` is the input size above which the vendor charges more; None when there is none or
    when it is to be paid on purpose. `reasoning_reserve` is added to the output cap of models that
    think before they answer. `at_once` is how many calls for one text are under way together.
    """

    window: int = 128_000
    output: int = 16_000
    price_cliff: int | None = None
    reasoning_reserve: int = 0
    at_once: int = AT_ONCE

    @property
    def input(self) -> int:
        """Return the usable input limit: the smaller of window and price cliff."""
        return self.window if self.price_cliff is None else min(self.window, self.price_cliff)

    @property
    def usable_input(self) -> int:
        """Return how many tokens prompt and reply may take together: nine in ten of `input`."""
        return math.floor(_USABLE_INPUT * self.input)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A call that fits: estimated input, expected output and the cap to ask for, in tokens."""

    input_tokens: int
    expected_tokens: int
    max_tokens: int


def estimate_tokens(text: str) -> int:
    """Return how many tokens `text` takes at most, for any current tokenizer, in any language."""
    run_tokens = Fraction(0)
    run_bytes = 0
    for run in _RUN.findall(text):
        if any(c.isdigit() for c in run) and any(c.isalpha() for c in run):
            run_tokens += len(run) / _CHARS_PER_RUN_TOKEN
            run_bytes += len(run)
    plain_bytes = len(text.encode("utf-8", "surrogatepass")) - run_bytes
    return math.ceil(_MARGIN * plain_bytes / _BYTES_PER_TOKEN + run_tokens)


def edited_tokens(tokens: int) -> int:
    """Return how many tokens a text of so many takes when it comes back edited."""
    return math.ceil(_GROWTH * tokens)


def plan(
    *,
    system: str,
    user: str,
    message: str,
    segments: int,
    limits: ModelLimits,
    requested_cap: int | None = None,
) -> Budget:
    """Return the budget of a call that answers `message` in full.

    `system` and `user` are the whole prompt (`message` is part of `user`), `segments` how many
    fates the reply has to name. `requested_cap` is an output cap in tokens that the caller insists
    on. Raises `ContentInvalid` with the numbers when the reply or the prompt would not fit: a call
    that is bound to be cut is never made.
    """
    expected = edited_tokens(estimate_tokens(message)) + REPLY_OVERHEAD + PER_SEGMENT * segments
    return plan_reply(
        prompt=estimate_tokens(system) + estimate_tokens(user),
        expected=expected,
        limits=limits,
        requested_cap=requested_cap,
    )


def plan_reply(
    *, prompt: int, expected: int, limits: ModelLimits, requested_cap: int | None = None
) -> Budget:
    """Return the budget of a call whose prompt and reply take so many tokens; raises as `plan`."""
    needed = expected + limits.reasoning_reserve
    findings = []
    if requested_cap is not None and requested_cap < needed:
        findings.append(
            _too_small("max_tokens", f"max_tokens {requested_cap} would cut the reply", needed)
        )
    if needed > limits.output:
        findings.append(
            _too_small("body", f"the model answers with at most {limits.output} tokens", needed)
        )
    cap = min(limits.output, 2 * expected + limits.reasoning_reserve)
    if requested_cap is not None:
        cap = min(cap, requested_cap)
    if prompt + needed > limits.usable_input:
        findings.append(
            Finding(
                code="input_too_long",
                field="body",
                message=(
                    f"the prompt needs about {prompt} tokens and its reply {needed}, together "
                    f"{prompt + needed}; {limits.usable_input} of the model's {limits.input} are "
                    "usable"
                ),
                remedy="Shorten the message or its context, or use a model with a larger window.",
            )
        )
    if findings:
        raise ContentInvalid(findings)
    return Budget(input_tokens=prompt, expected_tokens=expected, max_tokens=cap)


def _too_small(field: str, message: str, needed: int) -> Finding:
    return Finding(
        code="output_cap_too_small",
        field=field,
        message=f"{message}; it needs about {needed}",
        remedy=f"Allow at least {needed} tokens, or split the message.",
    )
