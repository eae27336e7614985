"""The steps of a pipeline: each one call at most, or the rules.

A reply that cannot be used leads back to the rules where they can do the step, and is an error
where they cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from copydesk.core.errors import (
    ContentInvalid,
    ModelReplyInvalid,
    ModelUnavailable,
    ReplyTruncated,
)
from copydesk.core.findings import Finding
from copydesk.core.post import Tier
from copydesk.generation.attempts import Answered, Unanswered
from copydesk.generation.budget import ModelLimits
from copydesk.generation.budget import plan as budget_of
from copydesk.generation.capabilities import NEEDS_MODEL, Capability, Step
from copydesk.generation.planning import is_about_the_cap
from copydesk.generation.port import Model
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.rules import compose
from copydesk.generation.social import Article, Place, social
from copydesk.generation.tasks import Assignment, WrittenReply
from copydesk.generation.writing import Scribe
from copydesk.quality.gate import run_gate
from copydesk.quality.policy import Policy
from copydesk.transformation.counting import graphemes
from copydesk.work.consulting import Consulted
from copydesk.work.improving import Written
from copydesk.work.passage import Passage
from copydesk.work.readings import Reading
from copydesk.work.transformed import Ask, Stage

_SOCIAL_PLACE: Final = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a pipeline works with: a model or none, a clock, and fresh random delimiters.

    `monotonic` returns seconds and only measures what checks cost; `delimiter` returns 8 to 64
    random letters and digits; `consult` looks up what our own texts say about one, where there are
    any; `policy` says how the gate judges.
    """

    model: Model | None
    monotonic: Callable[[], float]
    delimiter: Callable[[], str]
    limits: ModelLimits = field(default_factory=ModelLimits)
    consult: Callable[[str], Awaitable[Consulted]] | None = None
    policy: Policy = field(default_factory=Policy)


