"""The stream pages listen to: it says that something changed, the page fetches what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.requests import Request

from copydesk.server.asking import SIGNED_IN, DeskNow
from copydesk.server.feed import Feed, Place

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)


async def follow_feed(request: Request) -> AsyncIterator[Place]:
    """Take a place in the feed for as long as the response lasts."""
    feed: Feed = request.app.state.feed
    async with feed.place() as place:
        yield place


Following = Annotated[Place, Depends(follow_feed)]
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0)]


@router.get("/live", response_class=EventSourceResponse)
async def stream_changes(
    desk: DeskNow,
    place: Following,
    after: Annotated[int | None, Query(ge=0)] = None,
    subject: Annotated[str, Query(max_length=40)] = "",
    last_event_id: LastEventId = None,
) -> AsyncIterator[ServerSentEvent]:
    """Send one `changed` for each batch of events, of one subject or of the workspace."""
    cursor = after if last_event_id is None else last_event_id
    async for batch in place.batches(cursor):
        if any(
            event.workspace_id == desk.workspace_id and subject in {"", event.subject_id}
            for event in batch
        ):
            yield ServerSentEvent(event="changed", id=str(batch[-1].sequence), data=len(batch))
