"""What hangs before a request can be written was not sent, and holds up nobody else."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.outcomes import Outcome, Published, Unavailable
from copydesk.platforms.kit.http_transport import PER_HOST, HttpTransport
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.transport import NotSent
from copydesk.testing.loopback import LoopbackServer
from tests.platforms.email.mail_servers import Inbox, account, connected, listening, outgoing

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


async def test_a_name_that_hangs_takes_one_place_however_many_ask_for_it(
    silent: threading.Event,
) -> None:
    names = Names(at_once=2)
    hanging = [asyncio.ensure_future(names.addresses("slow.silent")) for _ in range(MANY)]
    async with asyncio.timeout(60):
        assert await names.addresses("platform.example") == ["127.0.0.1"]
    assert not any(one.done() for one in hanging)
    silent.set()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_who_stops_waiting_leaves_the_place_to_the_look_up_that_still_hangs(
    silent: threading.Event,
) -> None:
    names = Names(at_once=1)
    gone = asyncio.ensure_future(names.addresses("slow.silent"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    next_one = asyncio.ensure_future(names.addresses("platform.example"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not next_one.done()
    silent.set()
    async with asyncio.timeout(60):
        assert await next_one == ["127.0.0.1"]


async def test_a_connection_is_made_to_the_first_address_that_takes_one(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    async with mute() as address:
        port = int(address.rpartition(":")[2])
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
        elsewhere = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [elsewhere, here])
        with await Names().connected("mail.example", port) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
        with pytest.raises(ConnectionRefusedError):
            await Names().connected("mail.example", free_port)


async def test_letters_to_mail_servers_whose_names_hang_keep_no_other_letter_from_leaving(
    silent: threading.Event, tmp_path: Path
) -> None:
    names, inbox = Names(), Inbox()

    async def send(host: str, port: int) -> Outcome:
        where = account(port, smtp=f"{host}:{port}", security="none")
        async with connected(where, tmp_path, names) as client:
            return await client.commit(outgoing(where))

    async with listening(inbox) as port:
        hanging = [asyncio.ensure_future(send(f"{n}.silent", port)) for n in range(MANY)]
        async with asyncio.timeout(60):
            assert isinstance(await send("mail.example", port), Published)
        assert not any(one.done() for one in hanging)
        silent.set()
        ended = await asyncio.gather(*hanging)
    assert all(isinstance(one, Unavailable) for one in ended)
    assert len(inbox.messages) == 1


def test_a_name_server_that_never_answers_holds_up_no_call_and_no_letter() -> None:
    apart = ["unshare", "--map-root-user", "--mount", "--net"]
    if shutil.which(apart[0]) is None or subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("a network and a resolver of its own (unshare) are not to be had here")
    told = subprocess.run(
        [*apart, sys.executable, "-m", "tests.platforms.kit.unanswered"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    assert json.loads(told.stdout) == {"answered": 404, "letter": "Published", "calls": ["NotSent"]}


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
