"""Looking names up in threads of their own, so that a name server that hangs holds up nobody else.

The event loop's own look-up shares a handful of threads with everything a process does beside its
loop: a few names whose servers never answer stop every other platform, and much more. The system's
resolver cannot be called off either, so these threads are not waited for when the process ends.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

#: How many names are looked up at once; who asks for more waits. Each is asked once at a time.
AT_ONCE: Final = 200


class Names:
    """Looks names up, for one event loop. `at_once` bounds its threads: those that hang count until
    the system gives them up, whoever has stopped waiting for them."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return the numbers of `host`, in the system's order. Raises `OSError` for none."""
        if host not in self._asked:
            await self._places.acquire()
            if host in self._asked:
                self._places.release()  # somebody asked while we waited
            else:
                self._ask(host)
        # who stops waiting leaves it to the others who wait for the same name
        return await asyncio.shield(self._asked[host])

    async def connected(self, host: str, port: int) -> socket.socket:
        """Return a connection to the first address of `host` that takes one at `port`.

        Takes as long as it takes: how long that may be is the caller's bound. Raises `OSError`.
        """
        addresses = await self.addresses(host)
        for address in addresses[:-1]:
            try:
                return await _connected(address, port)
            except OSError:
                continue
        return await _connected(addresses[-1], port)

    def _ask(self, host: str) -> None:
        asked = self._asked[host] = _in_a_thread(lambda: _looked_up(host))

        def told(found: asyncio.Future[list[str]]) -> None:
            del self._asked[host]
            self._places.release()
            if not found.cancelled():
                found.exception()  # read, lest it be logged as an error when nobody waits any more

        asked.add_done_callback(told)


def _looked_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _connected(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    return connection


def _in_a_thread(work: Callable[[], list[str]]) -> asyncio.Future[list[str]]:
    found: Future[list[str]] = Future()
    found.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found.set_result(work())
        except UnicodeError as error:
            problem = f"no host is called that: {error}"
            found.set_exception(socket.gaierror(socket.EAI_NONAME, problem))
        except BaseException as error:  # whatever it was, who waits has to hear of it
            found.set_exception(error)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    return asyncio.wrap_future(found)
