"""The consolidated call: what is asked, how its reply is read, and what is made of it.

One prompt rewrites, polishes, sums up and says what became of every segment. Any doubt about a
reply leads back to the text that the rules composed, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid
from copydesk.core.post import Tier
from copydesk.generation.attempts import (
    TRIES,
    Answered,
    Reading,
    Unanswered,
    ask,
    ask_side_by_side,
)
from copydesk.generation.budget import PER_SEGMENT, ModelLimits
from copydesk.generation.fence import derived, visible
from copydesk.generation.heading import Note, write_head
from copydesk.generation.joining import dropped_pieces, joined_fates, joined_text
from copydesk.generation.material import Material
from copydesk.generation.planning import Planned, Planner, is_about_the_cap, parted_after
from copydesk.generation.port import Completion, Model, ModelRequest
from copydesk.generation.prompts import PromptVersion, fill, fill_places
from copydesk.generation.replies import REWRITE_SCHEMAS, RewriteReply, read_fates, read_rewrite
from copydesk.generation.rewrite import CATEGORIES, MAX_TAGS, Attempt, Rewrite
from copydesk.generation.rules import MAX_TITLE, shorten
from copydesk.generation.showing import show, version_of
from copydesk.generation.surroundings import chosen

CAPABILITY: Final = "rewrite_and_polish"
CURRENT_VERSION: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, with what prompt and within which limits.

    `delimiter` is 8 to 64 random letters and digits, fresh for one message; `requested_cap` an
    output cap in tokens that the caller insists on. Who does not insist asks once: somebody better
    is asked next.
    """

    model: Model
    prompt: PromptVersion
    delimiter: str
    limits: ModelLimits
    tier: Tier
    requested_cap: int | None = None
    insists: bool = True

    async def write(self, material: Material, composed: Rewrite) -> Rewrite:
        """Return `material` written up, or `composed` with the reason why not.

        One that does not fit into a call is written in parts, and so is one whose reply was cut
        twice. Raises `ContentInvalid` before any call when `requested_cap` would cut the reply.
        """
        prompt = self.prompt
        material = chosen(material, most=prompt.max_references, tokens=prompt.max_reference_tokens)
        planner = self._planner(self.delimiter)
        try:
            planned = planner.call(material)
        except ContentInvalid as error:
            if is_about_the_cap(error):
                raise
            return await self._too_long(material, composed, planner)
        answer = await self._asked(planned, material)
        if isinstance(answer, Answered):
            return _written([material], [answer], _note(answer.value), planned.left_out)
        if self.insists and (parts := await parted_after(material, answer)):
            return await self._in_parts(parts, composed, answer.attempts)
        return replace(composed, degraded_because=answer.because, attempts=answer.attempts)

    async def _too_long(self, material: Material, composed: Rewrite, planner: Planner) -> Rewrite:
        try:
            parts = await asyncio.to_thread(planner.parts, material)
        except ContentInvalid as error:
            return replace(composed, degraded_because=f"The model was not asked: {error.message}.")
        return await self._in_parts(parts, composed, ())

    async def _in_parts(
        self, parts: Sequence[Material], composed: Rewrite, attempts: tuple[Attempt, ...]
    ) -> Rewrite:
        try:
            # all of them before the first: computation only, which takes a while for many parts
            planned = await asyncio.to_thread(self._planned, parts)
        except ContentInvalid as error:
            because = f"The model was not asked: {error.message}."
            return replace(composed, degraded_because=because, attempts=attempts)
        answers = await ask_side_by_side(
            self.model,
            [one.request for one in planned],
            read=lambda number, completion: _read(completion, parts[number]),
            at_once=self.limits.at_once,
            largest_cap=self.requested_cap or self.limits.output,
            tries=TRIES if self.insists else 1,
        )
        if isinstance(answers, Unanswered):
            attempts += answers.attempts
            return replace(composed, degraded_because=answers.because, attempts=attempts)
        attempts += tuple(attempt for answer in answers for attempt in answer.attempts)
        left_out = next((one.left_out for one in planned if one.left_out), ())
        head = await write_head(
            [_note(answer.value) for answer in answers],
            subject=parts[0].subject,
            language=parts[0].language,
            model=self.model,
            delimiter=derived(self.delimiter, 0),
            limits=self.limits,
            tier=self.tier,
        )
        written = _written(parts, answers, head.note, left_out)
        notes = [f"written in {len(parts)} parts, since it was too long for one call"]
        if head.because:
            notes.append(f"title and summary are those of the first part: {head.because}")
        return replace(written, attempts=attempts + head.attempts, notes=(*notes, *written.notes))

    def _planned(self, parts: Sequence[Material]) -> list[Planned]:
        """Return the call for each part; raises as `Planner.call`."""
        return [
            self._planner(derived(self.delimiter, number)).call(part)
            for number, part in enumerate(parts, 1)
        ]

    async def _asked(
        self, planned: Planned, material: Material
    ) -> Answered[RewriteReply] | Unanswered:
        return await ask(
            self.model,
            planned.request,
            read=lambda completion: _read(completion, material),
            largest_cap=self.requested_cap or self.limits.output,
            tries=TRIES if self.insists else 1,
        )

    def _planner(self, delimiter: str) -> Planner:
        return Planner(
            build=partial(_request, prompt=self.prompt, tier=self.tier, delimiter=delimiter),
            limits=self.limits,
            per_segment=PER_SEGMENT,
            requested_cap=self.requested_cap,
        )


