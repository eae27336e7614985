"""Which connections are used again, and that none is left behind, whatever becomes of a call."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from copydesk.platforms.kit import names
from copydesk.platforms.kit.http_transport import PER_HOST, HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, NotSent
from tests.platforms.kit.raw_server import LONG, Acts, answering, one_request, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"

ALONE = {"Connection": "close"}


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    one = HttpTransport(user_agent="copydesk-tests")
    yield one
    await one.close()


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def settled() -> int:
    """Return how many files are open once nothing is left to do."""
    await asyncio.sleep(0.05)
    return open_files()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens to a socket
            await asyncio.sleep(0.01)


def held(is_free: asyncio.Event) -> tuple[Acts, list[int]]:
    """Answer when `is_free`, and count how many connections there are at once."""
    at_once = [0, 0]

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        try:
            while await one_request(reader):
                await is_free.wait()
                writer.write(OK)
        finally:
            at_once[0] -= 1

    return act, at_once


class Passing:
    """The loop's clock, which a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + self.ahead)


# ---------------------------------------------------------------- how many, and how long


async def test_one_host_gets_so_many_connections_at_once_and_no_more(
    transport: HttpTransport,
) -> None:
    is_free = asyncio.Event()
    act, at_once = held(is_free)
    async with serving(act) as server:
        calls = [
            asyncio.create_task(transport.call("POST", server.url, body=b"{}", timeout=LONG))
            for _ in range(3 * PER_HOST)
        ]
        await until(lambda: at_once[1] >= PER_HOST)
        await asyncio.sleep(0.1)
        is_free.set()
        assert {reply.status for reply in await asyncio.gather(*calls)} == {200}
        assert server.connections == PER_HOST
        # those that want one of their own leave no room to the ones that were kept
        await asyncio.gather(
            *(
                transport.call("POST", server.url, headers=ALONE, body=b"{}", timeout=LONG)
                for _ in range(PER_HOST)
            )
        )
        assert at_once[1] <= PER_HOST + 1, "one may close while the next is made"


async def test_who_finds_no_place_in_time_has_sent_nothing(transport: HttpTransport) -> None:
    is_free = asyncio.Event()
    act, at_once = held(is_free)
    async with serving(act) as server:
        calls = [
            asyncio.create_task(transport.call("POST", server.url, body=b"{}", timeout=LONG))
            for _ in range(PER_HOST)
        ]
        await until(lambda: at_once[1] >= PER_HOST)
        with pytest.raises(NotSent, match="became free"):
            await transport.call("POST", server.url, body=b"{}", timeout=0.2)
        is_free.set()
        await asyncio.gather(*calls)


async def test_all_hosts_together_keep_no_more_than_is_bearable(transport: HttpTransport) -> None:
    limit = 30
    is_free = asyncio.Event()
    act, at_once = held(is_free)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("copydesk.platforms.kit.http_kept.MOST", limit)
        async with serving(act) as one, serving(act) as other:
            calls = [
                asyncio.create_task(transport.call("POST", url, body=b"{}", timeout=LONG))
                for url in (one.url, other.url) * limit
            ]
            await until(lambda: at_once[1] >= 2 * limit)
            is_free.set()
            await asyncio.gather(*calls)
            await asyncio.sleep(0.1)
            assert at_once[0] == limit


