"""A receiver that records what it gets and keeps each webhook-id it took."""

from __future__ import annotations

from aiohttp import web

from copydesk.testing.loopback import Hit, LoopbackServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(LoopbackServer):
    """Takes events at `/hook`; `/hook/<id>` tells whether one arrived. `status` and
    `body` are what it answers."""

    def __init__(self, *, deduplicates: bool = False) -> None:
        super().__init__()
        self.deduplicates = deduplicates
        self.taken: list[str] = []
        self.status = 200
        self.body: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hook", self._take), web.get("/hook/{id}", self._tell)]

    @property
    def events(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.method == "POST"]

    async def _take(self, request: web.Request) -> web.Response:
        if self.status >= 300:
            return web.json_response(self.body, status=self.status)
        id = request.headers["webhook-id"]
        if not (self.deduplicates and id in self.taken):
            self.taken.append(id)
        return web.json_response(self.body, status=self.status)

    async def _tell(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if request.match_info["id"] in self.taken else 404)
