"""What every `/v1` endpoint shares: problem details, cursors, idempotency keys, who is asking."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Header, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from copydesk.core.errors import Conflict, CopydeskError
from copydesk.core.ids import PREFIXES
from copydesk.server.asking import SIGNED_IN, BearerScheme, desk_of, identify
from copydesk.server.problems import Problem
from copydesk.store.tokens import StoredAnswer

T = TypeVar("T")

#: For how long an answer can be had again under its key.
KEPT_FOR = timedelta(days=7)
REPLAYED = "Idempotency-Replayed"
_HEADER = "Idempotency-Key"
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


class KeyInvalid(CopydeskError, ValueError):
    """An Idempotency-Key has 1 to 255 visible ASCII characters."""

    status = 400
    code = "idempotency_key_invalid"


class CursorInvalid(CopydeskError, ValueError):
    """A cursor is `next` of the page before, unchanged."""

    status = 400
    code = "cursor_invalid"


def check_cursor(cursor: str, noun: str) -> str:
    """Return `cursor`, an id of `noun` or "". Raises `CursorInvalid` for anything else: a cursor
    that names no place would quietly show another part of the list."""
    if cursor and not _ID.fullmatch(cursor.removeprefix(f"{PREFIXES[noun]}_")):
        raise CursorInvalid(
            f"{cursor[:60]!r} is not a cursor of this list.",
            remedy="Pass `next` of the page before, or no cursor for the first page.",
        )
    return cursor


def _describe(status: int, description: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": description, "content": _PROBLEM}}


#: Answers any endpoint may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    **_describe(401, "No or no valid token"),
    **_describe(403, "The role does not allow it, or the request came from another site"),
    **_describe(422, "The request or its content is not valid; `errors` names each field"),
    **_describe(503, "The database cannot be used at the moment"),
}
BAD_CURSOR = _describe(400, "The cursor is not `next` of a page of this list")
NOT_FOUND = _describe(404, "There is no such thing")
CONFLICT = _describe(409, "It has changed meanwhile, or the key was used for another request")


class Page(BaseModel, Generic[T]):
    """A part of a list, newest first."""

    items: Sequence[T] = Field(
        description="may be fewer than `limit`, or none, where `next` is given: one request looks "
        "through so many rows at most, and few of them were wanted"
    )
    next: str | None = Field(description="pass it as `cursor` to get what follows; null at the end")


Limit = Annotated[int, Query(ge=1, le=200, description="how many items at most")]
Cursor = Annotated[str, Query(max_length=40, description="`next` of the page before")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=_HEADER,
        description="Repeat a request with the same key and it happens once: for seven days the "
        "first success is answered again. The same key with another request is a 409.",
        examples=["7a1f6c1e-invoice-2217"],
    ),
]


async def _document_key(key: IdempotencyKey = None) -> None:
    """Put the header into OpenAPI; `IdempotentRoute` is what honours it."""


class IdempotentRoute(APIRoute):
    """Answers a repeated POST with the stored answer of the first.

    Only successes are stored: what was refused has changed nothing and may be corrected under the
    same key.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler FastAPI calls, wrapped."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            key = request.headers.get(_HEADER)
            if request.method != "POST" or key is None:
                return await handle(request)
            if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
                raise KeyInvalid
            return await _answer_once(request, key, handle)

        return answer


#: Two requests with one key in one process wait for each other; across processes the primary key
#: of the stored answer decides.
_running: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()


async def _answer_once(
    request: Request, key: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    principal = await identify(request)
    store = desk_of(request).store
    digest = await _request_digest(request)
    lock = _running.setdefault((principal.workspace_id, key), asyncio.Lock())
    async with lock:
        async with store.read() as unit:
            known = await unit.tokens.recall(principal.workspace_id, key)
        if known is not None:
            if known.request_sha256 != digest:
                raise Conflict(
                    f"The {_HEADER} {key!r} was used for another request.",
                    remedy="Use a new key for a new request.",
                )
            return Response(
                known.body, known.status, {REPLAYED: "true"}, media_type="application/json"
            )
        response = await handle(request)
        if 200 <= response.status_code < 300:
            answer = StoredAnswer(
                request_sha256=digest, status=response.status_code, body=bytes(response.body)
            )
            async with store.begin("api") as unit:
                await unit.tokens.remember(
                    principal.workspace_id, key, answer, keep_since=unit.now - KEPT_FOR
                )
        return response


async def _request_digest(request: Request) -> str:
    """Return a digest of everything that makes a request another one.

    A multipart boundary is random in every try, so the parts are compared without it.
    """
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    kind, _, options = content_type.partition(";")
    if kind.strip().lower() == "multipart/form-data":
        boundary = options.partition("boundary=")[2].strip().strip('"').encode()
        body, content_type = body.replace(boundary, b"") if boundary else body, kind
    line = f"{request.method} {request.url.path}?{request.url.query}\n{content_type}\n"
    return await asyncio.to_thread(lambda: hashlib.sha256(line.encode() + body).hexdigest())


def make_router(noun: str) -> APIRouter:
    """Return the router of one noun, with what all share."""
    return APIRouter(
        prefix=f"/v1/{noun}",
        tags=[noun],
        route_class=IdempotentRoute,
        responses=PROBLEMS,
        dependencies=[BearerScheme, *SIGNED_IN],
    )


#: Dependencies of every POST.
REPEATABLE = [Depends(_document_key)]


def page_of(
    found: Sequence[T], limit: int, cursor_of: Callable[[T], str], further: str = ""
) -> Page[T]:
    """Return a page from `limit + 1` rows: the one too many tells that there is a next page.

    `further` is where the next one begins when it is missing because the look stopped there.
    """
    shown = found[:limit]
    following = cursor_of(shown[-1]) if len(found) > limit else further
    return Page(items=shown, next=following or None)
