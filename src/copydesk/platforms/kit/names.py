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
AT_ONCE: Final = 100


class Names:
    """Looks names up for one transport. `at_once` bounds its threads."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._places = asyncio.Semaphore(at_once)

    async def addresses(self, host: str) -> list[str]:
        """Return the numbers of `host`, in the system's order. Raises `OSError` for none."""
        async with self._places:
            return await _in_a_thread(lambda: _looked_up(host))


def _looked_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _in_a_thread(work: Callable[[], list[str]]) -> list[str]:
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
    return await asyncio.wrap_future(found)
