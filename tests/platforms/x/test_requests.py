"""Every request as it leaves, to be read in review. The shapes were checked against X's OpenAPI
document 2.167; the fake refuses what that does not know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Published
from copydesk.platforms.kit.transport import Reply, Transport
from tests.platforms.x.desk import Desk, film, picture


class Tape:
    """A transport that takes down every request in words, without what changes from run to run."""

    def __init__(self, inner: Transport, base: str) -> None:
        self._inner = inner
        self._base = base
        self.lines: list[str] = []

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        headers: Mapping[str, str] = content["headers"]
        assert headers["Authorization"].startswith("Bearer ")
        query = "&".join(f"{k}={v}" for k, v in (content.get("query") or {}).items())
        self.lines.append(f"{method} {url.removeprefix(self._base)}{'?' if query else ''}{query}")
        if content.get("json_body") is not None:
            self.lines += json.dumps(content["json_body"], indent=2, ensure_ascii=False).split("\n")
        for key, value in (content.get("form") or {}).items():
            self.lines.append(f"  {key}={value}")
        for key, (name, data, kind) in (content.get("files") or {}).items():
            self.lines.append(f"  {key}=<{kind}, {name}, {len(data)} bytes>")
        return await self._inner.call(method, url, **content)


@pytest.fixture
def tape(xdesk: Desk) -> Tape:
    tape = Tape(xdesk.transport, xdesk.server.url)
    xdesk.transport = tape  # type: ignore[assignment]
    xdesk.client = xdesk.connect(premium="yes")
    xdesk.server.premium = True
    return tape


async def test_a_thread_with_images(xdesk: Desk, tape: Tape, snapshot: SnapshotAssertion) -> None:
    await xdesk.publish(
        xdesk.to_send(
            "One, with a link: https://example.org/desks",
            "Two.",
            media=[[picture("a.png", alt="A desk"), picture("b.png", alt="")]],
            reply_settings="mentionedUsers",
            paid_partnership=True,
            made_with_ai=True,
        )
    )
    assert "\n".join(tape.lines) == snapshot


async def test_a_film(xdesk: Desk, tape: Tape, snapshot: SnapshotAssertion) -> None:
    xdesk.server.media.rounds = 1
    await xdesk.publish(xdesk.to_send("Watch.", media=[[film(size=5 << 20)]]))
    assert "\n".join(tape.lines) == snapshot


async def test_a_poll(xdesk: Desk, tape: Tape, snapshot: SnapshotAssertion) -> None:
    poll = {"options": ["Yes", "No"], "duration_minutes": 1440}
    await xdesk.publish(xdesk.to_send("Open?", poll=poll))
    assert "\n".join(tape.lines) == snapshot


async def test_what_comes_afterwards(xdesk: Desk, tape: Tape, snapshot: SnapshotAssertion) -> None:
    (id,) = await xdesk.publish()
    await xdesk.client.test()
    await xdesk.client.find(xdesk.outgoing)
    sent = replace(xdesk.outgoing, target_id=id)
    await xdesk.client.inspect(sent)
    await xdesk.client.metrics(sent)
    edit = xdesk.to_send("Closed.", action=Action.UPDATE, target_id=id)
    outcome = await xdesk.client.commit(edit)
    assert isinstance(outcome, Published)
    await xdesk.client.find(edit)
    await xdesk.client.commit(replace(edit, action=Action.DELETE, target_id=outcome.id))
    assert "\n".join(tape.lines) == snapshot
