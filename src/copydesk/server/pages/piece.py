"""One piece with its history."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import Response

from copydesk.core.post import Post
from copydesk.core.states import PostState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.server.asking import SIGNED_IN, DeskNow, check_own
from copydesk.server.rendering import render, utc
from copydesk.server.views.badges import badge
from copydesk.server.views.deliveries import line_of, moment_of
from copydesk.server.views.frame import Frame
from copydesk.server.views.inbox import Parts, parts_of
from copydesk.server.views.piece import (
    TILES_SHOWN,
    Onward,
    PieceView,
    check_of,
    raw_of,
    review_box,
    shape_of,
    tiles_of,
    writing_of,
)
from copydesk.store import UnitOfWork
from copydesk.store.listings import DeliveryLine
from copydesk.work.desk import Desk

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

#: How many deliveries of one piece its page shows; the page says when there are more.
_SHOWN = 100
#: How many of the messages a file held one page of it shows.
_PARTS_SHOWN = 50
_NO_DELIVERIES = {
    PostState.HELD: "They are planned once the review above is accepted.",
    PostState.REJECTED: "A rejected piece goes nowhere.",
    PostState.APPROVED: "They are being planned.",
}


@router.get("/posts/{id}")
async def show_post(id: str, desk: DeskNow) -> Response:
    """Show a piece from its raw bytes to its deliveries."""
    async with desk.store.read() as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        submission = await unit.submissions.get(post.submission_id) if post.submission_id else None
    return await show_piece(desk, post, submission)


@router.get("/posts/{id}/deliveries")
async def show_onward(id: str, desk: DeskNow) -> Response:
    """Show the deliveries of a piece alone, for a refresh."""
    async with desk.store.read() as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        rows = await unit.listings.deliveries_of(id, _SHOWN + 1)
    return render("partials/onward.html", _onward(post, rows))


async def show_piece(
    desk: Desk,
    post: Post | None,
    submission: Submission | None,
    *,
    state: SubmissionState | None = None,
    before: str = "",
) -> Response:
    """Show whatever there is of a piece; one of post and submission is given.

    `state` and `before` narrow the list of what a file held.
    """
    async with desk.store.read() as unit:
        parts = await _parts(unit, submission, state, before) if submission else None
        view = await _piece(unit, post, submission, parts)
    return render("pages/piece.html", view)


async def _parts(
    unit: UnitOfWork, file: Submission, state: SubmissionState | None, before: str
) -> Parts | None:
    if file.state is not SubmissionState.UNPACKED:
        return None
    counts = await unit.submissions.counts_of_parts(file.id)
    rows = await unit.listings.inbox(
        file.workspace_id, state=state, parent=file.id, before=before, limit=_PARTS_SHOWN + 1
    )
    return parts_of(f"/submissions/{file.id}", counts, rows, state or "", _PARTS_SHOWN)


def _links(submission: Submission | None, parent: Submission | None) -> Iterator[tuple[str, str]]:
    """Yield where a piece comes from and what belongs to it, as (words, address)."""
    if parent is not None:
        name = parent.filename or parent.id
        yield f"One of several messages in {name}", f"/submissions/{parent.id}"
    turns = submission.parsed.thread.turns if submission and submission.parsed else ()
    if submission is None or not turns:
        return
    doubtful = sum(turn.doubtful for turn in turns)
    words = f", {doubtful} of them doubtful" if doubtful else ""
    yield (
        f"Who answers whom: {len(turns)} messages{words}",
        f"/submissions/{submission.id}/conversation",
    )


async def _piece(
    unit: UnitOfWork, post: Post | None, submission: Submission | None, parts: Parts | None
) -> PieceView:
    subjects = [thing.id for thing in (submission, post) if thing]
    calls = await unit.model_calls.of_submission(submission.id) if submission else []
    revision = await unit.posts.revision(post.revision_id) if post else None
    rows = await unit.listings.deliveries_of(post.id, _SHOWN + 1) if post else []
    renditions = await unit.deliveries.renditions([row.delivery.rendition_id for row in rows])
    review = await unit.reviews.newest_of(post.id) if post else None
    if review:
        subjects.append(review.id)
    parsed = submission.parsed if submission else None
    parent_id = submission.parent_id if submission else None
    parent = await unit.submissions.get(parent_id) if parent_id else None
    title = revision.content.title if revision else parsed.subject if parsed else ""
    state = post.state if post else submission.state if submission else PostState.DRAFTED
    sequence = await unit.events.newest()
    return PieceView(
        frame=Frame(title=title or _name(submission), section="Inbox"),
        live_url=f"/live?after={sequence}",
        badge=badge(state),
        facts=_facts(post, submission),
        links=tuple(_links(submission, parent)),
        notes=_notes(submission),
        problem=_problem(submission),
        parts=parts,
        raw=raw_of(submission, await unit.submissions.raw(submission)) if submission else None,
        tiles=tiles_of(submission, revision.fates if revision else ()) if submission else (),
        tiles_hidden=max(0, len(parsed.segments) - TILES_SHOWN) if parsed else 0,
        writing=writing_of(revision, submission, calls) if revision else None,
        checks=tuple(check_of(c) for c in await unit.posts.checks(revision.id)) if revision else (),
        review=review_box(review) if review else None,
        shapes=tuple(
            shape_of(f"{row.platform}: {row.account}", renditions[row.delivery.rendition_id][0])
            for row in rows[:_SHOWN]
        ),
        onward=_onward(post, rows) if post else None,
        moments=tuple(moment_of(event) for event in await unit.events.history(subjects)),
    )


def _name(submission: Submission | None) -> str:
    is_file = submission is not None and submission.state is SubmissionState.UNPACKED
    return submission.filename if submission and is_file and submission.filename else "(no subject)"


def _facts(post: Post | None, submission: Submission | None) -> tuple[tuple[str, str], ...]:
    parsed = submission.parsed if submission else None
    facts = {
        "Source": submission.source.value if submission and submission.source else "",
        "From": f"{parsed.author} {parsed.author_address}".strip() if parsed else "",
        "Subject": parsed.subject if parsed else "",
        "Sent": utc(parsed.sent_at) if parsed and parsed.sent_at else "",
        "Received": utc(submission.received_at) if submission else "",
        "Language": parsed.language if parsed else "",
        "Thread": submission.thread_id or "" if submission else "",
        "Submission": submission.id if submission else "",
        "Piece": post.id if post else "",
        "Key": post.source_key if post and not submission else "",
        "Published": utc(post.published_at) if post and post.published_at else "",
    }
    return tuple((name, value) for name, value in facts.items() if value)


def _notes(submission: Submission | None) -> tuple[str, ...]:
    if submission is None:
        return ()
    if submission.state in {SubmissionState.UNPACKED, SubmissionState.REPLACED}:
        return (submission.reason,)  # how many messages a file held, or why this one is none
    return submission.parsed.notes if submission.parsed else ()


def _problem(submission: Submission | None) -> str:
    if submission is None or not submission.problem:
        return ""
    return ": ".join(part for part in (submission.problem, submission.reason) if part)


def _onward(post: Post, rows: list[DeliveryLine]) -> Onward:
    return Onward(
        refresh_url=f"/posts/{post.id}/deliveries",
        lines=tuple(line_of(row) for row in rows[:_SHOWN]),
        more=len(rows) > _SHOWN,
        take_down_url=f"/posts/{post.id}/unpublish",
        waits_for=_NO_DELIVERIES.get(post.state, "There are none: no account takes this piece."),
    )
