"""Replaying cases against versions: the live way of a message, with nothing kept but the books.

A case passes when everything expected of its text holds. Two versions are compared on the same
cases, by those on which they differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.errors import CopydeskError
from copydesk.core.ledger import extract
from copydesk.core.post import Tier
from copydesk.core.proportions import highest_share
from copydesk.core.release import NO_MODEL, Tally, Version
from copydesk.core.submission import ParsedMessage, Segment
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.intake.parsing import parse
from copydesk.quality.cases import Case, Property, Written, judge, says
from copydesk.quality.narratives import Narrative, score
from copydesk.releases.pairs import evidence_of_worse, mcnemar
from copydesk.work.desk import Desk
from copydesk.work.releases.placing import Placed, under
from copydesk.work.writing.drafting import Draft
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.writing_up import unsaved, write_up

#: A model line for a model that keeps every word: it shows that the way is open, at no cost.
SCRIPTED: Final = "scripted"
#: How many cases are under way at once.
TOGETHER: Final = 4
ALPHA: Final = 0.05

#: What is replayed: a case of the corpus, or a story with known facts.
Replayed = Case | Narrative


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What a version made of one case. `cost_usd` is None where a price is not known."""

    id: str
    because: str
    properties: tuple[Property, ...]
    text: str
    tier: Tier
    model: str
    prompt_version: str
    verdict: str
    cost_usd: float | None
    latency_ms: float

    @property
    def passed(self) -> bool:
        """Whether everything expected holds; a case without any expectation does not pass."""
        return bool(self.properties) and all(one.holds for one in self.properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a version made of all cases, in their order."""

    version: str
    results: tuple[CaseResult, ...]

    @property
    def passed(self) -> int:
        """Return how many cases passed."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> int:
        """Return how many did not."""
        return len(self.results) - self.passed

    @property
    def most_failing(self) -> float:
        """Return the one-sided 95 % Clopper-Pearson bound on the share of messages like these that
        fail."""
        return highest_share(self.failed, len(self.results))

    @property
    def cost_usd(self) -> float | None:
        """Return what it cost; None where the price of a call is not known."""
        costs = [result.cost_usd for result in self.results]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def failing(self, name: str) -> int:
        """Return how many cases lack the property `name`."""
        return sum(any(p.name == name and not p.holds for p in r.properties) for r in self.results)

    @property
    def properties(self) -> dict[str, tuple[int, int]]:
        """Return (holds, asked) by property, in the order they are first asked for."""
        found: dict[str, tuple[int, int]] = {}
        for result in self.results:
            for one in result.properties:
                held, asked = found.get(one.name, (0, 0))
                found[one.name] = (held + one.holds, asked + 1)
        return found

    def latency_ms(self, share: float) -> float:
        """Return the latency that `share` (0..1) of the cases stay within."""
        ordered = sorted(result.latency_ms for result in self.results)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions on the same cases: `tally.worse` only the second fails, `tally.better` only the
    first. `p_value` is McNemar's, for one look; `evidence` the e-value of "the second is worse",
    which may be looked at whenever cases were added."""

    first: Evaluation
    second: Evaluation
    tally: Tally
    p_value: float
    evidence: float

    @property
    def is_worse(self) -> bool:
        """Whether the second version is shown to be worse by either."""
        by_test = self.p_value < ALPHA and self.tally.worse > self.tally.better
        return by_test or self.is_proved

    @property
    def is_proved(self) -> bool:
        """Whether the evidence proves it, however often one looks."""
        return self.evidence >= 1 / ALPHA


async def evaluate(
    desk: Desk, version: Version, cases: Sequence[Replayed], *, name: str = ""
) -> Evaluation:
    """Write every case up under `version` and judge what comes out.

    Args:
        desk: an open project; calls to models stand in its books and are paid from its budget.
        version: prompt and model. Its model may be `none` for the rules, or `SCRIPTED`.
        cases: what is replayed.
        name: what the version is called in the result.

    Raises `ConfigError` when its model cannot be opened, `NotFound` without such a prompt.
    """
    placed = await _placed(desk, version)
    speller, room = Speller(), asyncio.Semaphore(TOGETHER)

    async def replay(case: Replayed) -> CaseResult:
        async with room:
            return await _replay(desk, placed, case, speller)

    results = await asyncio.gather(*(replay(case) for case in cases))
    return Evaluation(version=name, results=tuple(results))


def compare(first: Evaluation, second: Evaluation) -> Compared:
    """Return how the second version does beside the first, on the same cases."""
    tally = Tally()
    for old, new in zip(first.results, second.results, strict=True):
        match (old.passed, new.passed):
            case (True, False):
                tally += Tally(worse=1)
            case (False, True):
                tally += Tally(better=1)
            case (True, True):
                tally += Tally(neither=1)
            case _:
                tally += Tally(both=1)
    return Compared(
        first=first,
        second=second,
        tally=tally,
        p_value=mcnemar(tally),
        evidence=evidence_of_worse(tally),
    )


async def _placed(desk: Desk, version: Version) -> Placed:
    if version.model != SCRIPTED:
        return await under(desk, version)
    rules = await under(desk, replace(version, model=NO_MODEL, light_model=NO_MODEL))
    scripted = ScriptedModel(faithful_reply)
    return replace(rules, desk=replace(rules.desk, model=scripted, light_model=None))


async def _replay(desk: Desk, placed: Placed, case: Replayed, speller: Speller) -> CaseResult:
    began = desk.clock.monotonic()
    id = case.id if isinstance(case, Case) else f"story-{case.seed}"
    because = case.because if isinstance(case, Case) else f"{case.channel}, {case.language}"
    try:
        parsed = await asyncio.to_thread(_message, case)
        draft = await write_up(desk, unsaved(desk, parsed), speller, placed=placed)
    except CopydeskError as error:
        failed = Property(name="answered", detail=str(error))
        return CaseResult(
            id=id,
            because=because,
            properties=(failed,),
            text="",
            tier=Tier.RULES,
            model="",
            prompt_version="",
            verdict="",
            cost_usd=0.0,
            latency_ms=(desk.clock.monotonic() - began) * 1000,
        )
    latency = (desk.clock.monotonic() - began) * 1000
    rewrite = draft.rewrite
    return CaseResult(
        id=id,
        because=because,
        properties=await asyncio.to_thread(_judged, desk, case, parsed, draft),
        text=rewrite.body,
        tier=rewrite.tier,
        model=rewrite.model,
        prompt_version=rewrite.prompt_version,
        verdict=draft.gate.verdict,
        cost_usd=rewrite.cost_usd,
        latency_ms=latency,
    )


def _message(case: Replayed) -> ParsedMessage:
    if isinstance(case, Narrative):
        return parse(case.raw, filename=case.filename, source=case.channel)
    segments: list[Segment] = []
    position = 0
    for part in case.segments:
        end = position + len(part.text)
        segments.append(
            Segment(kind=part.kind, start=position, end=end, rule="case", speaker=part.speaker)
        )
        position = end
    return ParsedMessage(
        source=case.channel,
        text=case.text,
        segments=tuple(segments),
        subject=case.subject,
        language=case.language,
    )


def _judged(
    desk: Desk, case: Replayed, parsed: ParsedMessage, draft: Draft
) -> tuple[Property, ...]:
    rewrite = draft.rewrite
    if isinstance(case, Case):
        written = Written(
            text=rewrite.body,
            title=rewrite.title,
            omitted=rewrite.omitted,
            open_questions=rewrite.open_questions,
            verdict=draft.gate.verdict,
            degraded_because=rewrite.degraded_because,
        )
        return judge(case, written, monotonic=desk.clock.monotonic)
    return tuple(_of_story(case, parsed, draft))


def _of_story(story: Narrative, parsed: ParsedMessage, draft: Draft) -> Iterable[Property]:
    rewrite = draft.rewrite
    yield Property(name="answered", detail=rewrite.degraded_because)
    heard = score(story, f"{parsed.subject}\n\n{parsed.reply}")
    yield Property(name="read_whole", detail=_listed("lost", [fact.text for fact in heard.lost]))
    foreign = [line for line in story.foreign if line in parsed.reply]
    yield Property(name="only_own_words", detail=_listed("took for the author's", foreign))
    told = score(story, f"{rewrite.title}\n\n{rewrite.body}")
    yield Property(name="facts_kept", detail=_listed("lost", [fact.text for fact in told.lost]))
    # what stands in a quoted message was taken for the author's, not made up
    message = extract(parsed.text, language=story.language)
    invented = [text for text in told.invented if not says(text, message)]
    yield Property(name="nothing_invented", detail=_listed("made up", invented))


def _listed(words: str, found: Sequence[str]) -> str:
    return f"{words}: {', '.join(found[:5])}" if found else ""
