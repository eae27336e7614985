"""The capability that compares a text with its source: several votes of one model.

A model asked again does not always agree with itself, so no single answer decides; who counts them
is the gate's business. A vote that was cut, breaks the agreed form, or points at words that nobody
wrote is none. Nothing is asked twice: a missing vote stays missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid, ModelUnavailable
from copydesk.core.post import Tier
from copydesk.core.votes import Faithfulness, Vote
from copydesk.generation.attempts import Reading, Unanswered, ask
from copydesk.generation.budget import ModelLimits, estimate_tokens, plan_reply
from copydesk.generation.fence import fence, visible
from copydesk.generation.port import Completion, Model, ModelRequest, ReplySchema
from copydesk.generation.prompts import PromptVersion, fill, load_prompt
from copydesk.generation.replies import faults_of

CAPABILITY: Final = "judge"
CURRENT_VERSION: Final = 1
#: How many votes are asked for.
VOTES: Final = 3

#: Tokens that a reply takes: two strings of some 300 characters, in any script.
_REPLY: Final = 500


class JudgeReply(BaseModel):
    """The agreed reply. The required `why` comes last, so that a reply that was cut and patched
    into valid JSON still shows that its end is missing."""

    model_config = ConfigDict(extra="ignore")

    verdict: Faithfulness
    span: str = Field(max_length=600)
    why: str = Field(min_length=1, max_length=600)


JUDGE_SCHEMA: Final = ReplySchema(name=CAPABILITY, json_schema=JudgeReply.model_json_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The votes in the order they were asked for, who gave them ("" if nobody), and by what."""

    votes: tuple[Vote, ...]
    model: str
    prompt_version: str


async def judge(
    source: str,
    text: str,
    *,
    model: Model,
    delimiter: Callable[[], str],
    limits: ModelLimits,
    subject: str = "",
    language: str = "",
    prompt: PromptVersion | None = None,
) -> Judged:
    """Return the votes of `model` on whether `text` says what `source` says.

    `delimiter` returns 8 to 64 random letters and digits, fresh each time; `subject` stands above
    the source; `language` is the BCP 47 tag of both, "" when unknown. A model that is away, or has
    no money left, is not asked for the rest.
    """
    prompt = prompt or load_prompt(CAPABILITY, CURRENT_VERSION)
    votes: list[Vote] = []
    answered_by = ""
    for number in range(1, VOTES + 1):
        request = _request(source, text, subject, language, prompt, delimiter(), number)
        try:
            budget = plan_reply(
                prompt=estimate_tokens(request.system) + estimate_tokens(request.user),
                expected=_REPLY,
                limits=limits,
            )
        except ContentInvalid as error:
            votes += _none(VOTES - len(votes), f"not asked: {error.message}")
            break
        answer = await ask(
            model,
            replace(request, max_tokens=budget.max_tokens),
            read=lambda completion: _read(completion, source, text, subject),
            largest_cap=limits.output,
            tries=1,
        )
        if isinstance(answer, Unanswered):
            votes += _none(1, answer.because)
            if answer.attempts[-1].signal == ModelUnavailable.code:
                votes += _none(VOTES - len(votes), "not asked: the model did not answer before")
                break
            continue
        answered_by = answer.completion.model
        reply = answer.value
        span = reply.span if reply.verdict is Faithfulness.UNFAITHFUL else ""
        votes.append(Vote(answer=reply.verdict, span=span, why=reply.why))
    return Judged(votes=tuple(votes), model=answered_by, prompt_version=prompt.name)


def _none(count: int, because: str) -> list[Vote]:
    return [Vote(answer=None, why=because)] * count


def _request(
    source: str,
    text: str,
    subject: str,
    language: str,
    prompt: PromptVersion,
    delimiter: str,
    number: int,
) -> ModelRequest:
    about = {"subject": subject, "language": language}
    message: list[dict[str, object]] = [{k: v for k, v in about.items() if v}, {"message": source}]
    user = fill(
        prompt.user,
        {
            "delimiter": delimiter,
            # an answer is kept for the same question: without a number one vote would count thrice
            "vote": str(number),
            "votes": str(VOTES),
            "message": fence("message", [r for r in message if r], delimiter=delimiter),
            "text": fence("text", [{"text": text}], delimiter=delimiter),
        },
    )
    return ModelRequest(
        capability=CAPABILITY,
        system=prompt.system,
        user=user,
        reply=JUDGE_SCHEMA,
        max_tokens=1,
        temperature=prompt.temperature,
        prompt_version=prompt.name,
        tier=Tier.CAPABLE,
        cache=True,
        delimiter=delimiter,
    )


def _read(completion: Completion, source: str, text: str, subject: str) -> Reading[JudgeReply]:
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        reply = JudgeReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error
    if reply.verdict is Faithfulness.UNFAITHFUL and not _stands_in(
        reply.span, source, text, subject
    ):
        raise ModelReplyInvalid("The words it objects to stand in neither text.")
    # a verdict repeats nothing of what it is about
    return Reading(value=reply, source="", text="")


def _stands_in(span: str, *texts: str) -> bool:
    wanted = _folded(span)
    return bool(wanted) and any(wanted in _folded(text) for text in texts)


def _folded(text: str) -> str:
    return " ".join(visible(text).casefold().split())
