"""A repository over smart HTTP on this machine: real git behind a server that can lose answers."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path


class HttpRemote:
    """Serves `repository` at `/site.git`; `faults` maps (method, service) to what goes wrong.

    A number is answered as that status without asking git. `lost` lets git do its work and then
    closes the connection; `reset` closes it before.
    """

    def __init__(self, repository: Path, faults: dict[tuple[str, str], int | str]) -> None:
        self.repository = repository
        self.faults = faults
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        talks: list[asyncio.Task[None]] = []

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.append(asyncio.create_task(self._talk(reader, writer)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/site.git"
        finally:
            server.close()
            await server.wait_closed()
            await asyncio.wait_for(asyncio.gather(*talks), 60)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.strip().split("\r\n")
            method, target, _ = request.split(" ")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
            self.requests.append((method, target, headers))
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            writer.write(await self._answer(method, target, body))
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, method: str, target: str, body: bytes) -> bytes:
        service = target.rpartition("git-")[2]
        fault = self.faults.get((method, service))
        if fault == "reset":
            return b""
        if isinstance(fault, int):
            return _response(fault, "text/plain", b"no")
        if method == "GET":
            advertised = await self._git(service, "--advertise-refs")
            line = f"# service=git-{service}\n"
            content = f"{len(line) + 4:04x}{line}0000".encode() + advertised
            return _response(200, f"application/x-git-{service}-advertisement", content)
        content = await self._git(service, stdin=body)
        if fault == "lost":
            return b""
        return _response(200, f"application/x-git-{service}-result", content)

    async def _git(self, service: str, *options: str, stdin: bytes = b"") -> bytes:
        process = await asyncio.create_subprocess_exec(
            "git",
            service,
            "--stateless-rpc",
            *options,
            str(self.repository),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(stdin)
        return out


def _response(status: int, kind: str, content: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