class Run:
    """The steps of one pipeline, done in order on one passage."""

    def __init__(self, ask: Ask, bench: Bench) -> None:
        self.passage = Passage(ask, bench.monotonic, bench.policy)
        self._record = self.passage.record
        self._ask = ask
        self._bench = bench

    def say_how(self, steps: tuple[Step, ...]) -> None:
        """Tell what is done together and what has to wait for the step before."""
        working = [step for step in steps if step.stages != (Capability.PARSE,)]
        if self._bench.model is None:
            for step in working:
                self._record.note(
                    "made_by_rules",
                    step.stages,
                    "no model is configured: rules did it, and they change no wording",
                    "Name a model in the setting `model` to have it written.",
                )
            if self._ask.max_tokens is not None:
                self._record.note("no_cap", (), "max_tokens does not apply: no model was asked")
            return
        for step in working:
            if len(step.stages) > 1:
                self._record.note("fused", step.stages, "done together, in one call")
        for before, step in pairwise(working):
            self._record.note(
                "in_order",
                (*before.stages[-1:], *step.stages[:1]),
                f"{step.stages[0]} has a call of its own: it works on what {before.stages[-1]} "
                "gave",
            )

    def plan(self, steps: tuple[Step, ...]) -> None:
        """Refuse a cap that would cut the reply of any of `steps`, before the first call.

        The text is taken to stay as long as it is. Raises `ContentInvalid` with the numbers.
        """
        if self._bench.model is None or self._ask.max_tokens is None:
            return
        reading = self.passage.uncleaned()
        for step in steps:
            try:
                self._plan(step, reading)
            except ContentInvalid as error:
                # a text too long for one call is done in parts; a cap that would cut is refused
                if is_about_the_cap(error):
                    raise

    def _plan(self, step: Step, reading: Reading) -> None:
        if step.stages == (Capability.SOCIAL,):
            self._plan_alone("x" * self._ask.characters, 1)
        elif step.is_consolidated:
            self._plan_alone(reading.material.text, len(reading.material.segments))
        elif step.stages != (Capability.PARSE,) and self._bench.model is not None:
            self._scribe(self._bench.model).plan(self._assignment(step), reading.material)

    def _plan_alone(self, longest: str, parts: int) -> None:
        budget_of(
            system="",
            user="",
            message=longest,
            segments=parts,
            limits=self._bench.limits,
            requested_cap=self._ask.max_tokens,
        )

    async def take(self, step: Step) -> None:
        """Do one step; the text goes on as it leaves it."""
        reading = await self.passage.reading(cleans=bool(step.edits))
        if not reading.material.text:
            raise invalid("input", "there is no text to work on", "Send a text.")
        if self._bench.model is not None and self._bench.consult is not None:
            known = await self._bench.consult(f"{self.passage.title}\n{reading.material.text}")
            around = replace(reading.material, references=known.references, style=known.style)
            reading = replace(reading, material=around)
        if step.stages == (Capability.SOCIAL,):
            await self._post(step, reading)
        elif self._bench.model is None:
            await self._by_rules(step, reading)
        elif step.is_consolidated:
            await self._consolidated(step, reading, self._bench.model)
        else:
            await self._written(step, reading, self._bench.model)

    async def _by_rules(self, step: Step, reading: Reading) -> None:
        if step.edits:
            await self.passage.edited(step, reading, compose(reading.material))
        if step.writes is not None:
            self.passage.extract(step.writes)

    async def _consolidated(self, step: Step, reading: Reading, model: Model) -> None:
        rewrite = await rewrite_and_polish(
            reading.material,
            model=model,
            delimiter=self._bench.delimiter(),
            limits=self._bench.limits,
            requested_cap=self._ask.max_tokens,
        )
        self._record.count(step, rewrite.attempts)
        self._planned(step, rewrite.notes)
        if rewrite.degraded_because:
            self.passage.degraded(step, rewrite.degraded_because)
        await self.passage.edited(step, reading, rewrite)
        if step.writes is None:
            return
        if rewrite.tier is Tier.RULES or not rewrite.summary:
            self.passage.extract(step.writes)
        else:
            stage = Stage(
                stage=step.writes,
                text=rewrite.summary,
                tier=rewrite.tier,
                model=rewrite.model,
                prompt_version=rewrite.prompt_version,
            )
            self.passage.summed_up(stage, self.passage.text)

    async def _written(self, step: Step, reading: Reading, model: Model) -> None:
        best: Written | None = None
        objections: tuple[str, ...] = ()
        rounds = self._ask.rounds if Capability.IMPROVE in step.edits else 1
        for _ in range(rounds):
            answer = await self._asked(step, reading, model, objections)
            if isinstance(answer, Unanswered):
                if best is None:
                    await self._without_answer(step, reading, answer)
                    return
                self._record.note("round_lost", step.stages, answer.because)
                break
            done = await asyncio.to_thread(self._judged, step, reading, answer)
            objections = done.objections
            if best is not None and done.faults >= best.faults:
                # what was no better once is hardly better the next time, and costs as much
                self._record.note(
                    "no_better", step.stages, "a further round brought nothing better; it ended"
                )
                break
            best = done
            if not objections:
                break
        if best is not None:
            self._answered(step, best)

    def _judged(self, step: Step, reading: Reading, answer: Answered[WrittenReply]) -> Written:
        gate = None
        if step.edits:
            gate = run_gate(
                reading.source,
                answer.value.edited,
                monotonic=self._bench.monotonic,
                policy=self._bench.policy,
                language=self.passage.message.language,
                omitted=answer.value.omitted,
                # what the caller wishes to be said may be said
                support=self._ask.instruction if Capability.IMPROVE in step.edits else "",
            )
        return Written(answer=answer, gate=gate)

    async def _asked(
        self, step: Step, reading: Reading, model: Model, objections: tuple[str, ...]
    ) -> Answered[WrittenReply] | Unanswered:
        try:
            outcome = await self._scribe(model).carry_out(
                self._assignment(step, objections), reading.material
            )
        except ContentInvalid as error:
            if NEEDS_MODEL & set(step.stages) or is_about_the_cap(error):
                raise
            return Unanswered(because=f"The model was not asked: {error.message}.", attempts=())
        self._record.count(step, outcome.answer.attempts)
        self._planned(step, outcome.notes)
        return outcome.answer

    async def _post(self, step: Step, reading: Reading) -> None:
        most = self._ask.characters
        model = self._bench.model
        if model is not None:
            place = Place(
                name=_SOCIAL_PLACE,
                kind="post",
                characters=most,
                holds=lambda text: graphemes(text) <= most,
            )
            written = await social(
                Article(
                    title=self.passage.title,
                    sections=(("", reading.material.text),),
                    language=self.passage.message.language,
                    references=reading.material.references,
                    style=reading.material.style,
                ),
                [place],
                model=model,
                delimiter=self._bench.delimiter(),
                limits=self._bench.limits,
                requested_cap=self._ask.max_tokens,
            )
            self._record.count(step, written.attempts)
            if (adaptation := written.adaptations.get(_SOCIAL_PLACE)) is not None:
                stage = Stage(
                    stage=Capability.SOCIAL,
                    text=adaptation.texts[0],
                    tier=adaptation.tier,
                    model=adaptation.model,
                    prompt_version=adaptation.prompt_version,
                )
                self.passage.summed_up(stage, reading.material.text)
                return
            self.passage.degraded(step, written.missing[_SOCIAL_PLACE])
        self.passage.extract(Capability.SOCIAL)

    def _answered(self, step: Step, done: Written) -> None:
        reply, completion = done.answer.value, done.answer.completion
        self._record.omitted += reply.omitted
        self._record.questions += reply.open_questions
        if done.gate is not None:
            self.passage.take_edited(
                step,
                reply.edited,
                completion.tier,
                done.gate,
                {"confidence": reply.confidence},
                completion.model,
                completion.prompt_version,
            )
        if step.writes is None:
            return
        stage = Stage(
            stage=step.writes,
            text=reply.written,
            tier=completion.tier,
            model=completion.model,
            prompt_version=completion.prompt_version,
            data={"confidence": reply.confidence},
        )
        if step.writes is Capability.SUMMARIZE:
            self.passage.summed_up(stage, self.passage.text)
        else:
            said = [message.text for message in self._ask.context]
            self.passage.take_new(
                stage, "\n\n".join([self.passage.text, *said, self._ask.instruction])
            )

    async def _without_answer(self, step: Step, reading: Reading, answer: Unanswered) -> None:
        if not NEEDS_MODEL & set(step.stages):
            self.passage.degraded(step, answer.because)
            await self._by_rules(step, reading)
            return
        signal = answer.attempts[-1].signal if answer.attempts else ""
        message = f"{'+'.join(step.stages)} failed: {answer.because} Nothing was kept."
        if signal == ModelUnavailable.code:
            raise ModelUnavailable(message, remedy="Try again, or check the setting `model`.")
        if signal == ModelReplyInvalid.code:
            raise ModelReplyInvalid(message, remedy="Try again, or use another model.")
        raise ReplyTruncated(signal, message)

    def _planned(self, step: Step, notes: Sequence[str]) -> None:
        for note in notes:
            self._record.note("planned", step.stages, note)

    def _assignment(self, step: Step, objections: tuple[str, ...] = ()) -> Assignment:
        return Assignment(step=step, instruction=self._ask.instruction, objections=objections)

    def _scribe(self, model: Model) -> Scribe:
        return Scribe(
            model=model,
            delimiter=self._bench.delimiter(),
            limits=self._bench.limits,
            requested_cap=self._ask.max_tokens,
        )


def invalid(field: str, message: str, remedy: str) -> ContentInvalid:
    """Return the error for a pipeline or an input that cannot be worked on."""
    return ContentInvalid(
        [Finding(code="pipeline_invalid", field=field, message=message, remedy=remedy)]
    )
