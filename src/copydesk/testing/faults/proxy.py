"""A TCP proxy that damages what passes through it, in front of any server.

    async with FaultProxy("127.0.0.1:5432") as proxy:
        proxy.damage(Damage.CUT_RESPONSE, after=0, times=3)
        connect(proxy.address)

An exchange is a request up to the first byte of its answer. Damage strikes whole exchanges, also
on a connection that has been in use for a while, as real networks do.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Final, Self

_CHUNK: Final = 1 << 16


class Damage(StrEnum):
    """What happens to an exchange."""

    CUT_REQUEST = "cut_request"  # the connection breaks after N bytes of the request
    CUT_RESPONSE = "cut_response"  # … after the whole request and N bytes of the answer
    SWALLOW_REQUEST = "swallow_request"  # the request goes nowhere, the connection stays
    SWALLOW_RESPONSE = "swallow_response"  # the request arrives, its answer goes nowhere
    HALF_CLOSE = "half_close"  # the request arrives, the caller reads the end of the stream
    DELAY = "delay"  # everything arrives, later


class FaultProxy:
    """A proxy on 127.0.0.1 to `target` (HOST:PORT) for the length of an `async with`.

    `exchanges` and `struck` count what passed and what was damaged.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._port = 0
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._damage: Damage | None = None
        self._times = 0
        self._gaps: Iterator[int] = itertools.repeat(1)
        self._left = 0
        self._only_kept = False
        self.after = 0
        self.seconds = 0.0
        self.exchanges = 0
        self.struck = 0

    @property
    def address(self) -> str:
        """Return HOST:PORT to connect to; it stays the same for the proxy's life."""
        return f"127.0.0.1:{self._port}"

    def damage(
        self,
        damage: Damage,
        *,
        after: int = 0,
        seconds: float = 0.0,
        times: int = 1,
        every: int | Sequence[int] = 1,
        kept: bool = False,
    ) -> None:
        """Damage each `every`-th exchange from the next one on, `times` times in all; with `kept`
        of those alone that come on a connection which has carried one before.

        Several numbers are taken in turn: at one beat, a caller whose tries have as many exchanges
        would lose the same one in each of them. `after` is how many bytes pass before a cut,
        `seconds` how long a delay lasts.
        """
        self._damage, self._times, self._left = damage, times, 0
        self._gaps = itertools.cycle([every] if isinstance(every, int) else every)
        self.after, self.seconds, self._only_kept = after, seconds, kept

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def accept(self) -> None:
        """Listen (again), on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._link, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Break every connection and refuse new ones until `accept`."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.break_off()
        # their tasks end by themselves once their connections are gone
        while self._links:
            await asyncio.gather(*(link.ended.wait() for link in tuple(self._links)))
        if server is not None:
            await server.wait_closed()

    async def restart(self) -> None:
        """Break every connection, as a server that was restarted does."""
        await self.refuse()
        await self.accept()

    def break_off(self) -> None:
        """Break every connection now; new ones are welcome."""
        for link in tuple(self._links):
            link.abort()

    def next_damage(self, *, kept: bool) -> Damage | None:
        """Count an exchange and return what is to happen to it; `kept` says that its connection has
        carried one before."""
        self.exchanges += 1
        if self._damage is None or self._times < 1 or (self._only_kept and not kept):
            return None
        if self._left:
            self._left -= 1
            return None
        self._left = next(self._gaps) - 1
        self._times -= 1
        self.struck += 1
        return self._damage

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), there)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.ended.set()


Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: FaultProxy, caller: Side, server: Side) -> None:
        self._proxy = proxy
        self._caller = caller
        self._server = server
        self._damage: Damage | None = None
        self._asking = False
        self._used = False
        self._passed = 0
        self.ended = asyncio.Event()

    async def run(self) -> None:
        requests = asyncio.create_task(self._requests())
        answers = asyncio.create_task(self._answers())
        try:
            await asyncio.gather(requests, answers)
        except (ConnectionError, OSError):
            self.abort()
        finally:
            for task in (requests, answers):
                task.cancel()
            await asyncio.gather(requests, answers, return_exceptions=True)
            self.abort()

    def abort(self) -> None:
        for _, writer in (self._caller, self._server):
            writer.transport.abort()

    async def _requests(self) -> None:
        reader, writer = self._caller[0], self._server[1]
        while data := await reader.read(_CHUNK):
            if not self._asking:
                self._asking, self._passed = True, 0
                self._damage = self._proxy.next_damage(kept=self._used)
                self._used = True
                if self._damage is Damage.DELAY:
                    await asyncio.sleep(self._proxy.seconds)
            if self._damage is Damage.SWALLOW_REQUEST:
                continue
            if self._damage is Damage.CUT_REQUEST:
                data = data[: max(0, self._proxy.after - self._passed)]
                self._passed += len(data)
                writer.write(data)
                await writer.drain()
                if self._passed >= self._proxy.after:
                    raise ConnectionAbortedError
                continue
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    async def _answers(self) -> None:
        reader, writer = self._server[0], self._caller[1]
        while data := await reader.read(_CHUNK):
            damage = self._damage
            if self._asking:
                self._asking, self._passed = False, 0
            if damage is Damage.SWALLOW_RESPONSE:
                continue
            if damage is Damage.HALF_CLOSE:
                writer.write_eof()
                # what the caller does now is its own affair; the answer is gone
                self._damage = Damage.SWALLOW_RESPONSE
                continue
            if damage is Damage.CUT_RESPONSE:
                writer.write(data[: max(0, self._proxy.after - self._passed)])
                self._passed += len(data)
                if self._passed >= self._proxy.after:
                    with suppress(OSError):
                        await writer.drain()
                    raise ConnectionAbortedError
                continue
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
