"""Servers that are not ours answer as they do elsewhere: large bodies, packed, in pieces, kept."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import uvicorn
from aiohttp import web

from copydesk.platforms.kit.http_transport import HttpTransport
from tests.platforms.kit.raw_server import LONG

LARGE = hashlib.sha512(b"seed").digest() * 160_000  # 10 MB that no packing makes small

TEXT = b"packed " * 10_000


@asynccontextmanager
async def uvicorn_with(parser: str) -> AsyncIterator[str]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        path, headers, pieces = scope["path"], [], [body]
        if path == "/packed":
            headers, pieces = [(b"content-encoding", b"gzip")], [gzip.compress(TEXT)]
        elif path == "/pieces":
            pieces = [body[at : at + 9999] for at in range(0, len(body), 9999)]
        if path != "/pieces":
            headers.append((b"content-length", b"%d" % len(pieces[0])))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(
        app, port=0, http=parser, lifespan="off", log_config=None, ws="none", loop="asyncio"
    )
    server = uvicorn.Server(config)
    # its own place for signals is the main thread, where the test runs
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it says so no other way
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def aiohttp_web() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.path == "/packed":
            return web.Response(body=gzip.compress(TEXT), headers={"Content-Encoding": "gzip"})
        if request.path == "/echo":
            return web.Response(body=body)
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for at in range(0, len(body), 9999):
            await response.write(body[at : at + 9999])
        return response

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{any}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Plain(BaseHTTPRequestHandler):
    """Python's own server, which ends a body by closing where nobody says how long it is."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if self.path == "/packed":
            body = gzip.compress(TEXT)
            self.send_header("Content-Encoding", "gzip")
        if self.path == "/pieces":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@asynccontextmanager
async def http_server() -> AsyncIterator[str]:
    class Server(ThreadingHTTPServer):
        request_queue_size = 200

    with Server(("127.0.0.1", 0), Plain) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


NODE = """
const zlib = require("zlib");
const server = require("http").createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces);
    if (request.url === "/packed") {
      response.setHeader("Content-Encoding", "gzip");
      response.end(zlib.gzipSync("packed ".repeat(10000)));
    } else if (request.url === "/echo") {
      response.end(body);
    } else {
      for (let at = 0; at < body.length; at += 9999) response.write(body.subarray(at, at + 9999));
      response.end();
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@asynccontextmanager
async def node() -> AsyncIterator[str]:
    path = shutil.which("node")
    if path is None:
        pytest.skip("there is no Node.js here")
    process = await asyncio.create_subprocess_exec(path, "-e", NODE, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


SERVERS = {
    "uvicorn and h11": lambda: uvicorn_with("h11"),
    "uvicorn and httptools": lambda: uvicorn_with("httptools"),
    "aiohttp": aiohttp_web,
    "http.server": http_server,
    "node": node,
}


@pytest.mark.parametrize("serves", SERVERS.values(), ids=SERVERS)
async def test_a_server_that_is_not_ours_is_understood(
    serves: Callable[[], AbstractAsyncContextManager[str]],
) -> None:
    transport = HttpTransport(user_agent="copydesk-tests", most_bytes=len(LARGE))
    async with serves() as url:

        async def said(path: str, body: bytes) -> bytes:
            reply = await transport.call("POST", url + path, body=body, timeout=LONG)
            assert (reply.status, reply.is_whole) == (200, True)
            return reply.body

        for path in ("/echo", "/pieces"):
            assert await said(path, LARGE) == LARGE
        assert await said("/packed", b"") == TEXT

        async def talk(of: int) -> None:
            for turn in range(20):
                mine = b"%d of %d" % (turn, of)
                assert await said("/pieces" if turn % 5 == 4 else "/echo", mine) == mine

        await asyncio.gather(*(talk(of) for of in range(50)))
        await transport.close()
