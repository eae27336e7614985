"""`/v1/submissions`: raw input in, and what parsing made of it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from copydesk.core.states import PostState, SubmissionState
from copydesk.core.submission import SegmentKind, Source, Submission
from copydesk.server.api.contract import (
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    make_router,
    page_of,
)
from copydesk.server.asking import Author, DeskNow, actor_of, check_own
from copydesk.store.listings import InboxLine
from copydesk.work.incoming.regrouping import Said, said_in
from copydesk.work.incoming.submitting import submit

router = make_router("submissions")

M = TypeVar("M", bound=BaseModel)


class SubmissionIn(BaseModel):
    """A message as text, for senders that have no file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Subject: Opening hours\n\nDo you open on Sunday?",
                    "source": "form",
                    "source_key": "contact-form-2217",
                    "filename": "2217.txt",
                }
            ]
        },
    )

    text: str = Field(min_length=1, description="the message, kept as UTF-8 bytes")
    source: Source | None = Field(None, description="the channel; found out when left away")
    source_key: str = Field("", max_length=500, description="the channel's own id of the message")
    filename: str = Field("", max_length=255)


class SubmissionLine(BaseModel):
    """A submission in a list."""

    id: str = Field(examples=["sub_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: SubmissionState
    source: Source | None
    filename: str
    size: int = Field(description="bytes")
    received_at: datetime
    subject: str
    author: str
    language: str
    problem: str = Field(description="why it was refused, as a code; empty when it was not")
    reason: str
    post_id: str | None
    post_state: PostState | None
    parent_id: str | None = Field(description="the file it was unpacked from, if any")


class SegmentOut(BaseModel):
    """One tile of the decoded text, `[start, end)` in code points."""

    kind: SegmentKind
    start: int
    end: int
    rule: str
    rule_version: int
    confidence: float
    dropped_because: str = Field(description="empty for the author's own words")
    speaker: str


class TurnOut(BaseModel):
    """One message of a chat, `[start, end)` in code points, with what it answers."""

    id: str = Field(description="the channel's own, or made of its words")
    start: int
    end: int
    line: int
    speaker: str
    at: datetime | None = Field(description="null where the log names no zone")
    answers: str = Field(description="the id of the message it answers; empty: it begins")
    confidence: float = Field(description="how sure that link is, 0..1")
    doubtful: bool = Field(description="whether a person should look at the link")
    why: str = Field(description="what the link rests on")
    conversation: int | None = Field(description="null for what no person said")


class SubmissionOut(BaseModel):
    """A submission with everything parsing found."""

    id: str = Field(examples=["sub_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: SubmissionState
    source: Source | None
    source_key: str
    filename: str
    raw_sha256: str
    size: int = Field(description="bytes")
    received_at: datetime
    thread_id: str | None
    post_id: str | None
    parent_id: str | None = Field(description="the file it was unpacked from, if any")
    parts: dict[SubmissionState, int] = Field(
        description="of a file that held several messages: how many of them stand in each state"
    )
    problem: str
    reason: str
    text: str | None = Field(description="the decoded text that the segments tile")
    subject: str
    author: str
    author_address: str
    sent_at: datetime | None
    language: str
    notes: list[str]
    segments: list[SegmentOut]
    turns: list[TurnOut] = Field(description="the messages of a chat; empty for anything else")


class SubmittedOut(BaseModel):
    """The submission a POST ended in, and whether it is a new one."""

    submission: SubmissionOut
    is_new: bool


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A file as multipart/form-data (field `file`, with `source` and "
        "`source_key`), JSON with the text, or the raw bytes under any other content type (with "
        "`source`, `source_key` and `filename` in the query). At most 60 MiB.",
        "content": {
            "application/json": {"schema": SubmissionIn.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "source": {"type": "string", "enum": [source.value for source in Source]},
                        "source_key": {"type": "string"},
                    },
                }
            },
            "message/rfc822": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "",
    status_code=201,
    responses={**CONFLICT, 200: {"model": SubmittedOut, "description": "It was here already"}},
    dependencies=REPEATABLE,
    openapi_extra=_BODY,
)
async def add_submission(
    request: Request,
    response: Response,
    desk: DeskNow,
    asking: Author,
    source: Annotated[Source | None, Query(description="for raw bytes: the channel")] = None,
    source_key: Annotated[str, Query(max_length=500)] = "",
    filename: Annotated[str, Query(max_length=255)] = "",
) -> SubmittedOut:
    """Take a message in. 201 for a new one, 200 for one that was here already.

    The same `source_key`, Message-ID or content is the same message.
    """
    raw, described = await _read_body(request)
    submitted = await submit(
        desk,
        raw,
        filename=described.filename or filename,
        source=described.source or source,
        source_key=described.source_key or source_key,
        actor=actor_of(asking, "api"),
    )
    if not submitted.is_new:
        response.status_code = 200
    return SubmittedOut(submission=submission_out(submitted.submission), is_new=submitted.is_new)


class _Described(BaseModel):
    source: Source | None = None
    source_key: str = Field("", max_length=500)
    filename: str = Field("", max_length=255)


async def _read_body(request: Request) -> tuple[bytes, _Described]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        given = _parse(SubmissionIn, await request.body())
        return given.text.encode(), _Described(
            source=given.source, source_key=given.source_key, filename=given.filename
        )
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _invalid("file", "a file is missing", "missing")
            fields = {
                "source": form.get("source") or None,
                "source_key": form.get("source_key") or "",
                "filename": file.filename or "",
            }
            described = _parse(_Described, json.dumps(fields, default=str).encode())
            return await file.read(), described
    raw = await request.body()
    if not raw:
        raise _invalid("body", "the request has no body", "missing")
    return raw, _Described()


def _parse(model: type[M], data: bytes) -> M:
    try:
        return TypeAdapter(model).validate_json(data)
    except ValidationError as error:
        raise RequestValidationError(
            [{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]
        ) from error


def _invalid(field: str, message: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", field), "msg": message, "type": kind}])


@router.get("")
async def list_submissions(
    desk: DeskNow,
    state: Annotated[SubmissionState | None, Query()] = None,
    parent: Annotated[str, Query(max_length=40, description="what a file held, by its id")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[SubmissionLine]:
    """List submissions, newest first; with `parent` those that one file was unpacked into."""
    async with desk.store.read() as unit:
        rows = await unit.listings.inbox(
            desk.workspace_id, state=state, parent=parent, before=cursor, limit=limit + 1
        )
    return page_of(rows.each(_line_out), limit, lambda line: line.id, rows.further)


@router.get("/{id}", responses=NOT_FOUND)
async def get_submission(id: str, desk: DeskNow) -> SubmissionOut:
    """Return one submission with its segments."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(id)
        parts = await unit.submissions.counts_of_parts(id)
    check_own(submission.workspace_id, desk, f"submission {id}")
    return submission_out(submission, parts)


@router.get(
    "/{id}/raw",
    response_class=Response,
    responses={**NOT_FOUND, 200: {"content": {"application/octet-stream": {}}}},
)
async def get_raw(id: str, desk: DeskNow) -> Response:
    """Return the bytes exactly as they came in."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(id)
        check_own(submission.workspace_id, desk, f"submission {id}")
        data = await unit.submissions.raw(submission)
    return Response(data, media_type="application/octet-stream")


def _turn_out(said: Said) -> TurnOut:
    known = {name: getattr(said.turn, name) for name in TurnOut.model_fields if name != "id"}
    return TurnOut(**{**known, "id": said.id, "answers": said.answers})


def _line_out(row: InboxLine) -> SubmissionLine:
    return SubmissionLine(**{name: getattr(row, name) for name in SubmissionLine.model_fields})


def submission_out(submission: Submission, parts: Mapping[str, int] | None = None) -> SubmissionOut:
    """Return a submission as the API shows it, with what became of its parts."""
    parsed = submission.parsed
    return SubmissionOut(
        id=submission.id,
        state=submission.state,
        source=submission.source,
        source_key=submission.source_key,
        filename=submission.filename,
        raw_sha256=submission.raw_sha256,
        size=submission.size,
        received_at=submission.received_at,
        thread_id=submission.thread_id,
        post_id=submission.post_id,
        parent_id=submission.parent_id,
        parts={SubmissionState(state): n for state, n in (parts or {}).items()},
        problem=submission.problem,
        reason=submission.reason,
        text=parsed.text if parsed else None,
        subject=parsed.subject if parsed else "",
        author=parsed.author if parsed else "",
        author_address=parsed.author_address if parsed else "",
        sent_at=parsed.sent_at if parsed else None,
        language=parsed.language if parsed else "",
        notes=list(parsed.notes) if parsed else [],
        segments=[
            SegmentOut(**{name: getattr(segment, name) for name in SegmentOut.model_fields})
            for segment in (parsed.segments if parsed else ())
        ],
        turns=[_turn_out(said) for said in (said_in(parsed) if parsed else ())],
    )
