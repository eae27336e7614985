"""`/v1/transform`: a text through a pipeline of capabilities; nothing is stored or sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copydesk.core.checks import Evidence, RiskClass, Verdict
from copydesk.core.errors import InputRefused
from copydesk.core.findings import Finding
from copydesk.core.post import Tier
from copydesk.core.submission import Source
from copydesk.generation.capabilities import MAX_STAGES, Capability
from copydesk.generation.material import ContextMessage
from copydesk.server.api.contract import REPEATABLE, make_router
from copydesk.server.asking import Author, DeskNow
from copydesk.work.pipelines.bench import opened_bench
from copydesk.work.pipelines.transformed import POST_CHARACTERS, Ask
from copydesk.work.pipelines.transforming import transform

router = make_router("transform")

#: In characters: what a request's body holds at most, with some room for the rest of it.
_MAX_TEXT = 1_000_000

Text = Annotated[str, Field(max_length=_MAX_TEXT)]


class EarlierIn(BaseModel):
    """An earlier message of the conversation."""

    model_config = ConfigDict(extra="forbid")

    author: str = Field("", max_length=200)
    text: str = Field(max_length=_MAX_TEXT)


class TransformIn(BaseModel):
    """What goes in, and the stages it goes through. `payload` is the older name of `input`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pipeline": "rewrite_and_polish",
                    "input": "v2.4.1 is out!! fixes the login loop (#311), import is still slow",
                    "context": [{"author": "Anna", "text": "When is the next version due?"}],
                },
                {
                    "pipeline": ["parse", "rewrite", "polish"],
                    "payload": "From: anna@example.org\nSubject: Lamp\n\nthe lamp flickers",
                    "max_tokens": 2000,
                },
                {
                    "pipeline": ["improve", "summarize"],
                    "input": "The lamp arrived on 3 March and flickers.",
                    "instruction": "Make it friendlier.",
                    "rounds": 2,
                },
            ]
        },
    )

    pipeline: Capability | list[Capability] = Field(
        description=f"one stage, or up to {MAX_STAGES} in order"
    )
    input: Text | dict[str, Any] | None = Field(
        None, description="a text; or a whole message, as `parse` and `source` read it"
    )
    payload: Text | dict[str, Any] | None = Field(None, description="the same, by its older name")
    source: Source | None = Field(
        None, description="what kind of message the input is; it is parsed first then"
    )
    context: list[Text | EarlierIn] = Field(
        [], max_length=100, description="what was said before, oldest first"
    )
    instruction: str = Field(
        "", max_length=4_000, description="your wish, for improve, story and reply"
    )
    max_tokens: int | None = Field(
        None,
        gt=0,
        description="an output cap for every call; one that would cut a reply is refused",
    )
    characters: int = Field(
        POST_CHARACTERS, ge=40, le=10_000, description="how long a `social` post may get"
    )
    rounds: int = Field(
        1, ge=1, le=5, description="how often `improve` is asked while the gate objects"
    )

    @model_validator(mode="after")
    def _has_one_input(self) -> Self:
        if (self.input is None) == (self.payload is None):
            raise ValueError("give either `input` or `payload`")
        return self

    def ask(self) -> Ask:
        """Return it as the use case takes it; an object is read as the JSON it came as."""
        given = self.payload if self.input is None else self.input
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        stages = [self.pipeline] if isinstance(self.pipeline, Capability) else self.pipeline
        return Ask(
            pipeline=tuple(stages),
            raw=text.encode("utf-8", "replace"),
            source=self.source,
            context=tuple(
                ContextMessage(author="", text=one)
                if isinstance(one, str)
                else ContextMessage(author=one.author, text=one.text)
                for one in self.context
            ),
            instruction=self.instruction,
            max_tokens=self.max_tokens,
            characters=self.characters,
            rounds=self.rounds,
        )


class StageOut(BaseModel):
    """What one stage gave."""

    model_config = ConfigDict(from_attributes=True)

    stage: Capability
    text: str | None = Field(description="null where it was done together with `fused_into`")
    data: Mapping[str, Any] = Field(
        description="how a message was read; title, summary, tags and segment map of a rewrite"
    )
    tier: Tier = Field(description="what wrote it")
    fused_into: Capability | None
    model: str
    prompt_version: str


class CallOut(BaseModel):
    """One call to a model, also one whose reply was not used."""

    model_config = ConfigDict(from_attributes=True)

    stages: Sequence[Capability]
    tier: Tier | None
    model: str
    prompt_version: str
    max_tokens: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = Field(description="null where no price is known")
    latency_ms: float
    rejected_because: str
    remembered: bool = Field(description="no call was made: it had been answered before")


class CheckedOut(BaseModel):
    """What one check of the gate said about the text of one stage."""

    model_config = ConfigDict(from_attributes=True)

    stage: Capability
    check: str
    version: int
    verdict: Verdict
    evidence: Sequence[Evidence]


class TransformedOut(BaseModel):
    """What came out, what it took, and what speaks against it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "Version v2.4.1 is out. It fixes the login loop (#311).",
                    "stages": [
                        {
                            "stage": "rewrite_and_polish",
                            "text": "Version v2.4.1 is out. It fixes the login loop (#311).",
                            "data": {"title": "v2.4.1 fixes the login loop", "tags": ["release"]},
                            "tier": "capable",
                            "fused_into": None,
                            "model": "openai:editor",
                            "prompt_version": "rewrite_and_polish.v3",
                        }
                    ],
                    "calls": [
                        {
                            "stages": ["rewrite_and_polish"],
                            "tier": "capable",
                            "model": "openai:editor",
                            "prompt_version": "rewrite_and_polish.v3",
                            "max_tokens": 720,
                            "input_tokens": 1210,
                            "output_tokens": 140,
                            "cost_usd": 0.0021,
                            "latency_ms": 640.0,
                            "rejected_because": "",
                        }
                    ],
                    "input_tokens": 1210,
                    "output_tokens": 140,
                    "cost_usd": 0.0021,
                    "omitted": [],
                    "open_questions": [],
                    "checks": [
                        {
                            "stage": "rewrite_and_polish",
                            "check": "protected_tokens",
                            "version": 1,
                            "verdict": "passed",
                            "evidence": [],
                        }
                    ],
                    "verdict": "passed",
                    "risk": "low",
                    "notes": [],
                }
            ]
        },
    )

    text: str = Field(description="what the last stage gave")
    stages: Sequence[StageOut]
    calls: Sequence[CallOut]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = Field(description="of all calls; null where a price is not known")
    omitted: Sequence[str] = Field(description="facts an edit left out, as it says itself")
    open_questions: Sequence[str]
    checks: Sequence[CheckedOut]
    verdict: Verdict = Field(description="of the gate, on all stages; do not publish what failed")
    risk: RiskClass
    notes: Sequence[Finding] = Field(
        description="what was done together, by rules instead of a model, or left behind"
    )


@router.post("", dependencies=REPEATABLE)
async def transform_text(given: TransformIn, desk: DeskNow, _: Author) -> TransformedOut:
    """Put a text through stages. Adjacent ones share a call; nothing is stored or sent.

    A `max_tokens` that would cut a reply is a 422 with the numbers, before any call. Without a
    model the rules do what they can and say so; what only a model can do is a 422. A model that is
    away is a 503, one whose reply was cut or not in the agreed form a 502, where rules cannot stand
    in.
    """
    ask = given.ask()
    try:
        async with opened_bench(desk, ask.raw) as bench:
            return TransformedOut.model_validate(await transform(ask, bench))
    except InputRefused as refused:
        refused.field = "payload" if given.input is None else "input"
        raise
