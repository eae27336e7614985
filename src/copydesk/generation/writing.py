"""Carrying out an editor's tasks: one call where the text fits, else part by part.

What is newly written from a text too long for one call is written from notes on its parts.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.post import Tier
from copydesk.generation.attempts import TRIES, Answered, Unanswered, ask, ask_side_by_side
from copydesk.generation.budget import (
    REPLY_OVERHEAD,
    ModelLimits,
    edited_tokens,
    estimate_tokens,
)
from copydesk.generation.capabilities import Capability, Step
from copydesk.generation.fence import derived
from copydesk.generation.joining import joined_text
from copydesk.generation.material import AuthoredSegment, Material
from copydesk.generation.planning import Planned, Planner, is_about_the_cap, parted_after
from copydesk.generation.port import Completion, Model, ModelRequest
from copydesk.generation.prompts import load_prompt
from copydesk.generation.rewrite import Attempt
from copydesk.generation.surroundings import chosen
from copydesk.generation.tasks import (
    FRAME,
    FRAME_VERSION,
    Assignment,
    Tasks,
    WrittenReply,
    read_reply,
    request_for,
)

#: The number of the last request of several.
_FINAL: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an assignment. `notes` say in words how it was done where that is not plain:
    in parts, or without some of what surrounds the text."""

    answer: Answered[WrittenReply] | Unanswered
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The replies about the parts of a text, the last one's envelope, and the calls they took."""

    replies: tuple[WrittenReply, ...]
    completion: Completion
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribe:
    """Who carries assignments out, and within which limits.

    `delimiter` is 8 to 64 random letters and digits, fresh for one assignment; `requested_cap` an
    output cap in tokens that the caller insists on. Who does not insist asks once: somebody better
    is asked next.
    """

    model: Model
    delimiter: str
    limits: ModelLimits = field(default_factory=ModelLimits)
    tier: Tier = Tier.CAPABLE
    requested_cap: int | None = None
    insists: bool = True

    def plan(self, assignment: Assignment, material: Material) -> Planned:
        """Return the one call that does all of `assignment`; nothing is asked.

        Raises `ContentInvalid` with the numbers when prompt or reply would not fit.
        """
        return self._planner(assignment, Tasks.of(assignment.step), material, 0).call(
            _around(material)
        )

    async def carry_out(self, assignment: Assignment, material: Material) -> Outcome:
        """Return what the model makes of `material`.

        A text that does not fit into one call is edited in parts, and what is newly written is
        written from notes on each part. Raises `ContentInvalid` with the numbers, before any call,
        when that is impossible as well or when `requested_cap` would cut a reply.
        """
        material = _around(material)
        tasks = Tasks.of(assignment.step)
        try:
            planned = self._planner(assignment, tasks, material, 0).call(material)
        except ContentInvalid as error:
            if is_about_the_cap(error):
                raise
            return await self._too_long(assignment, material)
        answer = await self._asked(planned, tasks, material)
        if isinstance(answer, Unanswered) and tasks.edits and self.insists:
            parts = await parted_after(material, answer)
            if parts:
                return await self._in_parts(assignment, parts, answer.attempts)
        notes = tuple(f"the model was not shown: {what}" for what in planned.left_out)
        return Outcome(answer=answer, notes=notes)

    async def notes_on(self, material: Material) -> Noted | Unanswered:
        """Return notes on each part of a text that is too long to be read in one call.

        Raises `ContentInvalid` with the numbers when it cannot be parted.
        """
        assignment = Assignment(step=Step(stages=(Capability.SUMMARIZE,)))
        planner = self._planner(assignment, Tasks.of_parts(assignment.step), material, 0)
        parts = await asyncio.to_thread(planner.parts, material)
        return await self._parts_of(assignment, parts)

    async def _too_long(self, assignment: Assignment, material: Material) -> Outcome:
        tasks = Tasks.of_parts(assignment.step)
        planner = self._planner(assignment, tasks, material, 0)
        parts = await asyncio.to_thread(planner.parts, material)
        later: list[ModelRequest] = []
        if assignment.step.writes is not None:
            # refused now rather than after the parts were paid for
            longest = "x" * ((tasks.longest or 0) * _width(material.text))
            final = self._final(assignment, material, [longest] * len(parts))
            later.append(final.planned.request)
        return await self._in_parts(assignment, parts, later=later)

    async def _in_parts(
        self,
        assignment: Assignment,
        parts: Sequence[Material],
        attempts: tuple[Attempt, ...] = (),
        later: Sequence[ModelRequest] = (),
    ) -> Outcome:
        noted = await self._parts_of(assignment, parts, attempts, later)
        if isinstance(noted, Unanswered):
            return Outcome(answer=noted)
        replies, attempts = noted.replies, noted.attempts
        edited = joined_text(parts, [r.edited for r in replies]) if assignment.step.edits else ""
        joined = WrittenReply(
            edited=edited,
            written="",
            omitted=[fact for reply in replies for fact in reply.omitted],
            open_questions=[q for reply in replies for q in reply.open_questions],
            confidence=min(reply.confidence for reply in replies),
        )
        notes = (f"done in {len(parts)} parts, since the text was too long for one call",)
        done = Answered(value=joined, completion=noted.completion, attempts=attempts)
        if assignment.step.writes is None:
            return Outcome(answer=done, notes=notes)
        final = self._final(assignment, parts[0], [reply.written for reply in replies])
        answer = await self._asked(final.planned, final.tasks, final.material)
        attempts += answer.attempts
        if isinstance(answer, Unanswered):
            return Outcome(answer=replace(answer, attempts=attempts), notes=notes)
        whole = joined.model_copy(
            update={
                "written": answer.value.written,
                "open_questions": [*joined.open_questions, *answer.value.open_questions],
                "confidence": min(joined.confidence, answer.value.confidence),
            }
        )
        return Outcome(answer=replace(answer, value=whole, attempts=attempts), notes=notes)

    async def _parts_of(
        self,
        assignment: Assignment,
        parts: Sequence[Material],
        attempts: tuple[Attempt, ...] = (),
        later: Sequence[ModelRequest] = (),
    ) -> Noted | Unanswered:
        """Ask about each part; `later` are the calls that will be made of the answers."""
        tasks = Tasks.of_parts(assignment.step)
        # all of them before the first: computation only, which takes a while for many parts
        requests = await asyncio.to_thread(self._requests, assignment, tasks, parts)
        answers = await ask_side_by_side(
            self.model,
            requests,
            read=lambda number, completion: read_reply(completion, tasks, parts[number]),
            at_once=self.limits.at_once,
            largest_cap=self.requested_cap or self.limits.output,
            tries=self._tries,
            later=later,
        )
        if isinstance(answers, Unanswered):
            return replace(answers, attempts=attempts + answers.attempts)
        return Noted(
            replies=tuple(answer.value for answer in answers),
            completion=answers[-1].completion,
            attempts=attempts + tuple(a for answer in answers for a in answer.attempts),
        )

    def _requests(
        self, assignment: Assignment, tasks: Tasks, parts: Sequence[Material]
    ) -> list[ModelRequest]:
        """Return the call for each part; raises as `Planner.call`."""
        return [
            self._planner(assignment, tasks, part, number).call(part).request
            for number, part in enumerate(parts, 1)
        ]

    def _final(self, assignment: Assignment, material: Material, written: Sequence[str]) -> _Final:
        """Return the call that writes from notes on the parts; raises as `Planner.call`."""
        notes = replace(
            material,
            segments=tuple(
                AuthoredSegment(index=number, text=f"{text}\n")
                for number, text in enumerate(written)
            ),
            protected=(),
            part=None,
        )
        tasks = Tasks(edits=(), writes=assignment.step.writes or "")
        planned = self._planner(assignment, tasks, notes, _FINAL).call(notes)
        return _Final(planned=planned, tasks=tasks, material=notes)

    async def _asked(
        self, planned: Planned, tasks: Tasks, material: Material
    ) -> Answered[WrittenReply] | Unanswered:
        return await ask(
            self.model,
            planned.request,
            read=lambda completion: read_reply(completion, tasks, material),
            largest_cap=self.requested_cap or self.limits.output,
            tries=self._tries,
        )

    @property
    def _tries(self) -> int:
        return TRIES if self.insists else 1

    def _planner(
        self, assignment: Assignment, tasks: Tasks, material: Material, number: int
    ) -> Planner:
        delimiter = derived(self.delimiter, number) if number else self.delimiter
        longest = tasks.longest
        times = bool(tasks.edits) + (bool(tasks.writes) and longest is None)
        new = "x" * ((longest or 0) * _width(material.text))
        return Planner(
            build=partial(
                request_for, assignment=assignment, tasks=tasks, tier=self.tier, delimiter=delimiter
            ),
            limits=self.limits,
            returns=lambda tokens: times * edited_tokens(tokens),
            besides=REPLY_OVERHEAD + edited_tokens(estimate_tokens(new)),
            requested_cap=self.requested_cap,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Final:
    """The last call of several: it sees notes as its material."""

    planned: Planned
    tasks: Tasks
    material: Material


def _width(text: str) -> int:
    """Return how many bytes a character of `text` takes, rounded up."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / max(1, len(text)))


def _around(material: Material) -> Material:
    frame = load_prompt(FRAME, FRAME_VERSION)
    return chosen(material, most=frame.max_references, tokens=frame.max_reference_tokens)
