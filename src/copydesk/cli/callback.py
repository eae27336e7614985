"""A page on this machine that waits for one answer of a platform: where a browser comes back to."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

PATH = "/callback"
#: A request line and its headers are not longer than this; more is not read.
_MOST = 16_384


class Callback:
    """Waits on a free port of 127.0.0.1. Takes the first answer with the right `state`."""

    def __init__(self, state: str = "") -> None:
        self.state = state
        self.answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; what is not the platform's answer changes nothing."""
        try:
            async with asyncio.timeout(10):
                line = (await reader.readline())[:_MOST].decode("latin-1")
            status, words = self._take(line)
            body = f"<!doctype html><title>copydesk</title><p>{html.escape(words)}</p>".encode()
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
                "Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\n"
                "Connection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            # somebody knocked and left, or sent no HTTP: the person has not come back yet
            pass
        finally:
            writer.close()

    def _take(self, line: str) -> tuple[str, str]:
        method, _, rest = line.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        if method != "GET" or target.path != PATH:
            return "404 Not Found", "There is nothing here."
        answer = dict(parse_qsl(target.query))
        if not self.state or answer.get("state") != self.state:
            return "400 Bad Request", "This answer is not to the question copydesk asked (state)."
        if self.answer.done():
            return "409 Conflict", "This answer was used already."
        self.answer.set_result(answer)
        return "200 OK", "copydesk has the answer. You can close this page."


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Callback, str]]:
    """Listen for the body's length; yields the callback and the address to come back to."""
    callback = Callback()
    server = await asyncio.start_server(callback.serve, "127.0.0.1", 0, limit=_MOST)
    port = server.sockets[0].getsockname()[1]
    try:
        yield callback, f"http://127.0.0.1:{port}{PATH}"
    finally:
        server.close()
        await server.wait_closed()