def _request(
    material: Material, *, prompt: PromptVersion, tier: Tier, delimiter: str
) -> ModelRequest:
    system = fill(
        prompt.system,
        {
            "max_title": str(prompt.max_title),
            "max_summary": str(prompt.max_summary),
            "categories": ", ".join(f"`{category}`" for category in CATEGORIES),
        },
    )
    return ModelRequest(
        capability=CAPABILITY,
        system=system,
        user=fill_places(prompt.user, {"delimiter": delimiter, **show(material, delimiter)}),
        reply=REWRITE_SCHEMAS[prompt.segment_map],
        max_tokens=1,
        temperature=prompt.temperature,
        prompt_version=version_of(prompt.name, material),
        tier=tier,
        cache=True,
        delimiter=delimiter,
        passages=tuple(reference.id for reference in material.references),
    )


def _read(completion: Completion, material: Material) -> Reading[RewriteReply]:
    reply = read_rewrite(completion)
    fates = read_fates(reply.segment_map, frozenset(s.index for s in material.segments))
    dropped = {fate.segment for fate in fates if fate.fate == "dropped"}
    carried = frozenset(s.index for s in material.segments) - dropped
    if not carried:
        raise ModelReplyInvalid("The reply drops every segment of the message.")
    return Reading(
        value=reply,
        source=visible(material.text_of(carried)),
        text=reply.rewritten,
        omitted=tuple(reply.omitted),
        language=material.language,
    )


def _note(reply: RewriteReply) -> Note:
    return Note(
        title=reply.title,
        summary=reply.summary,
        tags=tuple(reply.tags),
        category=reply.category,
    )


def _written(
    parts: Sequence[Material],
    answers: Sequence[Answered[RewriteReply]],
    head: Note,
    left_out: Sequence[str],
) -> Rewrite:
    replies = [answer.value for answer in answers]
    fates = [
        read_fates(reply.segment_map, frozenset(s.index for s in part.segments))
        for part, reply in zip(parts, replies, strict=True)
    ]
    omitted = [fact for reply in replies for fact in reply.omitted]
    completion = answers[-1].completion
    return Rewrite(
        title=shorten(" ".join(head.title.split()), MAX_TITLE),
        body=joined_text(parts, [reply.rewritten for reply in replies]),
        summary=head.summary.strip(),
        tags=tuple(dict.fromkeys(t.strip().lower() for t in head.tags if t.strip()))[:MAX_TAGS],
        category=head.category if head.category in CATEGORIES else "other",
        fates=joined_fates(fates),
        tier=completion.tier,
        omitted=(*omitted, *dropped_pieces(parts, fates)),
        open_questions=tuple(question for reply in replies for question in reply.open_questions),
        confidence=min(reply.confidence for reply in replies),
        model=completion.model,
        prompt_version=completion.prompt_version,
        attempts=tuple(attempt for answer in answers for attempt in answer.attempts),
        notes=tuple(f"the model was not shown: {what}" for what in left_out),
    )
