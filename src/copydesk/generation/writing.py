"""Editing and writing by task: one call for any number of editing tasks and one writing task.

Each task is a prompt file of its own, put into one frame, `transform.v1.md`, that holds what all
share: the fence, the style, the form of the reply. What an edit has to bring back is the guard's
business; a text that leaves things out on purpose must at least end.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ModelReplyInvalid, ReplyTruncated
from copydesk.core.post import Tier
from copydesk.generation.attempts import Answered, Reading, Unanswered, ask
from copydesk.generation.budget import Budget, ModelLimits, plan
from copydesk.generation.capabilities import Capability, Step
from copydesk.generation.fence import fence, visible
from copydesk.generation.material import Material
from copydesk.generation.port import Completion, Model, ModelRequest, ReplySchema
from copydesk.generation.prompts import PromptVersion, fill, load_prompt
from copydesk.generation.replies import faults_of
from copydesk.generation.truncation import ends_closed

FRAME: Final = "transform"
CURRENT_VERSION: Final = 1


class WrittenReply(BaseModel):
    """The agreed reply. The required `confidence` comes last, so that a reply that was cut and
    patched into valid JSON still shows that its end is missing."""

    model_config = ConfigDict(extra="ignore")

    edited: str
    written: str
    omitted: list[str]
    open_questions: list[str]
    confidence: float = Field(ge=0, le=1)


WRITTEN_SCHEMA: Final = ReplySchema(name=FRAME, json_schema=WrittenReply.model_json_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be done with a text: the step, what its caller wants, and what was found wrong
    with an earlier try of it, in words."""

    step: Step
    instruction: str = ""
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCall:
    """A request that fits, not yet made."""

    request: ModelRequest
    budget: Budget
    longest: int | None


def prepare(
    assignment: Assignment,
    material: Material,
    *,
    delimiter: str,
    limits: ModelLimits | None = None,
    tier: Tier = Tier.CAPABLE,
    requested_cap: int | None = None,
) -> PreparedCall:
    """Return the call that does `assignment` on `material`.

    `delimiter` is 8 to 64 random letters and digits, fresh for this call; `limits` are the model's;
    `requested_cap` is an output cap in tokens that the caller insists on. Raises `ContentInvalid`
    with the numbers when prompt or reply would not fit.
    """
    limits = limits or ModelLimits()
    frame = load_prompt(FRAME, CURRENT_VERSION)
    step = assignment.step
    tasks = [load_prompt(task, CURRENT_VERSION) for task in _tasks(step)]
    longest = tasks[-1].max_text if step.writes is not None else None
    request = ModelRequest(
        capability="+".join(step.stages),
        system=fill(frame.system, {"tasks": "\n\n".join(_task(task) for task in tasks)}),
        user=fill(
            frame.user,
            {
                "delimiter": delimiter,
                "instruction": json.dumps(visible(assignment.instruction), ensure_ascii=False),
                **_fenced(material, assignment, delimiter),
                "closing": " Then: ".join(task.user for task in tasks),
            },
        ),
        reply=WRITTEN_SCHEMA,
        max_tokens=1,
        temperature=min(task.temperature for task in tasks),
        prompt_version="+".join(task.name for task in tasks),
        tier=tier,
        cache=True,
        delimiter=delimiter,
    )
    budget = plan(
        system=request.system,
        user=request.user,
        message=_expected(material, step, longest),
        segments=0,
        limits=limits,
        requested_cap=requested_cap,
    )
    request = replace(request, max_tokens=budget.max_tokens)
    return PreparedCall(request=request, budget=budget, longest=longest)


async def write(
    call: PreparedCall,
    step: Step,
    material: Material,
    *,
    model: Model,
    largest_cap: int,
) -> Answered[WrittenReply] | Unanswered:
    """Make `call`; a reply that was cut, lost the text's end or lacks a text is not an answer."""
    return await ask(
        model,
        call.request,
        read=lambda completion: _read(completion, step, material, call.longest),
        largest_cap=largest_cap,
    )


def _tasks(step: Step) -> tuple[Capability, ...]:
    return step.edits if step.writes is None else (*step.edits, step.writes)


def _task(task: PromptVersion) -> str:
    if task.max_text is None:
        return task.system
    return fill(task.system, {"max_text": str(task.max_text)})


def _fenced(material: Material, assignment: Assignment, delimiter: str) -> dict[str, str]:
    about = {"subject": material.subject, "language": material.language}
    records: list[dict[str, object]] = [{k: v for k, v in about.items() if v}]
    records += [{"segment": f"s{s.index}", "text": s.text} for s in material.segments]
    records.append({"keep": list(material.protected)})
    earlier = [{"from": message.author, "text": message.text} for message in material.context]
    found = [{"objection": words} for words in assignment.objections]
    return {
        "conversation": fence("conversation so far", earlier, delimiter=delimiter),
        "material": fence("material", records, delimiter=delimiter),
        "objections": fence("objections to the text", found, delimiter=delimiter),
    }


def _expected(material: Material, step: Step, longest: int | None) -> str:
    """Return a text as long as the reply may get."""
    text = material.text
    expected = text if step.edits else ""
    if step.writes is None:
        return expected
    if longest is None:
        return expected + text
    # a character takes as many bytes as those of the text do
    width = math.ceil(len(text.encode("utf-8", "surrogatepass")) / max(1, len(text)))
    return expected + "x" * (longest * width)


def _read(
    completion: Completion, step: Step, material: Material, longest: int | None
) -> Reading[WrittenReply]:
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        reply = WrittenReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error
    reply.edited, reply.written = reply.edited.strip(), reply.written.strip()
    if problems := _problems(reply, step, longest):
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {'; '.join(problems)}")
    if step.writes is not None and not ends_closed(reply.written):
        raise ReplyTruncated("mid_sentence", f"The reply breaks off: …{reply.written[-40:]}")
    if not step.edits:
        # a new text leaves things out on purpose: nothing has to come back
        return Reading(value=reply, source="", text="")
    return Reading(
        value=reply,
        source=visible(material.text),
        text=reply.edited,
        omitted=tuple(reply.omitted),
        language=material.language,
    )


def _problems(reply: WrittenReply, step: Step, longest: int | None) -> Sequence[str]:
    problems = []
    if step.edits and not reply.edited:
        problems.append("edited: is missing")
    if step.writes is not None and not reply.written:
        problems.append("written: is missing")
    if step.writes is not None and longest is not None and len(reply.written) > longest:
        problems.append(f"written: {len(reply.written)} characters, {longest} were allowed")
    return problems
