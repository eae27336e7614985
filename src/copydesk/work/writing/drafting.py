"""From a written-up message to a post's rows: content, media, evidence, and who decides."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from copydesk.core.post import Content, Media, ReplyTarget, Tier
from copydesk.core.states import PostState, SubmissionState
from copydesk.core.submission import ParsedMessage, SegmentKind, Source, Submission
from copydesk.editorial.auditing import replace_text, sample
from copydesk.generation.material import Material
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.router import Route
from copydesk.intake.cleanup import Cleaned
from copydesk.quality.gate import GateResult
from copydesk.store import UnitOfWork
from copydesk.transformation.images import image_size
from copydesk.transformation.metadata import file_findings
from copydesk.transformation.plain import plain_to_markdown
from copydesk.transformation.slugs import slugify
from copydesk.work.drift.observing import observe
from copydesk.work.releases.placing import Placed, shadow_live
from copydesk.work.writing.adapting import Adapting
from copydesk.work.writing.holding import judge_hold
from copydesk.work.writing.reworking import Verdict, answer_question, may_rework

_log = structlog.get_logger(__name__)

#: Sources whose author is public.
_SIGNED = frozenset({Source.COMMUNITY, Source.FEED})

#: Kinds of files that can stand in a post.
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A written-up message on its way to a post. `placed` is what it was written up with."""

    parsed: ParsedMessage
    cleaned: Cleaned
    material: Material
    rewrite: Rewrite
    gate: GateResult
    route: Route
    adapted: Adapting = field(default_factory=Adapting)
    placed: Placed | None = None


async def store_draft(unit: UnitOfWork, submission: Submission, draft: Draft) -> None:
    """Make the post with its first revision and evidence; approve it, or hold it for a person."""
    rewrite = draft.rewrite
    before = await unit.posts.get(submission.post_id) if submission.post_id else None
    if before is not None and (verdict := await may_rework(unit, before)) is not Verdict.QUEUED:
        reason = f"written up again for nothing: {verdict.words}"
        await unit.submissions.move(submission, SubmissionState.COMPOSED, reason=reason)
        return
    media = await _media(unit, submission)
    content = replace(content_of(submission, draft, media), adaptations=draft.adapted.adaptations)
    made = {
        "prompt_version": rewrite.prompt_version,
        "model": rewrite.model,
        "edits": draft.cleaned.edits,
        "fates": rewrite.fates,
        "omitted": rewrite.omitted,
        "open_questions": rewrite.open_questions,
        "route": str(draft.route),
        "degraded_because": rewrite.degraded_because,
    }
    if before is not None:
        revision = await unit.posts.revise(before, content, rewrite.tier, **made)
        post = await unit.posts.get(before.id)
    else:
        post, revision = await unit.posts.add(
            workspace_id=submission.workspace_id,
            source_key=f"submission:{submission.id}",
            submission_id=submission.id,
            content=content,
            tier=rewrite.tier,
            **made,
        )
    checks = (*draft.gate.checks, *draft.adapted.checks)
    await unit.posts.store_checks(post.id, revision.id, checks, draft.gate.risk)
    await unit.submissions.move(
        submission, SubmissionState.COMPOSED, reason=str(draft.route), post_id=post.id
    )
    if before is not None:
        hold = await judge_hold(unit, submission, draft)
        await replace_text(unit, post.id, f"written up again: revision {revision.number}")
        await answer_question(unit, post, draft.gate.risk, hold.reasons)
        if not hold.objections:
            await sample(unit, post, revision, hold.cls, goes_out=not hold.rules)
        _log.info("reworked", submission=submission.id, post=post.id, held=bool(hold.reasons))
        return
    await observe(unit, submission, draft)
    if draft.placed and draft.placed.release:
        await shadow_live(unit, draft.placed.release, submission)
    hold = await judge_hold(unit, submission, draft)
    if hold.reasons:
        await unit.posts.move(post, PostState.HELD, reason="; ".join(hold.reasons))
        await unit.reviews.open(
            post.workspace_id, post.id, revision.id, draft.gate.risk, hold.reasons
        )
    else:
        reason = f"passed the gate, {draft.gate.risk} risk"
        await unit.posts.move(post, PostState.APPROVED, reason=reason, wake_at=unit.now)
    if not hold.objections:
        await sample(unit, post, revision, hold.cls, goes_out=not hold.rules)
    _log.info("composed", submission=submission.id, post=post.id, held=bool(hold.reasons))


