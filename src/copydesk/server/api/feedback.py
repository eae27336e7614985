"""`/v1/feedback`: what people's decisions teach, as a stream of JSON lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import StreamingResponse

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.server.api.contract import BAD_CURSOR, check_cursor, make_router
from copydesk.server.asking import ADMINS_ONLY, DeskNow
from copydesk.work.feedback.exporting import hand_out
from copydesk.work.feedback.lines import Form

router = make_router("feedback")

_LINES = "application/x-ndjson"
_EXAMPLE = (
    '{"schema": "copydesk.chat.v1", "key": "chat:rvw_01kbk7v2e0c4m8s6q1r5t9w3x7:0", '
    '"messages": [{"role": "system", "content": "…"}, {"role": "user", "content": "…"}, '
    '{"role": "assistant", "content": "…"}], "licence": "CC0"}\n'
)


@router.get(
    "",
    response_class=StreamingResponse,
    dependencies=ADMINS_ONLY,
    responses={
        200: {
            "description": "JSON lines, oldest first; each has a `key` of its own",
            "content": {_LINES: {"example": _EXAMPLE}},
        },
        **BAD_CURSOR,
    },
)
async def download_feedback(
    desk: DeskNow,
    form: Annotated[Form, Query(alias="as", description="what the lines are for")],
    since: Annotated[
        datetime | None, Query(description="only what was decided from then on, with its zone")
    ] = None,
    after: Annotated[
        str,
        Query(max_length=40, description="go on after this review, the middle part of a `key`"),
    ] = "",
) -> StreamingResponse:
    """Hand out what decisions teach: chat examples, preference pairs, corrections or labels.

    Only what somebody allowed leaves, with placeholders for personal data. Nothing is changed by
    reading: to get what is new, pass the review of the last line as `after`.
    """
    if since is not None and since.tzinfo is None:
        fault = Finding(
            code="no_zone", field="since", message="it has no zone", remedy="Add Z or +01:00."
        )
        raise ContentInvalid([fault])
    check_cursor(after, "review")

    async def lines() -> AsyncIterator[str]:
        async for handout in hand_out(desk, form, since=since, after=after, again=True):
            for line in handout.lines:
                yield json.dumps(line, ensure_ascii=False) + "\n"

    name = f'attachment; filename="copydesk-{form}.jsonl"'
    return StreamingResponse(lines(), media_type=_LINES, headers={"Content-Disposition": name})
