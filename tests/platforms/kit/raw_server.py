"""A server that does over each connection exactly what a test tells it, byte by byte."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Acts = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

#: Seconds: longer than anything takes that ends by itself.
LONG = 30.0


async def one_request(reader: asyncio.StreamReader) -> bytes:
    """Return the next request with its body, as long as its `Content-Length` says; b"" at the
    end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


def answering(*pieces: bytes, closes: bool = False) -> Acts:
    """Answer each request with `pieces`, one after the other; with `closes` the first alone."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await one_request(reader):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if closes:
                return

    return act


class Served:
    """Where a raw server listens, and how many connections were made to it."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.connections = 0
        self.url = f"{scheme}://127.0.0.1:{port}/"


@asynccontextmanager
async def serving(acts: Acts, secured: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """Let `acts` speak over every connection that is made; each is closed when it has returned."""
    ours: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        task = asyncio.current_task()
        assert task is not None
        ours.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await acts(reader, writer)
        finally:
            ours.discard(task)
            writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=secured, backlog=200)
    served = Served(server.sockets[0].getsockname()[1], "https" if secured else "http")
    try:
        yield served
    finally:
        server.close()
        for task in list(ours):
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
