"""Errors as answers: RFC 9457 problem details for programs, a page for people.

Both answer three questions: what went wrong, what copydesk has done since, what is left to do. The
request id is the thing to quote; the same id is in the log and in the `X-Request-Id` header.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from copydesk.core.errors import (
    ContentInvalid,
    CopydeskError,
    InputRefused,
    ModelUnavailable,
    NotFound,
)
from copydesk.server.cookies import session_secret
from copydesk.server.rendering import render
from copydesk.server.views.frame import ErrorView, Frame

#: What FastAPI says of a body that it cannot read (0.165.0, checked 2026-11-22).
_UNREADABLE = "There was an error parsing the body"
#: A name that a form of a field has, and no field.
_FORM = re.compile(r"\[|^[A-Z]|^(?:constrained|function)-")
_FOR_PROGRAMS = ("/v1/", "/hooks/", "/health", "/metrics")


class SignInNeeded(CopydeskError, PermissionError):
    """You are not signed in."""

    status = 401
    code = "sign_in_needed"


class FieldProblem(BaseModel):
    """One thing wrong with one field of a request or of some content."""

    field: str
    message: str
    code: str
    remedy: str = ""
    severity: str = "error"


class Problem(BaseModel):
    """An error, as RFC 9457 describes it, with `code`, `remedy` and `request_id` added."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:copydesk:problem:not_found",
                    "title": "There is no such thing",
                    "status": 404,
                    "detail": "There is no post pst_01kbk7v2e0c4m8s6q1r5t9w3x7.",
                    "instance": "/v1/posts/pst_01kbk7v2e0c4m8s6q1r5t9w3x7",
                    "code": "not_found",
                    "remedy": "",
                    "request_id": "5f1c0d9e8b7a6453",
                    "errors": [],
                }
            ]
        }
    )

    type: str = Field(description="identifies the kind of problem; never changes for a kind")
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="the kind of problem, for programs")
    remedy: str = Field(description="what would help, for people; may be empty")
    request_id: str
    errors: list[FieldProblem] = []


def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer to `error`: problem details under /v1, else a page (or the way to it)."""
    problem = describe(request, error)
    if request.url.path.startswith(_FOR_PROGRAMS):
        headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
        if isinstance(error, ModelUnavailable) and error.wait is not None:
            headers["Retry-After"] = str(math.ceil(error.wait))
        return JSONResponse(
            problem.model_dump(),
            problem.status,
            headers=headers,
            media_type="application/problem+json",
        )
    if isinstance(error, SignInNeeded):
        return _sign_in(request)
    signed_in = session_secret(request) is not None
    fields = tuple(f"{entry.field}: {entry.message}" for entry in problem.errors)
    told = {"; ".join(fields), *(entry.message for entry in problem.errors)}
    remedies = " ".join(dict.fromkeys(entry.remedy for entry in problem.errors if entry.remedy))
    view = ErrorView(
        frame=Frame(title=problem.title, section="", signed_in=signed_in),
        status=problem.status,
        what="" if problem.detail in told else problem.detail,
        since=_since(problem.status),
        left=problem.remedy or remedies or _left(problem.status),
        fields=fields,
        request_id=problem.request_id,
        back_url=_form_of(request),
    )
    return render("pages/error.html", view, status=problem.status)


async def handle_error(request: Request, error: Exception) -> Response:
    """Answer an error raised by a handler; the form FastAPI wants."""
    return answer_error(request, error)


def describe(request: Request, error: Exception) -> Problem:
    """Return the problem details of any error; one we do not know shows nothing of its inside."""
    code, remedy, errors = "internal", "", list[FieldProblem]()
    match error:
        case CopydeskError():
            status, code, detail, remedy = error.status, error.code, error.message, error.remedy
            title = _title(error)
            if isinstance(error, ContentInvalid):
                errors = [FieldProblem(**asdict(finding)) for finding in error.findings]
            if isinstance(error, InputRefused):
                code = error.problem
                if error.field:
                    errors = [
                        FieldProblem(field=error.field, message=detail, code=code, remedy=remedy)
                    ]
        case RequestValidationError():
            status, code, title = 422, "request_invalid", "The request does not have the right form"
            errors = [_field_problem(entry) for entry in error.errors()]
            detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors)
        case HTTPException():
            status, title = error.status_code, HTTPStatus(error.status_code).phrase
            code = getattr(error, "code", "") or re.sub(r"\W+", "_", title.lower())
            detail = error.detail if error.detail != title else f"{title}: {request.url.path}"
            if status == 404 and error.detail == HTTPStatus.NOT_FOUND.phrase:
                title, detail = _title(NotFound()), f"There is nothing at {request.url.path}."
            if error.detail == _UNREADABLE:
                detail = "The body is not JSON in UTF-8."
                remedy = "Send one JSON object; escape what UTF-8 cannot hold."
        case _:
            status, title = 500, "Something went wrong in copydesk"
            detail = "copydesk met an error it did not expect."
            remedy = "Look for the request id in the log of the server."
    return Problem(
        type=f"urn:copydesk:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        remedy=remedy,
        request_id=getattr(request.state, "request_id", ""),
        errors=errors,
    )


def _title(error: CopydeskError) -> str:
    return (type(error).__doc__ or error.code).split("\n")[0].rstrip(".")


def _field_problem(entry: dict[str, Any]) -> FieldProblem:
    # The location begins with where the value was looked for (body, query, header).
    # Where a field takes several forms, the forms that were tried stand in it too, such as
    # `list[str]` or `EarlierIn`: nobody has sent anything of that name.
    where, *rest = map(str, entry["loc"])
    parts = [part for part in rest if where != "body" or not _FORM.search(part)]
    place = ".".join(parts) or where
    return FieldProblem(field=place, message=entry["msg"], code=entry["type"])


def _sign_in(request: Request) -> Response:
    came_for = request.url.path if request.method == "GET" else "/"
    where = f"/login?next={quote(came_for)}"
    if request.headers.get("hx-request"):
        # A redirect would put the sign-in form into the fragment's place.
        return Response(status_code=401, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def _form_of(request: Request) -> str:
    """Return the page whose form was sent, by what the browser says; "" for what was not sent by
    a form of ours."""
    came_from = urlsplit(request.headers.get("referer", ""))
    is_ours = came_from.netloc == request.headers.get("host") and came_from.path[:2] != "//"
    if request.method != "POST" or not is_ours:
        return ""
    return came_from.path + (f"?{came_from.query}" if came_from.query else "")


def _since(status: int) -> str:
    if status >= 500:
        return "The request was given up; nothing of it was stored."
    return "Nothing was changed."


def _left(status: int) -> str:
    match status:
        case 403:
            return "Ask the owner of this workspace for the right to do it."
        case 404:
            return "Check the address, or start again from the inbox."
        case 409:
            return "Go back and reload the page: it may have changed in the meantime."
        case _:
            return "Go back and try again."