class Written(Protocol):
    """What a content is made of: a parsed message and how it was written up."""

    @property
    def parsed(self) -> ParsedMessage:
        """Return the message."""
        ...

    @property
    def material(self) -> Material:
        """Return what was written up."""
        ...

    @property
    def rewrite(self) -> Rewrite:
        """Return the text."""
        ...


def content_of(submission: Submission, draft: Written, media: tuple[Media, ...] = ()) -> Content:
    """Return what a draft says as a post's content, with the pictures that came with it."""
    rewrite, parsed = draft.rewrite, draft.parsed
    body = _with_pictures(_body(draft), media)
    # the id's tail keeps slugs apart: messages share their subjects
    slug = f"{slugify(rewrite.title, 'message')[:60].strip('-')}-{submission.id[-6:]}"
    return Content(
        title=rewrite.title,
        body=body,
        slug=slug,
        summary=rewrite.summary,
        tags=rewrite.tags,
        language=parsed.language,
        # only these are signed in public already; a customer's name stays inside
        authors=(parsed.author,) if parsed.author and parsed.source in _SIGNED else (),
        media=media,
        reply_to=_reply_to(parsed),
    )


def _body(draft: Written) -> str:
    body = draft.rewrite.body
    if draft.rewrite.tier is not Tier.RULES:
        return body
    match draft.parsed.source:
        case Source.CHAT:
            return _conversation(draft)
        case Source.COMMUNITY | Source.FEED:
            # pages show the title themselves
            heading, _, rest = body.partition("\n")
            repeated = heading.startswith("#") and heading.strip("# ") == draft.rewrite.title
            return rest.strip("\n") if repeated and rest.strip() else body
        case _:
            return plain_to_markdown(body)


def _conversation(draft: Written) -> str:
    """Return a chat as one paragraph a message, each signed once per turn."""
    paragraphs: list[str] = []
    speaking, code = "", False
    for segment in draft.material.segments:
        is_code = segment.kind is SegmentKind.CODE
        if is_code and code:
            paragraphs[-1] += f"\n{segment.text.strip(chr(10))}"
            continue
        code = is_code
        text = segment.text.strip("\n") if is_code else plain_to_markdown(segment.text.strip())
        speaker = draft.parsed.segments[segment.index].speaker
        if text and speaker and speaker != speaking:
            gap = "\n\n" if is_code else " "
            text = f"**{_escaped(speaker)}:**{gap}{text}"
            speaking = speaker
        if text:
            paragraphs.append(text)
    return "\n\n".join(paragraphs)


def _with_pictures(body: str, media: Sequence[Media]) -> str:
    """Put each picture where the plain text of the mail program says it was, else at the end."""
    for picture in media:
        if picture.content_type not in _IMAGES or f"({picture.name})" in body:
            continue
        image = f"![{_escaped(picture.alt)}]({picture.name})"
        # Gmail and others write "[image: NAME]", Outlook "[cid:NAME@…]" (seen 2026-11-21)
        place = re.compile(rf"\[(?:image|cid): ?{re.escape(picture.alt)}[^\]\n]*\]", re.IGNORECASE)
        found = place.search(body)
        if found:
            body = f"{body[: found.start()]}{image}{body[found.end() :]}"
        else:
            body = f"{body}\n\n{image}"
    return body


def _escaped(alt: str) -> str:
    return alt.replace("\\", "").replace("[", "(").replace("]", ")")


def _reply_to(parsed: ParsedMessage) -> ReplyTarget | None:
    if parsed.source is not Source.EMAIL or not parsed.author_address:
        return None
    return ReplyTarget(
        message_id=parsed.thread.message_id,
        references=parsed.thread.references,
        address=parsed.author_address,
        subject=parsed.subject,
    )


async def _media(unit: UnitOfWork, submission: Submission) -> tuple[Media, ...]:
    media: list[Media] = []
    names: set[str] = set()
    for number, attachment in enumerate(await unit.submissions.attachments(submission), start=1):
        name = _file_name(attachment.filename, number)
        if name in names:
            name = f"{number}-{name}"
        names.add(name)
        kind, data = attachment.content_type, attachment.data
        width, height = image_size(data)
        media.append(
            Media(
                name=name,
                content_type=kind,
                sha256=await unit.workspaces.keep(data),
                size=len(data),
                alt=attachment.filename,
                width=width,
                height=height,
                findings=await asyncio.to_thread(file_findings, name, kind, data),
            )
        )
    return tuple(media)


def _file_name(given: str, number: int) -> str:
    stem, dot, ending = given.rpartition(".")
    if not stem:
        return slugify(given, f"file-{number}")
    return f"{slugify(stem, f'file-{number}')}{dot}{slugify(ending, 'bin')}"
