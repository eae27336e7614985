"""The consolidated call: what is asked, how its reply is read, and what is made of it.

One prompt rewrites, polishes, sums up and says what became of every segment. Any doubt about a
reply leads back to the text that the rules composed, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid
from copydesk.core.post import Tier
from copydesk.generation.attempts import Answered, Reading, Unanswered, ask
from copydesk.generation.budget import ModelLimits, plan
from copydesk.generation.fence import fence, visible
from copydesk.generation.material import Material
from copydesk.generation.port import Completion, Model, ModelRequest
from copydesk.generation.prompts import PromptVersion, fill
from copydesk.generation.replies import REWRITE_SCHEMA, RewriteReply, read_fates, read_rewrite
from copydesk.generation.rewrite import CATEGORIES, MAX_TAGS, Attempt, Rewrite
from copydesk.generation.rules import MAX_TITLE, shorten

CAPABILITY: Final = "rewrite_and_polish"
CURRENT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, with what prompt and within which limits.

    `delimiter` is 8 to 64 random letters and digits, fresh for one message; `requested_cap` an
    output cap in tokens that the caller insists on.
    """

    model: Model
    prompt: PromptVersion
    delimiter: str
    limits: ModelLimits
    tier: Tier
    requested_cap: int | None = None

    async def write(self, material: Material, composed: Rewrite) -> Rewrite:
        """Return `material` written up, or `composed` with the reason why not.

        Raises `ContentInvalid` before any call when `requested_cap` would cut the reply.
        """
        request = _request(
            material,
            self.prompt,
            tier=self.tier,
            delimiter=self.delimiter,
            max_tokens=self.limits.output,
        )
        try:
            budget = plan(
                system=request.system,
                user=request.user,
                message=material.text,
                segments=len(material.segments),
                limits=self.limits,
                requested_cap=self.requested_cap,
            )
        except ContentInvalid as error:
            if any(finding.field == "max_tokens" for finding in error.findings):
                raise
            return replace(composed, degraded_because=f"The model was not asked: {error.message}.")
        answer = await ask(
            self.model,
            replace(request, max_tokens=budget.max_tokens),
            read=lambda completion: _read(completion, material),
            largest_cap=self.requested_cap or self.limits.output,
        )
        match answer:
            case Answered(value=reply, completion=completion, attempts=attempts):
                return _written(material, reply, completion, attempts)
            case Unanswered(because=because, attempts=attempts):
                return replace(composed, degraded_because=because, attempts=attempts)


def _request(
    material: Material, prompt: PromptVersion, *, tier: Tier, delimiter: str, max_tokens: int
) -> ModelRequest:
    system = fill(
        prompt.system,
        {
            "max_title": str(prompt.max_title),
            "max_summary": str(prompt.max_summary),
            "categories": ", ".join(f"`{category}`" for category in CATEGORIES),
        },
    )
    about = {
        "subject": material.subject,
        "language": material.language,
        **{f"meta {key}": value for key, value in material.metadata.items()},
    }
    records: list[dict[str, object]] = [{k: v for k, v in about.items() if v}]
    records += [{"segment": f"s{s.index}", "text": s.text} for s in material.segments]
    records.append({"keep": list(material.protected)})
    earlier = [{"from": message.author, "text": message.text} for message in material.context]
    user = fill(
        prompt.user,
        {
            "delimiter": delimiter,
            "conversation": fence("conversation so far", earlier, delimiter=delimiter),
            "material": fence("material", records, delimiter=delimiter),
        },
    )
    return ModelRequest(
        capability=CAPABILITY,
        system=system,
        user=user,
        reply=REWRITE_SCHEMA,
        max_tokens=max_tokens,
        temperature=prompt.temperature,
        prompt_version=prompt.name,
        tier=tier,
        cache=True,
        delimiter=delimiter,
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


def _written(
    material: Material, reply: RewriteReply, completion: Completion, attempts: tuple[Attempt, ...]
) -> Rewrite:
    return Rewrite(
        title=shorten(" ".join(reply.title.split()), MAX_TITLE),
        body=reply.rewritten,
        summary=reply.summary.strip(),
        tags=tuple(dict.fromkeys(t.strip().lower() for t in reply.tags if t.strip()))[:MAX_TAGS],
        category=reply.category if reply.category in CATEGORIES else "other",
        fates=read_fates(reply.segment_map, frozenset(s.index for s in material.segments)),
        tier=completion.tier,
        omitted=tuple(reply.omitted),
        open_questions=tuple(reply.open_questions),
        confidence=reply.confidence,
        model=completion.model,
        prompt_version=completion.prompt_version,
        attempts=attempts,
    )