async def test_a_connection_that_nobody_has_used_for_a_while_is_closed(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_free = asyncio.Event()
    is_free.set()
    act, at_once = held(is_free)
    passing = Passing(monkeypatch)
    async with serving(act) as one, serving(act) as other:
        await transport.call("POST", one.url, body=b"{}", timeout=LONG)
        passing.ahead = 10
        await transport.call("POST", other.url, body=b"{}", timeout=LONG)
        passing.ahead = 15.5
        await asyncio.sleep(0.1)
        assert at_once[0] == 1, "the older one is closed"
        passing.ahead = 25.5
        await asyncio.sleep(0.1)
        assert at_once[0] == 0


async def test_a_connection_that_was_kept_for_too_long_is_not_used_though_nobody_closed_it(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = Passing(monkeypatch)
    async with serving(answering(OK)) as server:
        await transport.call("POST", server.url, body=b"{}", timeout=LONG)
        passing.ahead = 15.5  # the loop was busy elsewhere
        await transport.call("POST", server.url, body=b"{}", timeout=LONG)
        assert server.connections == 2


async def test_a_closed_transport_keeps_nothing_of_what_was_under_way() -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    is_free = asyncio.Event()
    act, at_once = held(is_free)
    async with serving(act) as server:
        calls = [
            asyncio.create_task(transport.call("POST", server.url, body=b"{}", timeout=LONG))
            for _ in range(5)
        ]
        await until(lambda: at_once[1] >= 5)
        await transport.close()
        is_free.set()
        assert [reply.status for reply in await asyncio.gather(*calls)] == [200] * 5
        await asyncio.sleep(0.1)
        assert at_once[0] == 0


# ---------------------------------------------------------------- ended before anything was sent


@pytest.mark.parametrize("how", ["speaks first", "hangs up", "breaks off"])
async def test_what_ends_before_anything_was_sent_is_known_at_once(
    transport: HttpTransport, how: str
) -> None:
    """A server that has no room says so, or nothing, to whoever comes; nobody waits for that."""
    heard = b""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        if how == "speaks first":
            writer.write(b"HTTP/1.1 503 Full\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            heard += await reader.read()
        elif how == "breaks off":
            writer.transport.abort()

    loop = asyncio.get_running_loop()
    async with serving(act) as server:
        for _ in range(30):
            began = loop.time()
            before = len(heard)
            try:
                reply = await transport.call("POST", server.url, body=b"{}", timeout=LONG)
                assert reply.status == 503
            except NotSent:
                await asyncio.sleep(0.01)
                assert len(heard) == before, "nothing came there"
            except AnswerLost:
                pass
            assert loop.time() - began < 5


async def test_no_time_that_is_left_sends_nothing(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = Passing(monkeypatch)
    found = names._looked_up

    def slowly(host: str) -> list[str]:
        passing.ahead += 100
        return found(host)

    heard = asyncio.Event()

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            heard.set()

    monkeypatch.setattr(names, "_looked_up", slowly)
    async with serving(act) as server:
        with pytest.raises(NotSent):
            await transport.call("POST", server.url, body=b"{}", timeout=LONG)
    assert not heard.is_set()


# ---------------------------------------------------------------- nothing is left behind


async def hung(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    await asyncio.sleep(LONG)


async def shut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await one_request(reader)


async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await one_request(reader)
    writer.transport.abort()


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


@pytest.mark.parametrize(
    ("act", "scheme"),
    [
        pytest.param(deaf, "https", id="hangs up in the handshake"),
        pytest.param(shut, "http", id="hangs up"),
        pytest.param(broken, "http", id="breaks off"),
        pytest.param(answering(b"GARBAGE\r\n\r\n"), "http", id="talks nonsense"),
        pytest.param(answering(OK[:-2], closes=True), "http", id="stops in the body"),
        pytest.param(answering(OK + b"more"), "http", id="says too much"),
        pytest.param(answering(b"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n"), "http", id="101"),
    ],
)
async def test_calls_that_fail_leave_nothing_open(
    transport: HttpTransport, act: Acts, scheme: str
) -> None:
    async with serving(act) as server:
        url = server.url.replace("http", scheme, 1)
        before = await settled()

        async def fail() -> None:
            for _ in range(10):
                with suppress(NotSent, AnswerLost):
                    await transport.call("POST", url, body=b"x" * 5000, timeout=LONG)

        await asyncio.gather(*(fail() for _ in range(10)))
        await transport.close()
        assert await settled() <= before


async def test_what_cannot_be_connected_to_leaves_nothing_open(
    transport: HttpTransport, free_port: int
) -> None:
    before = await settled()
    for _ in range(100):
        with pytest.raises(NotSent):
            await transport.call("POST", f"http://localhost:{free_port}/", timeout=LONG)
    assert await settled() <= before


Calls = Callable[[HttpTransport, str], Awaitable[object]]


async def post(transport: HttpTransport, url: str) -> object:
    return await transport.call("POST", url, body=b"x" * 300_000, timeout=LONG)


async def read(transport: HttpTransport, url: str) -> object:
    return await transport.call("GET", url, timeout=LONG)


@pytest.mark.parametrize("call", [post, read])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "several"])
@pytest.mark.parametrize(
    ("act", "scheme"), [(answering(OK), "http"), (hung, "http"), (hung, "https")]
)
async def test_a_call_that_is_cancelled_anywhere_leaves_nothing_open(
    transport: HttpTransport,
    monkeypatch: pytest.MonkeyPatch,
    call: Calls,
    host: str,
    act: Acts,
    scheme: str,
) -> None:
    if host == "several":
        # the first takes nothing, so that the second is tried beside it
        monkeypatch.setattr(names, "_looked_up", lambda _: ["127.0.0.2", "127.0.0.1", "127.0.0.3"])
        monkeypatch.setattr(names, "_HEAD_START", 0.0)
    async with serving(act) as server:
        url = f"{scheme}://{host}:{server.port}/"
        before = await settled()
        for rounds in range(30):
            task = asyncio.ensure_future(call(transport, url))
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError, NotSent, AnswerLost):
                await task
        for milliseconds in range(5):
            task = asyncio.ensure_future(call(transport, url))
            await asyncio.sleep(milliseconds / 1000)
            task.cancel()
            with suppress(asyncio.CancelledError, NotSent, AnswerLost):
                await task
        await transport.close()
        assert not transport._places, "every place is free again"
        # the server closes its side when it hears of it
    assert await settled() <= before


async def test_a_place_is_passed_on_by_who_gives_up_waiting_for_it(
    transport: HttpTransport,
) -> None:
    is_free = asyncio.Event()
    act, at_once = held(is_free)
    async with serving(act) as server:

        def begun() -> asyncio.Task[object]:
            return asyncio.ensure_future(post(transport, server.url))

        first = [begun() for _ in range(PER_HOST)]
        await until(lambda: at_once[1] >= PER_HOST)
        waiting = [begun() for _ in range(20)]
        await asyncio.sleep(0.01)
        first[0].cancel()
        for one in waiting[:-1]:
            await asyncio.sleep(0)
            one.cancel()
        is_free.set()
        ended = await asyncio.gather(*first, *waiting, return_exceptions=True)
        assert sum(isinstance(one, asyncio.CancelledError) for one in ended) >= 1
        assert all(not isinstance(one, NotSent | AnswerLost) for one in ended)
        assert await asyncio.wait_for(asyncio.gather(*(begun() for _ in range(2 * PER_HOST))), LONG)


async def test_a_look_up_the_system_has_no_room_for_sent_nothing(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(self: object) -> None:
        raise RuntimeError("can't start new thread")

    async with serving(answering(OK)) as server:
        with monkeypatch.context() as patch:
            patch.setattr("threading.Thread.start", no_more)
            for _ in range(names.AT_ONCE + 1):
                with pytest.raises(NotSent, match="Resource temporarily unavailable"):
                    await transport.call("POST", server.url, body=b"{}", timeout=LONG)
        assert (await transport.call("POST", server.url, body=b"{}", timeout=LONG)).status == 200


async def test_a_half_closed_connection_is_not_used_again(transport: HttpTransport) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(OK)
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        await reader.read()

    async with serving(act) as server:
        for turn in range(10):
            reply = await transport.call("POST", server.url, body=b"{}", timeout=LONG)
            assert (reply.status, server.connections) == (200, turn + 1)
