"""A text on its way through a pipeline: as the steps left it, and what they leave on record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from copydesk.core.checks import Verdict
from copydesk.core.post import Tier
from copydesk.core.submission import ParsedMessage, Source
from copydesk.generation.capabilities import EDITING, Capability, Step
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.rules import MAX_SUMMARY
from copydesk.intake.cleanup import Cleaned
from copydesk.intake.parsing import parse
from copydesk.quality.examining import worst
from copydesk.quality.gate import GateResult
from copydesk.quality.policy import Policy
from copydesk.work.pipelines.extracts import short_of
from copydesk.work.pipelines.judging import judge_new
from copydesk.work.pipelines.readings import (
    Reading,
    as_it_is,
    described,
    plain_message,
    read_material,
)
from copydesk.work.pipelines.transformed import Ask, Record, Stage
from copydesk.work.writing.cleaning import clean_message
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.writing_up import ask_gate

#: How much of one thing that speaks against a text is repeated in words, in characters.
_LONGEST_FAULT: Final = 150


class Passage:
    """The text of one pipeline. `monotonic` returns seconds and measures what checks cost."""

    def __init__(self, ask: Ask, monotonic: Callable[[], float], policy: Policy) -> None:
        self.record = Record()
        self.ask = ask
        self.message: ParsedMessage
        self.title = ""
        self._monotonic = monotonic
        self._policy = policy
        self._speller = Speller()

    @property
    def text(self) -> str:
        """Return the text as the steps so far left it."""
        return self.message.reply

    async def start(self, *, parses: bool) -> None:
        """Read the input: as a message where the pipeline `parses` first, else as it stands."""
        if parses:
            self.message = await self._parsed(self.ask.raw, self.ask.source)
        else:
            self.message = await asyncio.to_thread(as_it_is, self.ask.raw)
        self.title = self.message.subject

    async def parse(self, *, is_first: bool) -> None:
        """Give what the message says; a later `parse` reads the text that the steps before left."""
        if not is_first:
            self.message = await self._parsed(self.text.encode(), None)
        for note in self.message.notes:
            self.record.note("parser", (Capability.PARSE,), str(note))
        self.record.stages.append(
            Stage(
                stage=Capability.PARSE,
                text=self.text,
                tier=Tier.RULES,
                data=described(self.message),
            )
        )

    async def reading(self, *, cleans: bool) -> Reading:
        """Return what a step works on, cleaned up first where it `cleans`."""
        if not cleans:
            return self.uncleaned()
        return read_material(self.message, await self._cleaned(), self.ask.context)

    def uncleaned(self) -> Reading:
        """Return what a step works on, as it stands."""
        message = self.message
        text = "".join(message.text[s.start : s.end] for s in message.segments if s.kept)
        return read_material(message, Cleaned(text), self.ask.context)

    async def judged(self, reading: Reading, rewrite: Rewrite) -> GateResult:
        """Return what the gate says about a text that was written up."""
        return await asyncio.to_thread(
            ask_gate,
            self.message,
            reading.material,
            rewrite,
            source=reading.source,
            monotonic=self._monotonic,
            policy=self._policy,
        )

    def edited(self, step: Step, rewrite: Rewrite, gate: GateResult) -> None:
        """Take over a text that the consolidated prompt or the rules wrote up."""
        self.record.omitted += rewrite.omitted
        self.record.questions += rewrite.open_questions
        self.title = rewrite.title
        data = {
            "title": rewrite.title,
            "summary": rewrite.summary,
            "tags": list(rewrite.tags),
            "category": rewrite.category,
            "segment_map": [
                {"segment": f"s{fate.segment}", "fate": str(fate.fate), "reason": fate.reason}
                for fate in rewrite.fates
            ],
        }
        self.take_edited(
            step, rewrite.body, rewrite.tier, gate, data, rewrite.model, rewrite.prompt_version
        )

    def take_edited(
        self,
        step: Step,
        text: str,
        tier: Tier,
        gate: GateResult,
        data: Mapping[str, Any],
        model: str,
        prompt_version: str,
    ) -> None:
        """Take over what the editing stages of `step` left, with what the gate said about it."""
        edits = [stage for stage in step.stages if stage in EDITING]
        for stage in edits[:-1]:
            self.record.stages.append(
                Stage(stage=stage, text=None, tier=tier, fused_into=edits[-1])
            )
        self.record.stages.append(
            Stage(
                stage=edits[-1],
                text=text,
                tier=tier,
                data=data,
                model=model,
                prompt_version=prompt_version,
            )
        )
        self.record.check(edits[-1], gate.checks, gate.risk)
        self._go_on(text)

    def take_new(self, stage: Stage, source: str) -> None:
        """Take over a text that was newly written from `source`."""
        text = stage.text or ""
        self.record.check(stage.stage, *judge_new(text, source, self.message.language))
        self.record.stages.append(stage)
        self._go_on(text)

    def summed_up(self, stage: Stage, source: str) -> str:
        """Take over a short text of the model; the rules' own where it says what is not there.

        Return what speaks against the model's, "" where it was taken.
        """
        results, _ = judge_new(stage.text or "", source, self.message.language)
        if worst(results) is not Verdict.FAILED:
            self.take_new(stage, source)
            return ""
        fault = "; ".join(
            (f"{piece.message}: {piece.span}" if piece.span else piece.message)[:_LONGEST_FAULT]
            for piece in [piece for result in results for piece in result.evidence][:3]
        )
        self.degraded(Step(stages=(stage.stage,)), f"what the model wrote was not used: {fault}")
        self.extract(stage.stage)
        return fault

    def extract(self, stage: Capability) -> None:
        """Do `stage` by rule: the beginning of the text, in its own words."""
        most = self.ask.characters if stage is Capability.SOCIAL else MAX_SUMMARY
        text, losses = short_of(self.text, most)
        for loss in losses:
            self.record.note("left_out", (stage,), f"{loss.what}: {loss.how}, since {loss.why}")
        self.take_new(Stage(stage=stage, text=text, tier=Tier.RULES), self.text)

    def degraded(self, step: Step, because: str) -> None:
        """Say that rules stand in for the model, and why."""
        self.record.note(
            "degraded",
            step.stages,
            f"rules did it, and they change no wording: {because}",
            "Try again later, or take the text as it is.",
        )

    def _go_on(self, text: str) -> None:
        self.message = plain_message(
            text, subject=self.message.subject, language=self.message.language
        )

    async def _parsed(self, raw: bytes, source: Source | None) -> ParsedMessage:
        return await asyncio.to_thread(parse, raw, filename=self.ask.filename, source=source)

    async def _cleaned(self) -> Cleaned:
        message = self.message
        kept = [segment for segment in message.segments if segment.kept]
        source = "".join(message.text[s.start : s.end] for s in kept)
        typos = await self._speller.find(source) if message.language.startswith("en") else ()
        return await asyncio.to_thread(clean_message, message, kept, typos)
