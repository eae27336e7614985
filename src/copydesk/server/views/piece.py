"""One piece with its history on a page: raw, segments, edits, checks, renditions, deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from copydesk.core.checks import CheckResult
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.model_call import CallOutcome
from copydesk.core.post import Content, Fate, Revision
from copydesk.core.submission import Submission
from copydesk.server.views.badges import Badge, badge, risk_badge
from copydesk.server.views.changes import Change, changes
from copydesk.server.views.deliveries import Line, Moment
from copydesk.server.views.frame import Frame
from copydesk.server.views.inbox import Parts
from copydesk.store.reviews import Review

#: How much a page shows: bytes of the raw input, characters of a segment and of a text, segments.
#: The rest is a download away, and the page says how much it is.
RAW_SHOWN = 20_000
TILE_SHOWN = 20_000
TEXT_SHOWN = 200_000
TILES_SHOWN = 500
#: Above this many findings a check's evidence is folded.
EVIDENCE_OPEN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The bytes as they came in, shown as text. `hidden` counts the bytes not shown."""

    text: str
    size: int
    hidden: int
    sha256: str
    filename: str
    download_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One segment: `dropped` is why it is not part of the author's message, `fate` what a rewrite
    did with it. `hidden` counts the characters not shown."""

    kind: str
    text: str
    hidden: int
    dropped: str
    rule: str
    speaker: str
    fate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One model call with its cost; `rejected` says why its reply was not used."""

    capability: str
    model: str
    prompt: str
    spent: str
    rejected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLine:
    """One change with the rule that made it."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The text of the current revision and how it came about."""

    number: int
    by: str
    route: str
    degraded_because: str
    body: str
    body_hidden: int
    media: tuple[str, ...]
    warned: tuple[str, ...]
    changes: tuple[Change, ...]
    edits: tuple[EditLine, ...]
    omitted: tuple[str, ...]
    open_questions: tuple[str, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check said, with its evidence as (message, quoted span, how often).

    `folded` is set when there is so much of it that it would bury the rest of the page.
    """

    badge: Badge
    name: str
    evidence: tuple[tuple[str, str, int], ...]
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewBox:
    """The question to a person, and the answer once there is one."""

    badge: Badge
    risk: Badge
    reasons: tuple[str, ...]
    opened_at: datetime
    waits: bool
    url: str
    decided: str
    decided_at: datetime | None
    decision_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One rendition with what it could not carry over."""

    account: str
    recipient: str
    text: str
    losses: tuple[Loss, ...]
    media: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """The deliveries of a piece; the part of the page that refreshes."""

    refresh_url: str
    lines: tuple[Line, ...]
    more: bool
    waits_for: str
    take_down_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceView:
    """The page of one piece. Parts it does not have (yet) are None or empty."""

    frame: Frame
    live_url: str
    badge: Badge
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    problem: str
    parts: Parts | None
    raw: Raw | None
    tiles: tuple[Tile, ...]
    tiles_hidden: int
    writing: Writing | None
    checks: tuple[Check, ...]
    review: ReviewBox | None
    shapes: tuple[Shape, ...]
    onward: Onward | None
    moments: tuple[Moment, ...]


def raw_of(submission: Submission, data: bytes) -> Raw:
    """Return the beginning of the bytes as text; what is no UTF-8 shows as escapes."""
    shown = data[:RAW_SHOWN]
    return Raw(
        # the cut may go through a character, which is no fault of the input
        text=shown.decode("utf-8", errors="backslashreplace"),
        size=len(data),
        hidden=len(data) - len(shown),
        sha256=submission.raw_sha256,
        filename=submission.filename,
        download_url=f"/submissions/{submission.id}/raw",
    )


def tiles_of(submission: Submission, fates: Sequence[Fate]) -> tuple[Tile, ...]:
    """Return the segments in order, at most `TILES_SHOWN`; they tile the decoded text."""
    if submission.parsed is None:
        return ()
    by_segment = {fate.segment: fate for fate in fates}
    return tuple(
        Tile(
            kind=segment.kind.value,
            text=submission.parsed.text[
                segment.start : min(segment.end, segment.start + TILE_SHOWN)
            ],
            hidden=max(0, segment.end - segment.start - TILE_SHOWN),
            dropped=segment.dropped_because,
            rule=f"{segment.rule} v{segment.rule_version}, {segment.confidence:.0%} sure",
            speaker=segment.speaker,
            fate=_fate(by_segment.get(position)),
        )
        for position, segment in enumerate(submission.parsed.segments[:TILES_SHOWN])
    )


def _fate(fate: Fate | None) -> str:
    if fate is None or fate.fate == "kept":
        return ""
    into = f" into segment {fate.into + 1}" if fate.into is not None else ""
    return f"{fate.fate}{into}{': ' if fate.reason else ''}{fate.reason}"


def files_of(content: Content) -> tuple[str, ...]:
    """Return the files that go out with a content, each with its kind."""
    return tuple(f"{media.name} ({media.content_type})" for media in content.media)


def warnings_of(content: Content) -> tuple[str, ...]:
    """Return what a person should know about the files of a content before they go out."""
    return tuple(
        f"{media.name}: {finding.message}. {finding.remedy}"
        for media in content.media
        for finding in media.findings
    )


def writing_of(
    revision: Revision, submission: Submission | None, calls: Sequence[Mapping[str, Any]]
) -> Writing:
    """Return how the current text came about."""
    content = revision.content
    reply = submission.parsed.reply if submission and submission.parsed else ""
    comparable = reply and reply != content.body and max(len(reply), len(content.body)) < TEXT_SHOWN
    made_by = [revision.tier.value, revision.model, revision.prompt_version]
    return Writing(
        number=revision.number,
        by=", ".join(part for part in made_by if part),
        route=revision.route,
        degraded_because=revision.degraded_because,
        body=content.body[:TEXT_SHOWN],
        body_hidden=max(0, len(content.body) - TEXT_SHOWN),
        media=files_of(content),
        warned=warnings_of(content),
        changes=changes(reply, content.body) if comparable else (),
        edits=tuple(
            EditLine(rule=edit.rule, before=edit.before, after=edit.after)
            for edit in revision.edits
        ),
        omitted=revision.omitted,
        open_questions=revision.open_questions,
        calls=tuple(
            Call(
                capability=f"{call['capability']} ({call['tier']})",
                model=call["model"] or call["provider"],
                prompt=call["prompt_version"],
                spent=_spent(call),
                rejected=call["rejected_because"],
            )
            for call in calls
        ),
    )


def _spent(call: Mapping[str, Any]) -> str:
    if call["outcome"] == CallOutcome.REMEMBERED:
        return "nothing: answered as before"
    if call["outcome"] == CallOutcome.ASKED:
        return "under way, or lost with its process"
    tokens = f"{call['input_tokens'] or 0} + {call['output_tokens'] or 0} tokens"
    if call["cached_tokens"]:
        tokens += f" ({call['cached_tokens']} of them kept by the server)"
    cost = "price not known" if call["cost_usd"] is None else f"${call['cost_usd']:.4f}"
    return f"{tokens}, {cost}, {call['latency_ms']:.0f} ms"


def check_of(result: CheckResult) -> Check:
    """Return one stored check."""
    found = Counter((entry.message, entry.span) for entry in result.evidence)
    return Check(
        badge=badge(result.verdict),
        name=f"{result.check} v{result.version}",
        evidence=tuple((message, span, count) for (message, span), count in found.items()),
        folded=len(found) > EVIDENCE_OPEN,
    )


def review_box(review: Review) -> ReviewBox:
    """Return the newest question about a piece."""
    return ReviewBox(
        badge=badge(review.state),
        risk=risk_badge(review.risk),
        reasons=review.reasons,
        opened_at=review.opened_at,
        waits=review.decided_at is None,
        url=f"/reviews/{review.id}",
        decided=review.decided_by,
        decided_at=review.decided_at,
        decision_reason=review.decision_reason,
    )


def shape_of(account: str, rendition: Rendition) -> Shape:
    """Return one rendition."""
    return Shape(
        account=account,
        recipient=rendition.recipient,
        text=rendition.text,
        losses=rendition.losses,
        media=tuple(media.name for media in rendition.media),
    )
