"""One review: the text with its changes, each with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from copydesk.core.review import MOVING, SentTo, signatures_needed
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import QUOTED, Origin, RejectionReason, Suggestion, TextField
from copydesk.editorial.text import Piece
from copydesk.server.views.badges import Badge, badge, risk_badge
from copydesk.server.views.frame import Frame
from copydesk.server.views.piece import files_of, warnings_of
from copydesk.server.views.reviews import ASKED, overdue
from copydesk.work.reviews.approving import Standing
from copydesk.work.reviews.hinting import Hint
from copydesk.work.reviews.reviewing import Look


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the text: the `same`, `removed`, `added`, or `kept` against suggestion
    `number`."""

    kind: str
    text: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionLine:
    """One suggestion with what can be done about it.

    `inside` names the suggestion that stands over it, 0 where none does. `weighty` ones are not
    accepted with the whole.
    """

    number: int
    url: str
    undo_url: str
    badge: Badge
    field: str
    intent: str
    made_by: str
    before: str
    after: str
    quote_before: str
    quote_after: str
    evidence: tuple[str, ...]
    findings: tuple[str, ...]
    decided: str
    text: str
    version: int
    inside: int
    is_open: bool
    is_decided: bool
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HintLine:
    """A hint about style; `url` takes it, "" where there is no ready correction."""

    message: str
    before: str
    after: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A part of the message that is not in the text, and why."""

    kind: str
    why: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDesk:
    """One review with everything on it; the part of the page that a decision replaces."""

    url: str
    badge: Badge
    risk: Badge | None
    overdue: Badge | None
    kind: str
    late: str
    due_at: datetime | None
    holder: str
    is_mine: bool
    reasons: tuple[str, ...]
    note: str
    problem: str
    said: str
    title: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    written_by: str
    files: tuple[str, ...]
    warned: tuple[str, ...]
    own: str
    removed: tuple[Removed, ...]
    suggestions: tuple[SuggestionLine, ...]
    hints: tuple[HintLine, ...]
    decided_count: int
    objections: tuple[str, ...]
    undecided: tuple[int, ...]
    signed: tuple[str, ...]
    signatures_needed: int
    version: int
    body: str
    can_decide: bool
    can_send_back: bool
    waits_for: str
    can_answer: bool
    decided: str
    decided_at: datetime | None
    decision_reason: str
    codes: tuple[tuple[str, str], ...]
    sent_to: tuple[str, ...]
    accept_words: str
    reject_words: str
    post_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """The page of one review."""

    frame: Frame
    desk: ReviewDesk


def review_desk(
    look: Look,
    standing: Standing,
    now: datetime,
    person: str,
    *,
    hints: Sequence[Hint] = (),
    may_decide: bool,
    problem: str = "",
    said: str = "",
) -> ReviewDesk:
    """Return what one review shows to `person` at `now`; who may not decide sees no buttons."""
    review = look.review
    blind = review.is_blind
    base = f"/reviews/{review.id}"
    is_open = review.state is ReviewState.OPENED
    holder = review.holder(now)
    live = [s for s in look.suggestions if s.is_live]
    revision = look.revision
    return ReviewDesk(
        url=base,
        badge=badge(review.state),
        risk=None if blind else risk_badge(review.risk),
        overdue=overdue(review, now),
        kind=ASKED[review.kind],
        late="is announced and stays held" if review.kind in MOVING else "is announced",
        due_at=review.due_at if is_open else None,
        holder=holder,
        is_mine=holder == person and may_decide,
        reasons=() if blind else review.reasons,
        note=review.note,
        problem=problem,
        said=said,
        title=tuple(_marks(look.pieces(TextField.TITLE))),
        marks=tuple(_marks(look.pieces(TextField.BODY))),
        written_by=", ".join(p for p in (revision.tier, revision.model) if p),
        files=files_of(revision.content),
        warned=warnings_of(revision.content),
        own=look.own,
        removed=_removed(look),
        suggestions=tuple(_lines(look, base, blind=blind)),
        hints=tuple(_hint(hint, base) for hint in hints) if is_open else (),
        decided_count=sum(s.state is not SuggestionState.OPENED for s in live),
        objections=()
        if blind
        else tuple(_words(e.message, e.span) for _, e in standing.objections),
        undecided=() if review.kind not in MOVING else tuple(s.number for s in standing.undecided),
        signed=tuple(s.person for s in look.signatures),
        signatures_needed=1 if blind else signatures_needed(review.kind, review.risk),
        version=review.version,
        body=standing.text.body,
        can_decide=is_open and may_decide and holder in ("", person),
        can_send_back=is_open and review.kind in MOVING,
        waits_for=review.sent_to or "" if review.state is ReviewState.RETURNED else "",
        can_answer=review.state is ReviewState.RETURNED and may_decide,
        decided=review.decided_by,
        decided_at=review.decided_at,
        decision_reason=review.decision_reason,
        codes=tuple((code.value, code.value.replace("_", " ")) for code in RejectionReason),
        sent_to=tuple(SentTo),
        accept_words="Accept and publish" if review.kind in MOVING else "It is good",
        reject_words="Reject" if review.kind in MOVING else "It is bad",
        # its page shows what the checks said
        post_url="" if blind else f"/posts/{review.post_id}",
    )


# -- the text -------------------------------------------------------------------------------------


def _marks(pieces: Sequence[Piece]) -> Iterator[Mark]:
    for piece in pieces:
        suggestion = piece.suggestion
        if suggestion is None:
            yield Mark("same", piece.text, 0)
        elif not suggestion.stands:
            inside = [held.suggestion for held in piece.holds if held.suggestion]
            number = inside[0].number if inside and suggestion.origin is Origin.PERSON else 0
            yield Mark("kept", piece.text, number or suggestion.number)
        else:
            head, before, after, tail = _apart(piece.without, piece.text)
            if head:
                yield Mark("same", head, 0)
            # space that went is not worth a mark in the text; the list of suggestions shows it
            if before.strip():
                yield Mark("removed", before, suggestion.number)
            if after:
                kind = "added" if after.strip() else "same"
                yield Mark(kind, after, suggestion.number)
            if tail:
                yield Mark("same", tail, 0)


_TOKEN: Final = re.compile(r"\s+|\d+(?:[.,:/-]\d+)*|\w+|[^\w\s]")


def _apart(before: str, after: str) -> tuple[str, str, str, str]:
    """Return what two texts begin with, what differs, and what they end with, in whole words."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle, end = len(old) - tail, len(new) - tail
    parts = (old[:head], old[head:middle], new[head:end], old[middle:])
    first, gone, came, last = ("".join(part) for part in parts)
    return first, gone, came, last


