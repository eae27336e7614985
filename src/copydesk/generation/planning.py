"""Planning calls: what surrounds a message is made to fit, and a message too long is parted.

A call that is bound to be cut is never made. What does not fit at all is refused with the numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid, ModelUnavailable
from copydesk.generation.attempts import Unanswered
from copydesk.generation.budget import (
    REPLY_OVERHEAD,
    Budget,
    ModelLimits,
    edited_tokens,
    estimate_tokens,
    plan_reply,
)
from copydesk.generation.chunking import Room, halves, in_parts
from copydesk.generation.material import Material
from copydesk.generation.port import ModelRequest
from copydesk.generation.surroundings import with_room

#: What saying "part 12 of 34", and fences around it, takes in a prompt.
_PART_WORDS: Final = 80
#: A text of fewer tokens is not parted after a reply that was cut.
_WORTH_PARTING: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A call that fits, not yet made; `left_out` says in words what of the surroundings does
    not."""

    request: ModelRequest
    budget: Budget
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What one kind of call takes.

    `build` writes the request for some material (its `max_tokens` do not matter). The reply takes
    `returns` of the tokens of the text, `besides` whatever the text, and `per_segment` for each of
    its segments. `requested_cap` is an output cap in tokens that the caller insists on.
    """

    build: Callable[[Material], ModelRequest]
    limits: ModelLimits
    returns: Callable[[int], int] = edited_tokens
    besides: int = REPLY_OVERHEAD
    per_segment: int = 0
    requested_cap: int | None = None

    def call(self, material: Material) -> Planned:
        """Return the call that works on all of `material`, with the surroundings that fit.

        Raises `ContentInvalid` with the numbers when the text or its reply would not fit.
        """
        expected = self._expected(material)
        bare = _size(self.build(replace(material, context=(), references=())))
        needed = bare + expected + self.limits.reasoning_reserve
        shown = with_room(material, self.limits.usable_input - needed)
        request = self.build(shown)
        budget = plan_reply(
            prompt=_size(request),
            expected=expected,
            limits=self.limits,
            requested_cap=self.requested_cap,
        )
        return Planned(
            request=replace(request, max_tokens=budget.max_tokens),
            budget=budget,
            left_out=shown.left_out,
        )

    def parts(self, material: Material) -> tuple[Material, ...]:
        """Return `material` in parts of which each fits; raises `ContentInvalid` as `in_parts`.

        Computation only; a long message takes a while.
        """
        around = replace(material, segments=(), protected=(), context=(), references=())
        header = _size(self.build(around)) + _PART_WORDS
        room = Room.beside(header, self.besides, self.limits)
        return in_parts(material, room, returns=self.returns)

    def _expected(self, material: Material) -> int:
        text = self.returns(estimate_tokens(material.text))
        return text + self.besides + self.per_segment * len(material.segments)


async def parted_after(material: Material, answer: Unanswered) -> tuple[Material, ...]:
    """Return `material` in two or three parts where that may bring what `answer` did not.

    That is after replies that were cut or lost the text's end; nothing for a message too short to
    be parted, and for a model that is away or does not keep to the form.
    """
    signal = answer.attempts[-1].signal if answer.attempts else ModelUnavailable.code
    if signal in {ModelUnavailable.code, ModelReplyInvalid.code}:
        return ()
    if estimate_tokens(material.text) < _WORTH_PARTING:
        return ()
    parts = await asyncio.to_thread(halves, material)
    return parts if len(parts) > 1 else ()


def is_about_the_cap(error: ContentInvalid) -> bool:
    """Whether a plan failed because of the cap that the caller insists on."""
    return any(finding.field == "max_tokens" for finding in error.findings)


def _size(request: ModelRequest) -> int:
    return estimate_tokens(request.system) + estimate_tokens(request.user)
