"""`/v1/events`: the history, as a list and as a stream that resumes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from copydesk.core.events import Event
from copydesk.server.api.contract import make_router
from copydesk.server.asking import DeskNow
from copydesk.server.pages.live import Following, LastEventId

router = make_router("events")


class EventOut(BaseModel):
    """Who did what to which thing, when and why."""

    sequence: int = Field(examples=[4711])
    at: datetime
    noun: str = Field(examples=["delivery"])
    subject_id: str = Field(examples=["dlv_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    actor: str = Field(examples=["courier"])
    from_state: str = Field(examples=["sending"])
    to_state: str = Field(examples=["delivered"])
    reason: str
    data: Mapping[str, Any]


def event_out(event: Event) -> EventOut:
    """Return an event as the API shows it."""
    return EventOut(
        sequence=event.sequence,
        at=event.at,
        noun=event.noun,
        subject_id=event.subject_id,
        actor=event.actor,
        from_state=event.from_state,
        to_state=event.to_state,
        reason=event.reason,
        data=event.data,
    )


@router.get("", response_class=EventSourceResponse)
async def stream_events(
    desk: DeskNow,
    place: Following,
    after: Annotated[
        int | None, Query(ge=0, description="begin behind this sequence; without it, from now on")
    ] = None,
    noun: Annotated[str, Query(max_length=20, description="only events of this noun")] = "",
    last_event_id: LastEventId = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream events as they happen; a client that comes back with `Last-Event-ID` misses none.

    Every event has its sequence as id and `noun.state` as name. Comments keep the line open.
    The stream ends after fifteen minutes; connect again.
    """
    cursor = after if last_event_id is None else last_event_id
    async for batch in place.batches(cursor):
        for event in batch:
            if event.workspace_id == desk.workspace_id and noun in {"", event.noun}:
                yield ServerSentEvent(
                    event=f"{event.noun}.{event.to_state}",
                    id=str(event.sequence),
                    data=event_out(event),
                )
