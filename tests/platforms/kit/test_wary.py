"""After a lost answer no connection to that host is kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply
from copydesk.platforms.kit.wary import WaryTransport
from copydesk.testing.faults.proxy import Damage, FaultProxy


class Wire:
    """A transport that keeps what it is given, and loses the answers of `loses`."""

    def __init__(self) -> None:
        self.loses: Exception | None = None
        self.alone: list[bool] = []
        self.content: dict[str, object] = {}

    async def call(self, method: str, url: str, **content: object) -> Reply:
        headers = content.get("headers") or {}
        assert isinstance(headers, dict)
        self.alone.append(headers.get("Connection") == "close")
        self.content = content
        if self.loses is not None:
            raise self.loses
        return Reply(status=200)


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def lose(wary: WaryTransport, wire: Wire, url: str, how: Exception) -> None:
    wire.loses = how
    with pytest.raises(type(how)):
        await wary.call("GET", url)
    wire.loses = None
    wire.alone.clear()


async def test_nothing_is_changed_while_answers_come(wire: Wire) -> None:
    wary = WaryTransport(wire)
    await wary.call("POST", "http://a.test/x", headers={"A": "b"}, body=b"c")
    assert wire.content == {"headers": {"A": "b"}, "body": b"c"}


async def test_a_hundred_calls_to_that_host_and_to_no_other(wire: Wire) -> None:
    wary = WaryTransport(wire)
    await lose(wary, wire, "http://a.test/x", AnswerLost("gone"))
    await wary.call("GET", "http://b.test/x")
    for _ in range(101):
        await wary.call("GET", "http://a.test/another", headers={"A": "b"})
    assert wire.alone == [False, *[True] * 100, False]
    assert wire.content["headers"] == {"A": "b"}


async def test_a_call_that_did_not_leave_says_nothing_about_connections(wire: Wire) -> None:
    wary = WaryTransport(wire)
    await lose(wary, wire, "http://a.test/x", NotSent("no route"))
    await wary.call("GET", "http://a.test/x")
    assert wire.alone == [False]


async def test_of_ever_more_hosts_the_oldest_are_forgotten(wire: Wire) -> None:
    wary = WaryTransport(wire)
    for number in range(1001):
        await lose(wary, wire, f"http://h{number}.test/x", AnswerLost("gone"))
    for number in (0, 1, 1000):
        await wary.call("GET", f"http://h{number}.test/x")
    assert wire.alone == [False, True, True]


@pytest.fixture
async def closing() -> AsyncIterator[FaultProxy]:
    """A server that answers once on each connection and reads the next request without a word.

    Requests for `/together` it answers when there are four of them.
    """
    together = asyncio.Barrier(4)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"/together" in head:
                    await together.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, FaultProxy(f"127.0.0.1:{port}") as proxy:
        proxy.damage(Damage.CUT_RESPONSE, kept=True, times=1_000)
        yield proxy


async def test_a_server_that_always_closes_costs_one_answer(closing: FaultProxy) -> None:
    inner = HttpTransport(user_agent="test")
    wary, url = WaryTransport(inner), f"http://{closing.address}/"
    try:
        assert (await wary.call("GET", url)).status == 200
        with pytest.raises(AnswerLost):
            await wary.call("GET", url)
        for _ in range(5):
            assert (await wary.call("GET", url)).status == 200
    finally:
        await inner.close()
    assert closing.struck == 1


async def test_none_of_the_connections_kept_before_is_used(closing: FaultProxy) -> None:
    inner = HttpTransport(user_agent="test")
    wary, url = WaryTransport(inner), f"http://{closing.address}/"
    try:
        await asyncio.gather(*(wary.call("GET", f"{url}together") for _ in range(4)))
        with pytest.raises(AnswerLost):
            await wary.call("GET", url)
        for _ in range(5):
            assert (await wary.call("GET", url)).status == 200
    finally:
        await inner.close()
    assert closing.struck == 1
