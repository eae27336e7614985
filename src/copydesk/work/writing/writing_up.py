"""Writing a parsed message up: clean-up, context, the route, the text, and what the gate says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from copydesk.core.corrections import meant
from copydesk.core.ledger import extract
from copydesk.core.states import SubmissionState
from copydesk.core.submission import ParsedMessage, Segment, Submission
from copydesk.generation.material import AuthoredSegment, ContextMessage, Material
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.router import route
from copydesk.intake.cleanup import Cleaned
from copydesk.quality.checks import risk
from copydesk.quality.gate import GateResult, run_gate
from copydesk.quality.policy import Policy
from copydesk.work.desk import Desk
from copydesk.work.models.opening import routed_model
from copydesk.work.releases.placing import Placed, version_for
from copydesk.work.writing.adapting import adapt
from copydesk.work.writing.cleaning import clean_message
from copydesk.work.writing.consulting import consult
from copydesk.work.writing.drafting import Draft, content_of
from copydesk.work.writing.faithfulness import read_in_doubt
from copydesk.work.writing.gathering import gather
from copydesk.work.writing.ladder import climb
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.voting import settled


async def write_up(
    desk: Desk, submission: Submission, speller: Speller, *, placed: Placed | None = None
) -> Draft:
    """Return the parsed `submission` written up and judged; nothing is stored.

    With `placed` it is written up with that, for comparison only: no short texts are made of it.
    """
    only_compared = placed is not None
    placed = placed or await version_for(desk, submission)
    desk = placed.desk
    parsed = submission.parsed
    assert parsed is not None
    kept = [segment for segment in parsed.segments if segment.kept]
    source = "".join(parsed.text[s.start : s.end] for s in kept)
    typos = await speller.find(source) if parsed.language.startswith("en") else ()
    cleaned = await asyncio.to_thread(clean_message, parsed, kept, typos)
    model = routed_model(desk, submission.id)
    # rules look at the message alone
    context = await gather(desk, submission) if model is not None else ()
    material = material_of(parsed, cleaned, context)
    if model is not None:
        known = await consult(desk, f"{material.subject}\n{material.text}")
        material = replace(material, references=known.references, style=known.style)

    async def judge(rewrite: Rewrite) -> GateResult:
        gate = await asyncio.to_thread(
            ask_gate,
            parsed,
            material,
            rewrite,
            source=source,
            monotonic=desk.clock.monotonic,
            policy=desk.policy,
        )
        gate = await read_in_doubt(desk, rewrite, gate, source=source, subject=parsed.subject)
        return await settled(desk, submission, rewrite, gate, source=source)

    done = await climb(
        material,
        route(
            material,
            # spaces alone are no reason to ask a model
            edits=sum(edit.before.split() != edit.after.split() for edit in cleaned.edits),
            tiers=model.tiers if model else (),
            authors=_authors(kept),
        ),
        model=model,
        judge=judge,
        delimiter=lambda: f"{desk.random.getrandbits(128):032x}",
        prompt=placed.prompt,
    )
    draft = Draft(
        parsed=parsed,
        cleaned=cleaned,
        material=material,
        rewrite=done.rewrite,
        gate=done.gate,
        route=done.route,
        placed=placed,
    )
    if model is None or only_compared:
        return draft
    async with desk.store.read() as unit:
        accounts = [a for a in await unit.accounts.all(desk.workspace_id) if a.inbox]
    content = content_of(submission, draft)
    return replace(draft, adapted=await adapt(desk, content, accounts, submission_id=submission.id))


def unsaved(desk: Desk, parsed: ParsedMessage) -> Submission:
    """Return a parsed message as `write_up` takes it, without a row behind it."""
    return Submission(
        id="",
        workspace_id=desk.workspace_id,
        source=parsed.source,
        source_key="",
        filename="",
        raw_sha256="",
        size=len(parsed.text),
        state=SubmissionState.PARSED,
        received_at=desk.clock.now(),
        parsed=parsed,
    )


def _authors(kept: Sequence[Segment]) -> int:
    """Return how many people wrote what is kept, as far as the channel tells."""
    return max(1, len({segment.speaker for segment in kept if segment.speaker}))


def material_of(
    parsed: ParsedMessage, cleaned: Cleaned, context: tuple[ContextMessage, ...] = ()
) -> Material:
    """Return what is written up: the kept segments as clean-up left them, and what is around them.

    `context` is what was said before in the same thread, oldest first.
    """
    kept = [(number, segment) for number, segment in enumerate(parsed.segments) if segment.kept]
    texts = split_by_segment([segment.end - segment.start for _, segment in kept], cleaned)
    return Material(
        segments=tuple(
            AuthoredSegment(index=number, text=text, kind=segment.kind, speaker=segment.speaker)
            for (number, segment), text in zip(kept, texts, strict=True)
        ),
        subject=parsed.subject,
        language=parsed.language,
        participants=parsed.thread.participants,
        context=context,
        metadata=parsed.meta,
        protected=tuple(
            dict.fromkeys(
                token.text
                for token in meant(extract(cleaned.text, language=parsed.language)).tokens
            )
        ),
    )


def split_by_segment(lengths: list[int], cleaned: Cleaned) -> list[str]:
    """Return the cleaned text cut where the segments of these lengths met before clean-up.

    Joined, the parts are the cleaned text. An edit across a border belongs to the earlier part.
    """
    parts: list[str] = []
    position, shift, taken = 0, 0, 0
    edits = list(cleaned.edits)
    for length in lengths:
        position += length
        while edits and edits[0].start < position:
            edit = edits.pop(0)
            shift += len(edit.after) - len(edit.before)
        end = min(max(taken, position + shift), len(cleaned.text))
        parts.append(cleaned.text[taken:end])
        taken = end
    if parts:
        parts[-1] += cleaned.text[taken:]
    return parts


def ask_gate(
    parsed: ParsedMessage,
    material: Material,
    rewrite: Rewrite,
    *,
    source: str,
    monotonic: Callable[[], float],
    policy: Policy | None = None,
) -> GateResult:
    """Ask the gate about a rewrite of `source`, the author's own text before clean-up.

    `monotonic` returns seconds and only measures what the checks cost; `policy` is the standard one
    if not given.
    """
    # the gate counts the author's own segments from 0, the message counts all of them
    place = {segment.index: n for n, segment in enumerate(material.segments)}
    fates = [
        replace(
            fate,
            segment=place[fate.segment],
            into=None if fate.into is None else place.get(fate.into),
        )
        for fate in rewrite.fates
    ]
    subject, title = (
        extract(line, language=parsed.language) for line in (parsed.subject, rewrite.title)
    )
    return run_gate(
        source,
        rewrite.body,
        monotonic=monotonic,
        language=parsed.language,
        segments=[segment.text for segment in material.segments],
        fates=fates,
        omitted=rewrite.omitted,
        risk_input=risk.assess_both(subject, title).risk,
        support=parsed.subject,
        policy=policy,
    )
