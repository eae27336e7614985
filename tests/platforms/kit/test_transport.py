"""What a spoke has written out in full leaves exactly so."""

from __future__ import annotations

import pytest
from aiohttp import web

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.loopback import LoopbackServer


class Echo(LoopbackServer):
    """Answers with the address as it arrived, byte for byte."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/{tail:.*}", self._tell)]

    async def _tell(self, request: web.Request) -> web.Response:
        return web.Response(text=request.raw_path)


@pytest.mark.parametrize(
    ("path", "query", "arrives"),
    [
        ("/posts/urn%3Ali%3Ashare%3A1", None, "/posts/urn%3Ali%3Ashare%3A1"),
        ("/s?shares=List(urn%3Ali%3A1)", None, "/s?shares=List(urn%3Ali%3A1)"),
        ("/posts/urn%3Ali%3A1", {"q": "a b"}, "/posts/urn%3Ali%3A1?q=a+b"),
        ("/hello world", None, "/hello%20world"),
        ("/häuser/100%25", None, "/h%C3%A4user/100%25"),
    ],
)
async def test_what_is_encoded_stays_encoded_and_the_rest_becomes_so(
    path: str, query: dict[str, str] | None, arrives: str
) -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with Echo() as server:
        reply = await transport.call("GET", server.url + path, query=query)
        await transport.close()
    assert reply.body.decode() == arrives
