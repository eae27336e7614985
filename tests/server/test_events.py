"""Events as they happen: streams that resume, stay in order and stay bounded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from copydesk.core.events import Event
from copydesk.server import create_app
from copydesk.server.feed import Feed, TooManyFollowers
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.server.scene import make_token, running


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    async with (
        running(create_app(desk)) as url,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
    ):
        yield client


async def happen(desk: Desk, *names: str, noun: str = "post", workspace_id: str = "") -> None:
    async with desk.store.begin("test") as unit:
        for name in names:
            await unit.events.append(
                workspace_id or desk.workspace_id, noun, name, "", "drafted", reason=name
            )


async def read_events(answer: httpx2.Response, count: int) -> list[dict[str, Any]]:
    """The next events of a stream, each with its id, name and data."""
    found: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    async for text in answer.aiter_lines():
        field, _, value = text.partition(": ")
        if field == "data":
            current["data"] = json.loads(value)
        elif field in {"id", "event"}:
            current[field] = value
        elif not text and "data" in current:
            found.append(current)
            current = {}
            if len(found) == count:
                break
    return found


async def test_events_arrive_as_they_happen_in_order(line: httpx2.AsyncClient, desk: Desk) -> None:
    async with line.stream("GET", "/v1/events?after=0") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        await happen(desk, "pst_1", "pst_2")
        found = await read_events(answer, 2)
    assert [event["data"]["subject_id"] for event in found] == ["pst_1", "pst_2"]
    assert [event["event"] for event in found] == ["post.drafted"] * 2
    assert int(found[0]["id"]) < int(found[1]["id"])


async def test_a_client_that_comes_back_misses_nothing_and_repeats_nothing(
    line: httpx2.AsyncClient, desk: Desk
) -> None:
    async with line.stream("GET", "/v1/events") as answer:
        await happen(desk, "pst_1")
        [first] = await read_events(answer, 1)
    await happen(desk, "pst_2", "pst_3")
    headers = {"Last-Event-ID": first["id"]}
    async with line.stream("GET", "/v1/events?after=0", headers=headers) as answer:
        found = await read_events(answer, 2)
    assert [event["data"]["subject_id"] for event in found] == ["pst_2", "pst_3"]


async def test_a_stream_is_of_one_workspace_and_noun(line: httpx2.AsyncClient, desk: Desk) -> None:
    async with line.stream("GET", "/v1/events?noun=post") as answer:
        await happen(desk, "pst_theirs", workspace_id="wsp_elsewhere")
        await happen(desk, "acc_1", noun="account")
        await happen(desk, "pst_ours")
        [found] = await read_events(answer, 1)
    assert found["data"]["subject_id"] == "pst_ours"


async def test_pages_hear_only_of_their_subject(line: httpx2.AsyncClient, desk: Desk) -> None:
    async with line.stream("GET", "/live?after=0&subject=dlv_1") as answer:
        await happen(desk, "dlv_2", noun="delivery")
        await happen(desk, "dlv_1", noun="delivery")
        [found] = await read_events(answer, 1)
    async with desk.store.read() as unit:
        assert found["event"] == "changed"
        assert int(found["id"]) == await unit.events.newest()


async def test_the_server_stops_while_streams_are_open(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as client:
        async with running(create_app(desk)) as url:
            request = client.build_request("GET", f"{url}/v1/events")
            answer = await client.send(request, stream=True)
        assert await read_events(answer, 1) == []
        await answer.aclose()


async def test_followers_are_bounded(desk: Desk) -> None:
    feed = Feed(desk.store, desk.clock, most_followers=1)
    async with feed.place():
        with pytest.raises(TooManyFollowers):
            async with feed.place():
                pass
    async with feed.place():
        pass
    await feed.close()


async def test_too_many_followers_are_told_before_a_stream_begins(
    program: httpx2.AsyncClient, app: FastAPI, desk: Desk
) -> None:
    app.state.feed = Feed(desk.store, desk.clock, most_followers=0)
    answer = await program.get("/v1/events")
    assert answer.status_code == 503
    assert answer.json()["code"] == "too_many_followers"


class Rows:
    """A history whose transactions commit in another order than they were numbered in."""

    def __init__(self) -> None:
        self.visible: list[int] = []
        self.events = self

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Rows]:
        yield self

    async def newest(self) -> int:
        return max(self.visible, default=0)

    async def after(self, sequence: int, limit: int) -> list[Event]:
        clock = StoppedClock()
        return [
            Event(
                at=clock.now(),
                workspace_id="w",
                noun="post",
                subject_id=f"p{number}",
                actor="",
                from_state="",
                to_state="",
                sequence=number,
            )
            for number in sorted(self.visible)
            if number > sequence
        ][:limit]


async def test_an_event_that_commits_late_is_not_lost() -> None:
    rows, clock = Rows(), StoppedClock()
    feed = Feed(rows, clock, every=3600)  # type: ignore[arg-type]
    await feed.look()
    async with feed.place():
        stream = feed.batches(0)
        rows.visible = [1, 3]  # 2 has its number, and has not committed yet
        await feed.look()
        assert [event.sequence for event in await anext(stream)] == [1]
        rows.visible = [1, 2, 3]
        await feed.look()
        assert [event.sequence for event in await anext(stream)] == [2, 3]
        rows.visible = [1, 2, 3, 5]  # 4 was rolled back and will never come
        await feed.look()
        clock.advance(3)
        await feed.look()
        assert [event.sequence for event in await anext(stream)] == [5]
        await stream.aclose()


async def test_what_happens_before_the_stream_is_first_read_is_heard() -> None:
    rows, clock = Rows(), StoppedClock()
    feed = Feed(rows, clock, every=3600)  # type: ignore[arg-type]
    async with feed.place() as place:
        rows.visible = [1]
        await feed.look()
        stream = place.batches(None)
        assert [event.sequence for event in await anext(stream)] == [1]
        await stream.aclose()


async def test_a_stream_ends_so_that_access_is_checked_again() -> None:
    rows, clock = Rows(), StoppedClock()
    feed = Feed(rows, clock, every=3600)  # type: ignore[arg-type]
    await feed.look()
    async with feed.place():
        rows.visible = [1]
        await feed.look()
        stream = feed.batches(0)
        await anext(stream)
        clock.advance(3600)
        assert [batch async for batch in stream] == []
