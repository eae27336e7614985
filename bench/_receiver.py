"""A bare HTTP platform in a process of its own: takes every POST and counts its `webhook-id`.

`python -m bench._receiver [SECONDS]` prints its address and serves until it is stopped; its answer
to an event takes that long. `GET /` says how many events came, how many different ones and how many
were asked after; `DELETE /` forgets them all.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from aiohttp import web


class Receiver:
    """Counts the events it has taken, in memory."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: Counter[str] = Counter()
        self._asked = 0

    async def take(self, request: web.Request) -> web.Response:
        """Take one event."""
        await request.read()
        self._seen[request.headers["webhook-id"]] += 1
        if self._seconds:
            await asyncio.sleep(self._seconds)
        return web.json_response({"ok": True})

    async def ask(self, request: web.Request) -> web.Response:
        """Say whether an event has come."""
        self._asked += 1
        return web.Response(status=200 if request.match_info["id"] in self._seen else 404)

    async def count(self, _request: web.Request) -> web.Response:
        """Say what has come."""
        counts = {
            "events": self._seen.total(),
            "different": len(self._seen),
            "asked": self._asked,
        }
        return web.json_response(counts)

    async def forget(self, _request: web.Request) -> web.Response:
        """Begin again."""
        self._seen.clear()
        self._asked = 0
        return web.Response(status=204)


async def main() -> None:
    receiver = Receiver(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
    app = web.Application()
    app.router.add_post("/events", receiver.take)
    app.router.add_get("/events/{id}", receiver.ask)
    app.router.add_get("/", receiver.count)
    app.router.add_delete("/", receiver.forget)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
