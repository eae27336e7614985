"""The steps of a pipeline: each one call at most, or the rules.

Light work goes to the light model, and up once where its text will not do. A reply of the capable
one that cannot be used leads back to the rules where they can do the step, and is an error where
they cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from copydesk.core.checks import Verdict
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
from copydesk.generation.catalogue import smallest
from copydesk.generation.planning import is_about_the_cap
from copydesk.generation.port import Accountable, Completion
from copydesk.generation.rewrite import Attempt, Rewrite
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.router import Route, route_step
from copydesk.generation.rules import compose
from copydesk.generation.social import Article, Place, social
from copydesk.generation.tasks import Assignment, WrittenReply
from copydesk.generation.writing import Scribe
from copydesk.quality.examining import worst
from copydesk.quality.gate import run_gate
from copydesk.transformation.counting import graphemes
from copydesk.work.models.routed import TieredModel
from copydesk.work.pipelines.bench import Bench
from copydesk.work.pipelines.improving import Written
from copydesk.work.pipelines.judging import judge_new
from copydesk.work.pipelines.passage import Passage
from copydesk.work.pipelines.readings import Reading
from copydesk.work.pipelines.transformed import Ask, Stage
from copydesk.work.writing.ladder import content_fault, is_away

_SOCIAL_PLACE: Final = "post"


class Run:
    """The steps of one pipeline, done in order on one passage."""

    def __init__(self, ask: Ask, bench: Bench) -> None:
        self.passage = Passage(ask, bench.monotonic, bench.policy)
        self._record = self.passage.record
        self._ask = ask
        self._bench = bench

    def say_how(self, steps: tuple[Step, ...]) -> None:
        """Tell what is done together and what has to wait for the step before."""
        if self._bench.trial:
            self._record.note(
                "on_trial", (), f"written with the release {self._bench.trial}, which is on trial"
            )
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
        model = self._bench.model
        if model is None or step.stages == (Capability.PARSE,):
            return
        # whoever of these writes it in the end
        tiers = {self._route(step, reading, model).tier, Tier.CAPABLE} & model.tiers
        limits = smallest([model.limits_of(tier) for tier in tiers])
        if step.stages == (Capability.SOCIAL,):
            self._plan_alone("x" * self._ask.characters, 1, limits)
        elif step.is_consolidated:
            self._plan_alone(reading.material.text, len(reading.material.segments), limits)
        else:
            scribe = self._scribe(model, Tier.CAPABLE, limits)
            scribe.plan(self._assignment(step), reading.material)

    def _plan_alone(self, longest: str, parts: int, limits: ModelLimits) -> None:
        budget_of(
            system="",
            user="",
            message=longest,
            segments=parts,
            limits=limits,
            requested_cap=self._ask.max_tokens,
        )

    def _route(self, step: Step, reading: Reading, model: TieredModel) -> Route:
        return route_step(step, reading.material, tiers=model.tiers)

    async def take(self, step: Step) -> None:
        """Do one step; the text goes on as it leaves it."""
        reading = await self.passage.reading(cleans=bool(step.edits))
        if not reading.material.text:
            raise invalid("input", "there is no text to work on", "Send a text.")
        if self._bench.model is not None and self._bench.consult is not None:
            known = await self._bench.consult(f"{self.passage.title}\n{reading.material.text}")
            around = replace(reading.material, references=known.references, style=known.style)
            reading = replace(reading, material=around)
        model = self._bench.model
        if model is None:
            await self._by_rules(step, reading)
            return
        route = self._route(step, reading, model)
        if route.tier is Tier.RULES:
            self.passage.degraded(step, route.because)
            await self._by_rules(step, reading)
        elif step.stages == (Capability.SOCIAL,):
            await self._post(step, reading, model)
        elif step.is_consolidated:
            await self._consolidated(step, reading, model, route.tier)
        elif route.tier is not Tier.LIGHT or not await self._lightly(step, reading, model):
            await self._written(step, reading, model)

    async def _by_rules(self, step: Step, reading: Reading) -> None:
        if step.edits:
            await self._edited(step, reading, compose(reading.material))
        if step.writes is not None:
            self.passage.extract(step.writes)

    async def _consolidated(
        self, step: Step, reading: Reading, model: TieredModel, tier: Tier
    ) -> None:
        rewrite = await self._rewritten(reading, model, tier)
        gate = await self.passage.judged(reading, rewrite)
        if tier is Tier.LIGHT and Tier.CAPABLE in model.tiers and not is_away(rewrite.attempts):
            fault = rewrite.degraded_because or content_fault(gate)
            if fault:
                self._record.count(step, rewrite.attempts)
                await self._go_up(step, model, rewrite.attempts, fault)
                rewrite = await self._rewritten(reading, model, Tier.CAPABLE)
                gate = await self.passage.judged(reading, rewrite)
        self._record.count(step, rewrite.attempts)
        self._planned(step, rewrite.notes)
        if rewrite.degraded_because:
            self.passage.degraded(step, rewrite.degraded_because)
        self.passage.edited(step, rewrite, gate)
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

    async def _rewritten(self, reading: Reading, model: TieredModel, tier: Tier) -> Rewrite:
        return await rewrite_and_polish(
            reading.material,
            model=model,
            delimiter=self._bench.delimiter(),
            limits=model.limits_of(tier),
            tier=tier,
            prompt=self._bench.prompt,
            requested_cap=self._ask.max_tokens,
            insists=tier is Tier.CAPABLE or Tier.CAPABLE not in model.tiers,
        )

    async def _edited(self, step: Step, reading: Reading, rewrite: Rewrite) -> None:
        self.passage.edited(step, rewrite, await self.passage.judged(reading, rewrite))

    async def _lightly(self, step: Step, reading: Reading, model: TieredModel) -> bool:
        """Have the light model do `step`; tell whether that is all, or a better one is to do it."""
        answer = await self._asked(step, reading, model, Tier.LIGHT)
        is_last = Tier.CAPABLE not in model.tiers
        if isinstance(answer, Unanswered):
            if is_last or is_away(answer.attempts) or not answer.attempts:
                await self._without_answer(step, reading, answer)
                return True
            await self._go_up(step, model, answer.attempts, answer.because)
            return False
        done = await asyncio.to_thread(self._judged, step, reading, answer)
        fault = await asyncio.to_thread(self._fault, step, done)
        if is_last or not fault:
            await self._answered(step, model, done)
            return True
        await self._go_up(step, model, answer.attempts, fault)
        return False

    def _fault(self, step: Step, done: Written) -> str:
        """Return what speaks against the words of an answer, "" if nothing."""
        reply = done.answer.value
        if done.gate is not None and (fault := content_fault(done.gate)):
            return fault
        if step.writes is None:
            return ""
        source = reply.edited if step.edits else self.passage.text
        results, _ = judge_new(reply.written, source, self.passage.message.language)
        return "it says what the text does not" if worst(results) is Verdict.FAILED else ""

    async def _go_up(
        self, step: Step, model: TieredModel, attempts: Sequence[Attempt], fault: str
    ) -> None:
        completion = attempts[-1].completion if attempts else None
        if completion is not None and not attempts[-1].signal:
            await self._disown(model, completion, fault)
        self._record.note("escalated", step.stages, f"the light model's text was not used: {fault}")

    async def _disown(self, model: TieredModel, completion: Completion, fault: str) -> None:
        """Tell that the reply of the last call, a whole one, was not used."""
        if isinstance(model, Accountable):
            await model.reject(completion, "gate", fault)
        self._record.disown(fault)

    async def _written(self, step: Step, reading: Reading, model: TieredModel) -> None:
        best: Written | None = None
        objections: tuple[str, ...] = ()
        rounds = self._ask.rounds if Capability.IMPROVE in step.edits else 1
        for _ in range(rounds):
            answer = await self._asked(step, reading, model, Tier.CAPABLE, objections)
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
                await self._disown(model, answer.completion, "it was no better than the one before")
                self._record.note(
                    "no_better", step.stages, "a further round brought nothing better; it ended"
                )
                break
            best = done
            if not objections:
                break
        if best is not None:
            await self._answered(step, model, best)

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
        self,
        step: Step,
        reading: Reading,
        model: TieredModel,
        tier: Tier,
        objections: tuple[str, ...] = (),
    ) -> Answered[WrittenReply] | Unanswered:
        try:
            outcome = await self._scribe(model, tier, model.limits_of(tier)).carry_out(
                self._assignment(step, objections), reading.material
            )
        except ContentInvalid as error:
            if NEEDS_MODEL & set(step.stages) or is_about_the_cap(error):
                raise
            return Unanswered(because=f"The model was not asked: {error.message}.", attempts=())
        self._record.count(step, outcome.answer.attempts)
        self._planned(step, outcome.notes)
        return outcome.answer

    async def _post(self, step: Step, reading: Reading, model: TieredModel) -> None:
        most = self._ask.characters
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
            limits=model.limits,
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
            fault = self.passage.summed_up(stage, reading.material.text)
            completion = written.attempts[-1].completion
            if fault and completion is not None:
                await self._disown(model, completion, fault)
            return
        self.passage.degraded(step, written.missing[_SOCIAL_PLACE])
        self.passage.extract(Capability.SOCIAL)

    async def _answered(self, step: Step, model: TieredModel, done: Written) -> None:
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
            fault = self.passage.summed_up(stage, self.passage.text)
            if fault and not step.edits:
                await self._disown(model, completion, fault)
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
            raise ModelUnavailable(
                message,
                remedy=answer.remedy or "Try again, or check the setting `model`.",
                wait=answer.attempts[-1].wait,
            )
        if signal == ModelReplyInvalid.code:
            raise ModelReplyInvalid(message, remedy="Try again, or use another model.")
        raise ReplyTruncated(signal, message)

    def _planned(self, step: Step, notes: Sequence[str]) -> None:
        for note in notes:
            self._record.note("planned", step.stages, note)

    def _assignment(self, step: Step, objections: tuple[str, ...] = ()) -> Assignment:
        return Assignment(step=step, instruction=self._ask.instruction, objections=objections)

    def _scribe(self, model: TieredModel, tier: Tier, limits: ModelLimits) -> Scribe:
        return Scribe(
            model=model,
            delimiter=self._bench.delimiter(),
            limits=limits,
            tier=tier,
            requested_cap=self._ask.max_tokens,
            insists=tier is Tier.CAPABLE or Tier.CAPABLE not in model.tiers,
        )


def invalid(field: str, message: str, remedy: str) -> ContentInvalid:
    """Return the error for a pipeline or an input that cannot be worked on."""
    return ContentInvalid(
        [Finding(code="pipeline_invalid", field=field, message=message, remedy=remedy)]
    )
