"""What stands above a text that was written in parts: title, summary, tags and category, by one
call that sees a note on each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid, ReplyTruncated
from copydesk.core.post import Tier
from copydesk.generation.attempts import Answered, Reading, Unanswered, ask
from copydesk.generation.budget import ModelLimits, plan
from copydesk.generation.fence import fence
from copydesk.generation.port import Completion, Model, ModelRequest, ReplySchema
from copydesk.generation.prompts import fill, load_prompt
from copydesk.generation.replies import faults_of
from copydesk.generation.rewrite import CATEGORIES, Attempt
from copydesk.generation.truncation import ends_closed

CAPABILITY: Final = "join"
CURRENT_VERSION: Final = 1


class HeadReply(BaseModel):
    """The agreed reply. The required `confidence` comes last, so that a reply that was cut and
    patched into valid JSON still shows that its end is missing."""

    model_config = ConfigDict(extra="ignore")

    title: str = Field(min_length=1)
    summary: str
    tags: list[str] = Field(default_factory=list)
    category: str = "other"
    confidence: float = Field(ge=0, le=1)


HEAD_SCHEMA: Final = ReplySchema(name=CAPABILITY, json_schema=HeadReply.model_json_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the model said about one part."""

    title: str
    summary: str
    tags: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above the whole, and the calls it took. `because` is "" unless the model did not
    write it: then it is the first part's."""

    note: Note
    attempts: tuple[Attempt, ...] = ()
    because: str = ""


async def write_head(
    notes: Sequence[Note],
    *,
    subject: str,
    language: str,
    model: Model,
    delimiter: str,
    limits: ModelLimits,
    tier: Tier,
) -> Head:
    """Return what stands above a text whose parts `notes` are about, in order.

    `delimiter` is 8 to 64 random letters and digits, fresh for this call.
    """
    prompt = load_prompt(CAPABILITY, CURRENT_VERSION)
    about = {"subject": subject, "language": language}
    records: list[dict[str, object]] = [{key: value for key, value in about.items() if value}]
    records += [
        {"part": number, "title": note.title, "summary": note.summary, "tags": list(note.tags)}
        for number, note in enumerate(notes, 1)
    ]
    request = ModelRequest(
        capability=CAPABILITY,
        system=fill(
            prompt.system,
            {
                "max_title": str(prompt.max_title),
                "max_summary": str(prompt.max_summary),
                "categories": ", ".join(f"`{category}`" for category in CATEGORIES),
            },
        ),
        user=fill(
            prompt.user,
            {"delimiter": delimiter, "notes": fence("notes", records, delimiter=delimiter)},
        ),
        reply=HEAD_SCHEMA,
        max_tokens=1,
        temperature=prompt.temperature,
        prompt_version=prompt.name,
        tier=tier,
        cache=True,
        delimiter=delimiter,
    )
    longest = "x" * (prompt.max_title + prompt.max_summary)
    try:
        budget = plan(
            system=request.system, user=request.user, message=longest, segments=0, limits=limits
        )
    except ContentInvalid as error:
        return Head(note=notes[0], because=f"the model was not asked: {error.message}")
    answer = await ask(
        model,
        replace(request, max_tokens=budget.max_tokens),
        read=_read,
        largest_cap=limits.output,
    )
    match answer:
        case Answered(value=reply, attempts=attempts):
            note = Note(
                title=reply.title,
                summary=reply.summary,
                tags=tuple(reply.tags),
                category=reply.category,
            )
            return Head(note=note, attempts=attempts)
        case Unanswered(because=because, attempts=attempts):
            return Head(note=notes[0], because=because, attempts=attempts)


def _read(completion: Completion) -> Reading[HeadReply]:
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        reply = HeadReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error
    if not reply.title.strip():
        raise ModelReplyInvalid("The reply breaks the agreed form: title: is missing")
    if reply.summary.strip() and not ends_closed(reply.summary):
        raise ReplyTruncated("mid_sentence", f"The summary breaks off: …{reply.summary[-40:]}")
    # it leaves things out on purpose: nothing has to come back
    return Reading(value=reply, source="", text="")
