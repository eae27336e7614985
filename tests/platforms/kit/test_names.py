"""What hangs before a request can be written was not sent, and holds up nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from copydesk.platforms.kit.http_transport import PER_HOST, HttpTransport
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.transport import NotSent
from copydesk.testing.loopback import LoopbackServer

#: More than the event loop's own look-ups ever run at once.
MANY = 40


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the name servers of names that end in `.silent` hang until the test is over."""
    ask, over = socket.getaddrinfo, threading.Event()

    def looked_up(host: str, *rest: Any, **named: Any) -> Any:
        if str(host).endswith(".silent"):
            over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ask("127.0.0.1" if str(host).endswith(".example") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    yield over
    over.set()


@asynccontextmanager
async def mute() -> AsyncIterator[str]:
    """A server that takes connections and says nothing, a TLS handshake included."""
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", backlog=500)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        gone.set()
        server.close()


async def test_names_that_hang_keep_no_other_name_from_being_looked_up(
    silent: threading.Event,
) -> None:
    names = Names()
    hanging = [asyncio.ensure_future(names.addresses(f"{n}.silent")) for n in range(MANY)]
    async with asyncio.timeout(60):
        found = await names.addresses("platform.example")
    assert found == ["127.0.0.1"]
    assert not any(one.done() for one in hanging)
    silent.set()
    ended = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(one, socket.gaierror) for one in ended)


async def test_a_call_to_a_name_that_hangs_was_not_sent(silent: threading.Event) -> None:
    transport = HttpTransport(user_agent="copydesk-tests", public_only=True)
    with pytest.raises(NotSent, match="no connection"):
        await transport.call("POST", "http://platform.silent/", timeout=0.4)
    await transport.close()


async def test_a_call_to_what_is_no_name_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up(*asked: Any, **named: Any) -> Any:
        return "..".encode("idna")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    transport = HttpTransport(user_agent="copydesk-tests", public_only=True)
    with pytest.raises(NotSent, match="no host is called that"):
        await transport.call("POST", "http://no-name.example/")
    await transport.close()


async def test_a_handshake_that_hangs_was_not_sent() -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with mute() as address:
        with pytest.raises(NotSent, match="no connection"):
            await transport.call("POST", f"https://{address}/", timeout=0.4)
        await transport.close()


async def test_a_host_whose_calls_all_hang_leaves_connections_for_another() -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with mute() as address, LoopbackServer() as server:
        hanging = [
            asyncio.ensure_future(transport.call("GET", f"http://{address}/", timeout=600))
            for _ in range(PER_HOST + 1)
        ]
        try:
            reply = await transport.call("GET", f"{server.url}/", timeout=60)
        finally:
            for call in hanging:
                call.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
            await transport.close()
    assert reply.status == 404


async def test_a_call_that_got_no_connection_in_time_was_not_sent() -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with mute() as address:
        hanging = [
            asyncio.ensure_future(transport.call("GET", f"http://{address}/", timeout=600))
            for _ in range(PER_HOST)
        ]
        try:
            await asyncio.sleep(0)
            with pytest.raises(NotSent, match="no connection"):
                await transport.call("POST", f"http://{address}/", timeout=0.4)
        finally:
            for call in hanging:
                call.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
            await transport.close()