def _visible(text: str) -> str:
    """Return a change of nothing but space so that a person sees it."""
    return text if text.strip() else text.replace(" ", "␣").replace("\n", "¶")


def _removed(look: Look) -> tuple[Removed, ...]:
    parsed = look.submission.parsed if look.submission else None
    if parsed is None:
        return ()
    return tuple(
        Removed(
            kind=segment.kind.value,
            why=segment.dropped_because,
            text=parsed.text[segment.start : segment.end],
        )
        for segment in parsed.segments
        if not segment.kept and parsed.text[segment.start : segment.end].strip()
    )


# -- the suggestions ------------------------------------------------------------------------------


def _lines(look: Look, base: str, *, blind: bool) -> Iterator[SuggestionLine]:
    inside = {
        held: outer
        for field in TextField
        for piece in look.pieces(field)
        for held, outer in _held(piece)
    }
    for suggestion in look.suggestions:
        if suggestion.state is SuggestionState.SUPERSEDED:
            continue
        yield SuggestionLine(
            number=suggestion.number,
            url=f"{base}/suggestions/{suggestion.number}",
            undo_url=f"{base}/suggestions/{suggestion.number}/undo",
            badge=badge(suggestion.state),
            field="" if suggestion.field is TextField.BODY else suggestion.field.value,
            intent="" if blind else suggestion.intent.value.replace("_", " "),
            made_by=_made_by(suggestion),
            before=_visible(suggestion.before),
            after=_visible(suggestion.text),
            quote_before=_last_line(suggestion.quote_before),
            quote_after=_first_line(suggestion.quote_after),
            evidence=() if blind else tuple(_words(e.message, e.span) for e in suggestion.evidence),
            findings=() if blind else tuple(_words(e.message, e.span) for e in suggestion.findings),
            decided=_decided(suggestion),
            text=suggestion.text,
            version=suggestion.version,
            inside=inside.get(suggestion.number, 0),
            is_open=suggestion.state is SuggestionState.OPENED,
            is_decided=suggestion.is_live and bool(suggestion.decided_by),
            is_live=suggestion.is_live,
        )


def _hint(hint: Hint, base: str) -> HintLine:
    return HintLine(
        message=hint.message,
        before=_visible(hint.before),
        after=_visible(hint.after or ""),
        url=f"{base}/hints/{hint.number}" if hint.after is not None else "",
    )


def _held(piece: Piece) -> Iterator[tuple[int, int]]:
    """Yield what waits inside a suggestion that stands, by number, with that one's number."""
    for inner in piece.holds:
        if inner.suggestion and piece.suggestion:
            if piece.suggestion.stands:
                yield inner.suggestion.number, piece.suggestion.number
            yield from _held(inner)


def _made_by(suggestion: Suggestion) -> str:
    match suggestion.origin:
        case Origin.RULE:
            return suggestion.origin_version
        case Origin.MODEL:
            return f"model {suggestion.origin_version}".strip()
        case Origin.PERSON:
            return suggestion.origin_version


def _decided(suggestion: Suggestion) -> str:
    if not suggestion.decided_by:
        return ""
    why = ": ".join(
        part for part in (suggestion.reason_code.replace("_", " "), suggestion.note) if part
    )
    return f"{suggestion.state} by {suggestion.decided_by}{f', {why}' if why else ''}"


def _last_line(quote: str) -> str:
    *above, line = quote.rsplit("\n", 1)
    cut, space, whole = line.partition(" ")
    return f"…{space}{whole}" if cut and space and not above and len(quote) == QUOTED else line


def _first_line(quote: str) -> str:
    line, *below = quote.split("\n", 1)
    whole, space, cut = line.rpartition(" ")
    return f"{whole}{space}…" if cut and space and not below and len(quote) == QUOTED else line


def _words(message: str, span: str) -> str:
    return f"{message}: {span}" if span else message
