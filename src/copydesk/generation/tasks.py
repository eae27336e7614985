"""Tasks of an editor: what one call is asked to do, and reading its reply.

Each task is a prompt file of its own, put into one frame, `transform.v2.md`, that holds what all
share: the fence, the style, the form of the reply. What an edit has to bring back is the guard's
business; a text that leaves things out on purpose must at least end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ModelReplyInvalid, ReplyTruncated
from copydesk.core.post import Tier
from copydesk.generation.attempts import Reading
from copydesk.generation.capabilities import Step
from copydesk.generation.fence import fence, visible
from copydesk.generation.material import Material
from copydesk.generation.port import Completion, ModelRequest, ReplySchema
from copydesk.generation.prompts import PromptVersion, fill, fill_places, load_prompt
from copydesk.generation.replies import faults_of
from copydesk.generation.showing import show, version_of
from copydesk.generation.truncation import ends_closed

FRAME: Final = "transform"
FRAME_VERSION: Final = 2
#: Of the tasks.
CURRENT_VERSION: Final = 1
#: The task that takes notes on a part, for a colleague who writes from the whole.
NOTES: Final = "notes"


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
class Tasks:
    """What one call is asked to do: tasks that edit, and at most one that writes."""

    edits: tuple[str, ...]
    writes: str = ""

    @classmethod
    def of(cls, step: Step) -> Tasks:
        """Return all tasks of `step`."""
        return cls(edits=step.edits, writes=step.writes or "")

    @classmethod
    def of_parts(cls, step: Step) -> Tasks:
        """Return what is done with each part of a long text: notes stand in for a new text."""
        return cls(edits=step.edits, writes=NOTES if step.writes is not None else "")

    @property
    def names(self) -> tuple[str, ...]:
        """Return their names in order."""
        return (*self.edits, self.writes) if self.writes else self.edits

    def prompts(self) -> list[PromptVersion]:
        """Return the prompts of all of them, in order."""
        return [load_prompt(name, CURRENT_VERSION) for name in self.names]

    @property
    def longest(self) -> int | None:
        """Return how many characters the new text may have, None where nothing says."""
        return self.prompts()[-1].max_text if self.writes else None


def request_for(
    material: Material, *, assignment: Assignment, tasks: Tasks, tier: Tier, delimiter: str
) -> ModelRequest:
    """Return the request that asks for `tasks`; its `max_tokens` is to be planned."""
    frame = load_prompt(FRAME, FRAME_VERSION)
    prompts = tasks.prompts()
    found = [{"objection": words} for words in assignment.objections]
    user = fill_places(
        frame.user,
        {
            "delimiter": delimiter,
            "instruction": json.dumps(visible(assignment.instruction), ensure_ascii=False),
            **show(material, delimiter),
            "objections": fence("objections to the text", found, delimiter=delimiter),
            "closing": " Then: ".join(prompt.user for prompt in prompts),
        },
    )
    name = "+".join(prompt.name for prompt in prompts)
    return ModelRequest(
        capability="+".join(assignment.step.stages),
        system=fill(frame.system, {"tasks": "\n\n".join(_task(prompt) for prompt in prompts)}),
        user=user,
        reply=WRITTEN_SCHEMA,
        max_tokens=1,
        temperature=min(prompt.temperature for prompt in prompts),
        prompt_version=version_of(f"{name}@{frame.name}", material),
        tier=tier,
        cache=True,
        delimiter=delimiter,
        passages=tuple(reference.id for reference in material.references),
    )


def _task(task: PromptVersion) -> str:
    if task.max_text is None:
        return task.system
    return fill(task.system, {"max_text": str(task.max_text)})


def read_reply(completion: Completion, tasks: Tasks, material: Material) -> Reading[WrittenReply]:
    """Return the reply in `completion`.

    Raises `ModelReplyInvalid` where it lacks a text or one is too long, `ReplyTruncated` where a
    new text does not end.
    """
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        reply = WrittenReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error
    reply.edited, reply.written = reply.edited.strip(), reply.written.strip()
    if problems := _problems(reply, tasks):
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {'; '.join(problems)}")
    if tasks.writes and not ends_closed(reply.written):
        raise ReplyTruncated("mid_sentence", f"The reply breaks off: …{reply.written[-40:]}")
    if not tasks.edits:
        # a new text leaves things out on purpose: nothing has to come back
        return Reading(value=reply, source="", text="")
    return Reading(
        value=reply,
        source=visible(material.text),
        text=reply.edited,
        omitted=tuple(reply.omitted),
        language=material.language,
    )


def _problems(reply: WrittenReply, tasks: Tasks) -> Sequence[str]:
    problems = []
    longest = tasks.longest
    if tasks.edits and not reply.edited:
        problems.append("edited: is missing")
    if tasks.writes and not reply.written:
        problems.append("written: is missing")
    if tasks.writes and longest is not None and len(reply.written) > longest:
        problems.append(f"written: {len(reply.written)} characters, {longest} were allowed")
    return problems
