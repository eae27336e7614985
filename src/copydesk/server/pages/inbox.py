"""The inbox, and taking a message in by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import RedirectResponse, Response

from copydesk.core.states import SubmissionState
from copydesk.core.submission import Source
from copydesk.server.asking import SIGNED_IN, Author, DeskNow, actor_of, check_own
from copydesk.server.pages.piece import show_piece
from copydesk.server.pages.trouble import find_trouble
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame, address, choices
from copydesk.server.views.inbox import InboxView, Lines, line_of
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

State = Annotated[SubmissionState | None, Query()]
Before = Annotated[str, Query(max_length=40)]
_SHOWN = 50


@router.get("/")
async def show_inbox(desk: DeskNow, state: State = None, before: Before = "") -> Response:
    """Show what came in, newest first."""
    lines, sequence = await _lines(desk, state, before)
    view = InboxView(
        frame=Frame(title="Inbox", section="Inbox"),
        trouble=await find_trouble(desk),
        live_url=f"/live?after={sequence}",
        choices=choices("/", [entry.value for entry in SubmissionState], state or ""),
        list=lines,
        sources=tuple(source.value for source in Source),
    )
    return render("pages/inbox.html", view)


@router.get("/inbox/lines")
async def show_lines(desk: DeskNow, state: State = None, before: Before = "") -> Response:
    """Show the list alone, for a refresh."""
    lines, _ = await _lines(desk, state, before)
    return render("partials/inbox_lines.html", lines)


@router.post("/submissions")
async def add_message(
    desk: DeskNow,
    asking: Author,
    file: Annotated[UploadFile, File()],
    source: Annotated[str, Form()] = "",
) -> Response:
    """Take in an uploaded message and show it."""
    submitted = await submit(
        desk,
        await file.read(),
        filename=file.filename or "",
        source=Source(source) if source else None,
        actor=actor_of(asking, "web"),
    )
    return RedirectResponse(f"/submissions/{submitted.submission.id}", 303)


@router.get("/submissions/{id}")
async def show_submission(
    id: str, desk: DeskNow, state: State = None, before: Before = ""
) -> Response:
    """Show a submission that is no piece yet, or the piece it became; of a file that held several
    messages those in a state, older than one of them."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(id)
    check_own(submission.workspace_id, desk, f"submission {id}")
    if submission.post_id and submission.state is not SubmissionState.UNPACKED:
        return RedirectResponse(f"/posts/{submission.post_id}", 303)
    return await show_piece(desk, None, submission, state=state, before=before)


@router.get("/submissions/{id}/raw")
async def download_raw(id: str, desk: DeskNow) -> Response:
    """Hand out the bytes exactly as they came in, as a file a browser does not open."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(id)
        check_own(submission.workspace_id, desk, f"submission {id}")
        data = await unit.submissions.raw(submission)
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{submission.id}.bin"'},
    )


async def _lines(desk: Desk, state: SubmissionState | None, before: str) -> tuple[Lines, int]:
    async with desk.store.read() as unit:
        rows = await unit.listings.inbox(
            desk.workspace_id, state=state, before=before, limit=_SHOWN + 1
        )
        sequence = await unit.events.newest()
    last = rows.next_after(_SHOWN, lambda row: row.id)
    lines = Lines(
        lines=tuple(line_of(row) for row in rows[:_SHOWN]),
        refresh_url=address("/inbox/lines", state=state or "", before=before),
        older_url=address("/", state=state or "", before=last) if last else "",
        filtered=bool(state or before),
    )
    return lines, sequence
