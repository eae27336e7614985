"""A webhook receiver that records what it takes, with and without a way to ask it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aiohttp import web

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer

_SECRET = "whsec_" + "ZmF1bHRLaXRLZXlPZlRoaXJ0eVR3b0J5dGVzISE="


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An event that was taken: its `webhook-id`, the post it is about, its type and its body."""

    id: str
    marker: str
    kind: str
    body: str
    at: datetime


class Receiver(LoopbackServer):
    """Takes events at `/hook`; `/hook/<id>` tells whether one arrived, unless it is too young
    (`stale_for` seconds) or the next `broken_looks` look-ups fail."""

    def __init__(self, *, deduplicates: bool, **more: Any) -> None:
        super().__init__(**more)
        self.deduplicates = deduplicates
        self.taken: list[Taken] = []
        self.changed: dict[str, str] = {}
        self.removed: set[str] = set()
        self.stale_for = 0.0
        self.broken_looks = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the hook and the question."""
        return [web.post("/hook", self._take), web.get("/hook/{id}", self._tell)]

    async def _take(self, request: web.Request) -> web.Response:
        id, body = request.headers["webhook-id"], await request.text()
        if not (self.deduplicates and any(id == event.id for event in self.taken)):
            self.taken.append(
                Taken(
                    id=id,
                    marker=marker_in(body),
                    kind=json.loads(body)["type"],
                    body=body,
                    at=self.clock.now(),
                )
            )
        return web.json_response({})

    async def _tell(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return web.Response(status=503)
        now, wanted = self.clock.now(), request.match_info["id"]
        known = [
            event
            for event in self.taken
            if event.id == wanted and (now - event.at).total_seconds() >= self.stale_for
        ]
        if not known or (known[0].kind != "post.deleted" and known[0].marker in self.removed):
            return web.Response(status=404)
        changed = self.changed.get(known[0].marker, "")
        return web.json_response({"changed": changed} if changed else {})


class WebhookRig(HttpRig):
    """A receiver that promises nothing and cannot be asked: certainty is impossible there."""

    spoke: ClassVar[str] = "webhook"
    platform: ClassVar[str] = "webhook"
    deduplicates: ClassVar[bool] = False
    can_be_asked: ClassVar[bool] = False
    server: Receiver

    def make_server(self) -> LoopbackServer:
        """Return the receiver."""
        return Receiver(deduplicates=self.deduplicates, clock=self.clock)

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        hook = f"http://{address}/hook"
        settings = {"url": hook}
        if self.deduplicates:
            settings["deduplicates"] = "true"
        if self.can_be_asked:
            settings["status_url"] = f"{hook}/{{id}}"
        return settings

    def secrets(self) -> Mapping[str, str]:
        """Return the signing secret."""
        return {"secret": _SECRET}

    def copies(self) -> Counter[str]:
        """Count how often the receiver was told to publish each post; what it was told to remove
        is not there."""
        told = Counter((e.marker, e.kind) for e in self.server.taken)
        return Counter(
            {
                marker: told[marker, "post.published"]
                for marker, kind in told
                if kind == "post.published" and self.shown(marker)
            }
        )

    def shown(self, marker: str) -> str:
        """Return the last event about the post, and what somebody wrote into it there."""
        events = [event for event in self.server.taken if event.marker == marker]
        if not events or events[-1].kind == "post.deleted" or marker in self.server.removed:
            return ""
        return f"{events[-1].body} {self.server.changed.get(marker, '')}".strip()

    def edit_there(self, marker: str, words: str) -> None:
        """Change the post where the receiver keeps it."""
        self.server.changed[marker] = words

    def remove_there(self, marker: str) -> None:
        """Remove the post where the receiver keeps it."""
        self.server.removed.add(marker)

    def misread(self, fault: Fault) -> None:
        """Show events late, or break off looks, where there are any."""
        if not self.can_be_asked:
            self.not_applicable("this receiver cannot be asked anything")
        if fault is Fault.STALE_READS:
            # just inside what the manifest says a receiver may need
            self.server.stale_for = 1.5
        else:
            self.server.broken_looks = 3

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Misbehave, where a receiver can."""
        if fault is Fault.TOKEN_EXPIRED:
            self.not_applicable("a signing secret does not expire")
        if fault is Fault.HTML_WITH_200:
            self.not_applicable("any 2xx is success in Standard Webhooks, whatever the body says")
        super().strike(fault, deliveries)


class WebhookStatusRig(WebhookRig):
    """A receiver that can be asked."""

    spoke: ClassVar[str] = "webhook+status"
    can_be_asked: ClassVar[bool] = True


class WebhookKeyRig(WebhookRig):
    """A receiver that takes each webhook-id once, and cannot be asked."""

    spoke: ClassVar[str] = "webhook+deduplicates"
    deduplicates: ClassVar[bool] = True
