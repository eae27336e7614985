"""Looking names up in threads of their own, so that a name server that hangs holds up nobody else.

The event loop's own look-up shares a handful of threads with everything a process does beside its
loop: a few names whose servers never answer stop every other platform, and much more. The system's
resolver cannot be called off either, so these threads are not waited for when the process ends.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from aiohappyeyeballs import start_connection

#: How many names are looked up at once; who asks for more waits. Each is asked once at a time.
AT_ONCE: Final = 200

#: Seconds an address has to answer before the next one is tried beside it (RFC 8305 §8).
_HEAD_START: Final = 0.25


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
        return await connected_to(await self.addresses(host), port)

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


async def connected_to(addresses: Sequence[str], port: int) -> socket.socket:
    """Return a connection to the first of `addresses`, which are numbers, that takes one at `port`.

    They are tried in their order, each while those before are still silent after `_HEAD_START`
    (RFC 8305 §5). Takes as long as it takes. Raises `OSError`.
    """
    places = [_place(address, port) for address in addresses]
    return await start_connection(places, happy_eyeballs_delay=_HEAD_START)


def _place(address: str, port: int) -> tuple[int, int, int, str, tuple[str, int]]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


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

    try:
        threading.Thread(target=run, name="look-up", daemon=True).start()
    except RuntimeError as error:  # the system gives no more of them
        found.set_exception(OSError(errno.EAGAIN, str(error)))
    return asyncio.wrap_future(found)
