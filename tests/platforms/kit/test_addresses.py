"""No connection leaves for a private address, whatever it is called and whenever it is resolved."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiohttp import web

from copydesk.platforms.kit import addresses
from copydesk.platforms.kit.addresses import is_public
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import NotSent
from copydesk.testing.loopback import LoopbackServer


class Server(LoopbackServer):
    def routes(self) -> list[web.RouteDef]:
        async def take(_: web.Request) -> web.Response:
            return web.Response(text="secret of the inner network")

        return [web.post("/", take)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "2001:0:7f00:1::",
        "localhost",
        "",
    ],
)
def test_what_is_not_for_everybody_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_for_everybody_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "example.org@127.0.0.1",
    ],
)
async def test_a_guarded_transport_reaches_no_private_address(host: str) -> None:
    async with Server() as server:
        url = server.url.replace("127.0.0.1", host)
        guarded = HttpTransport(user_agent="test", public_only=True)
        free = HttpTransport(user_agent="test")
        try:
            with pytest.raises(NotSent, match="not a public address"):
                await guarded.call("POST", url)
            assert server.hits == [], "nothing arrived"
            assert (await free.call("POST", server.url)).status == 200
        finally:
            await guarded.close()
            await free.close()


async def test_a_name_that_turns_private_between_two_calls_is_called_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was looked at is what is called: the name is asked for once in each call."""
    meanings = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"]]

    def looked_up(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        found = meanings.pop(0) if host == "turns.invalid" else [host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port or 0)) for one in found]

    async with Server() as server:
        monkeypatch.setattr(socket, "getaddrinfo", looked_up)
        monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
        url = server.url.replace("127.0.0.1", "turns.invalid")
        guarded = HttpTransport(user_agent="test", public_only=True)
        try:
            assert (await guarded.call("POST", url)).status == 200
            with pytest.raises(NotSent, match="not a public address"):
                await guarded.call("POST", url)
            assert (await guarded.call("POST", url)).status == 200
        finally:
            await guarded.close()
        assert [hit.headers["host"] for hit in server.hits] == [url.removeprefix("http://")] * 2
    assert meanings == []
