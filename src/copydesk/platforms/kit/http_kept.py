"""Connections that are kept for the next call, by what they may be shared for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from copydesk.platforms.kit.http_connection import Connection

#: What connections are shared by: whether they are secure, the host, the port.
Origin = tuple[bool, str, int]

#: How long a connection is kept for the next call, in seconds. A server that closes it at that very
#: moment makes an outcome unknown, so it is less than what servers commonly wait.
IDLE: Final = 15.0

#: How many connections are kept in all.
MOST: Final = 500


class Kept:
    """The connections one transport keeps."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[Connection]] = {}
        self._count = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    def take(self, origin: Origin, addresses: Sequence[str] | None = None) -> Connection | None:
        """Return a connection that was kept, if any is still good; with `addresses` to one of
        those."""
        kept = self._idle.get(origin)
        if not kept:
            return None
        since = asyncio.get_running_loop().time() - IDLE
        while kept:
            connection = kept.pop()
            self._count -= 1
            is_good = connection.idle_since > since and connection.is_quiet
            if is_good and (addresses is None or connection.address in addresses):
                return connection
            connection.abort()
        return None

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next call, behind those that were kept before it."""
        if self._is_closed or self._count >= MOST:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.setdefault(origin, []).append(connection)
        self._count += 1
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE, self._sweep, loop)

    def drop(self, origin: Origin) -> None:
        """Close those that were kept for `origin`."""
        for connection in self._idle.pop(origin, ()):
            self._count -= 1
            connection.abort()

    def close(self) -> None:
        """Close them all, and keep none from now on."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for origin in list(self._idle):
            self.drop(origin)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what nobody has used for a while, and come back when the next is due."""
        self._sweeping = None
        since = loop.time() - IDLE
        for origin, kept in list(self._idle.items()):
            for connection in [one for one in kept if one.idle_since <= since or one.is_done]:
                kept.remove(connection)
                self._count -= 1
                connection.abort()
            if not kept:
                del self._idle[origin]
        if self._idle:
            oldest = min(kept[0].idle_since for kept in self._idle.values())
            self._sweeping = loop.call_at(oldest + IDLE, self._sweep, loop)
