"""The capability that writes short texts for an article: one call for all places that need one.

A reply is taken apart by place. A text that is too long, that names no place of ours or that comes
in the wrong number costs that place its adaptation, never the others; what a place lacks is taken
from the article by rule. Whether a text invents something is the gate's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ContentInvalid, ModelReplyInvalid
from copydesk.core.ledger import extract
from copydesk.core.post import Adaptation, Tier
from copydesk.generation.attempts import Answered, Reading, Unanswered, ask
from copydesk.generation.budget import ModelLimits, plan
from copydesk.generation.fence import derived, fence
from copydesk.generation.material import AuthoredSegment, Material, Reference
from copydesk.generation.planning import is_about_the_cap
from copydesk.generation.port import Completion, Model, ModelRequest, ReplySchema
from copydesk.generation.prompts import PromptVersion, fill_places, load_prompt
from copydesk.generation.replies import faults_of
from copydesk.generation.rewrite import Attempt
from copydesk.generation.showing import reference_record, version_of
from copydesk.generation.surroundings import chosen
from copydesk.generation.truncation import ends_closed
from copydesk.generation.writing import Scribe

CAPABILITY: Final = "social"
CURRENT_VERSION: Final = 2

Kind = Literal["post", "thread", "summary", "announcement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a short text is wanted: a platform's name, the kind of text, and how much fits.

    `characters` is what a text may have as told to the model; `holds` decides. `most` is how many
    texts a thread may have; the other kinds have one.
    """

    name: str
    kind: Kind
    characters: int
    holds: Callable[[str], bool]
    most: int = 1

    @property
    def least(self) -> int:
        """Return how many texts there must be."""
        return 2 if self.kind == "thread" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What is written about: its title, and its sections as (heading, plain text).

    `references` and `style` are as in `Material`.
    """

    title: str
    sections: tuple[tuple[str, str], ...]
    language: str = ""
    references: tuple[Reference, ...] = ()
    style: str = ""

    @property
    def text(self) -> str:
        """Return all of it as one plain text."""
        parts = [self.title]
        for heading, text in self.sections:
            parts += [heading, text]
        return "\n\n".join(part for part in parts if part)

    @property
    def material(self) -> Material:
        """Return it as material whose segments are the sections."""
        texts = ["\n\n".join(part for part in section if part) for section in self.sections]
        segments = (AuthoredSegment(index=n, text=f"{text}\n\n") for n, text in enumerate(texts))
        return Material(
            segments=tuple(segments),
            subject=self.title,
            language=self.language,
            references=self.references,
            style=self.style,
        )

    def told_by(self, notes: Sequence[str]) -> Article:
        """Return the article with notes on it in place of its sections."""
        return replace(self, sections=tuple(("", note) for note in notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """What was written, by place; for each place that got nothing the reason, in words for people;
    and the calls it took."""

    adaptations: dict[str, Adaptation]
    missing: dict[str, str]
    attempts: tuple[Attempt, ...] = ()


class PlaceTexts(BaseModel):
    """What the model wrote for one place."""

    model_config = ConfigDict(extra="forbid")

    place: str
    texts: list[str]


class SocialReply(BaseModel):
    """The agreed reply. The required `confidence` comes last, so that a reply that was cut and
    patched into valid JSON still shows that its end is missing."""

    model_config = ConfigDict(extra="ignore")

    adaptations: list[PlaceTexts]
    confidence: float = Field(ge=0, le=1)


SOCIAL_SCHEMA: Final = ReplySchema(name=CAPABILITY, json_schema=SocialReply.model_json_schema())


async def social(
    article: Article,
    places: Sequence[Place],
    *,
    model: Model,
    delimiter: str,
    limits: ModelLimits | None = None,
    tier: Tier = Tier.CAPABLE,
    prompt: PromptVersion | None = None,
    requested_cap: int | None = None,
) -> Adapted:
    """Return short texts about `article` for every one of `places`, by a single call of `model`.

    `delimiter` is 8 to 64 random letters and digits, fresh for this call; `limits` are the model's.
    `requested_cap` is an output cap in tokens that the caller insists on. About an article too long
    for one call it is asked part by part for notes first. A model that is away leaves every place
    without, and says so. Raises `ContentInvalid`
    before any call when `requested_cap` would cut the reply.
    """
    prompt = prompt or load_prompt(CAPABILITY, CURRENT_VERSION)
    limits = limits or ModelLimits()

    def planned(about: Article) -> ModelRequest:
        request = _request(about, places, prompt, tier=tier, delimiter=delimiter)
        # what all places may take together is the longest the reply can get
        budget = plan(
            system=request.system,
            user=request.user,
            message="x" * sum(place.characters * place.most for place in places),
            segments=len(places),
            limits=limits,
            requested_cap=requested_cap,
        )
        return replace(request, max_tokens=budget.max_tokens)

    spent: tuple[Attempt, ...] = ()
    try:
        request = planned(article)
    except ContentInvalid as error:
        if is_about_the_cap(error):
            raise
        scribe = Scribe(model=model, delimiter=derived(delimiter, 0), limits=limits, tier=tier)
        try:
            noted = await scribe.notes_on(article.material)
            spent = noted.attempts
            if isinstance(noted, Unanswered):
                return replace(_nothing(places, noted.because), attempts=spent)
            request = planned(article.told_by([reply.written for reply in noted.replies]))
        except ContentInvalid as too_long:
            because = f"the model was not asked: {too_long.message}"
            return replace(_nothing(places, because), attempts=spent)
    answer = await ask(
        model,
        request,
        read=_read,
        largest_cap=limits.output if requested_cap is None else requested_cap,
    )
    attempts = spent + answer.attempts
    match answer:
        case Unanswered(because=because):
            return replace(_nothing(places, because), attempts=attempts)
        case Answered(value=reply, completion=completion):
            return replace(_sorted_out(reply, places, completion), attempts=attempts)


def _request(
    article: Article,
    places: Sequence[Place],
    prompt: PromptVersion,
    *,
    tier: Tier,
    delimiter: str,
) -> ModelRequest:
    about = {"title": article.title, "language": article.language}
    records: list[dict[str, object]] = [{k: v for k, v in about.items() if v}]
    records += [
        {"section": number, "heading": heading, "text": text}
        for number, (heading, text) in enumerate(article.sections)
    ]
    kept = (token.text for token in extract(article.text, language=article.language).tokens)
    records.append({"keep": list(dict.fromkeys(kept))})
    wanted = [
        {
            "place": place.name,
            "kind": place.kind,
            "characters": place.characters,
            "texts": f"{place.least} to {place.most}" if place.most > 1 else "1",
        }
        for place in places
    ]
    shown = chosen(article.material, most=prompt.max_references, tokens=prompt.max_reference_tokens)
    passages = [reference_record(reference) for reference in shown.references]
    user = fill_places(
        prompt.user,
        {
            "delimiter": delimiter,
            "references": fence("references", passages, delimiter=delimiter),
            "places": json.dumps(wanted, ensure_ascii=False),
            "article": fence("article", records, delimiter=delimiter),
        },
    )
    return ModelRequest(
        capability=CAPABILITY,
        system=prompt.system,
        user=user,
        reply=SOCIAL_SCHEMA,
        max_tokens=1,
        temperature=prompt.temperature,
        prompt_version=version_of(prompt.name, shown),
        tier=tier,
        cache=True,
        delimiter=delimiter,
        passages=tuple(reference.id for reference in shown.references),
    )


def _read(completion: Completion) -> Reading[SocialReply]:
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        reply = SocialReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error
    # a short text leaves things out on purpose: nothing has to come back
    return Reading(value=reply, source="", text="")


def _sorted_out(reply: SocialReply, places: Sequence[Place], completion: Completion) -> Adapted:
    written = {entry.place: tuple(t.strip() for t in entry.texts) for entry in reply.adaptations}
    adaptations: dict[str, Adaptation] = {}
    missing: dict[str, str] = {}
    for place in places:
        texts = written.get(place.name, ())
        if problem := _problem(texts, place):
            missing[place.name] = f"what {completion.model} wrote was not used: {problem}"
            continue
        adaptations[place.name] = Adaptation(
            texts=texts,
            tier=completion.tier,
            model=completion.model,
            prompt_version=completion.prompt_version,
        )
    return Adapted(adaptations=adaptations, missing=missing)


def _problem(texts: tuple[str, ...], place: Place) -> str:
    if not texts or not all(texts):
        return "a text is missing"
    if not place.least <= len(texts) <= max(place.least, place.most):
        return f"{len(texts)} texts instead of {place.least} to {place.most}"
    too_long = next((text for text in texts if not place.holds(text)), None)
    if too_long is not None:
        return f"a text is too long: {too_long[:40]}…"
    broken = next((text for text in texts if not ends_closed(text)), None)
    return f"a text breaks off: …{broken[-40:]}" if broken is not None else ""


def _nothing(places: Sequence[Place], because: str) -> Adapted:
    return Adapted(adaptations={}, missing={place.name: because for place in places})
