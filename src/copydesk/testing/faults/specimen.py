"""A spoke of the kit's own: the smallest HTTP platform, with any kind of idempotency.

It stands in where no real spoke has a kind, and shows third parties how little a rig needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final

from aiohttp import web

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing, Rendition
from copydesk.core.findings import Finding
from copydesk.core.outcomes import (
    Absent,
    AuthExpired,
    Duplicate,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Published,
)
from copydesk.platforms.kit.classify import ErrorTable
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Api, Idempotency, Manifest, Reconcile
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


def _error(reply: Reply) -> tuple[str, str]:
    body = reply.json()
    return ("", str(body.get("error", ""))) if isinstance(body, dict) else ("", "")


TABLE: Final[ErrorTable] = {
    (401, ""): lambda failure: AuthExpired(answer=failure.answer),
    (409, ""): lambda failure: Duplicate(of=failure.message, answer=failure.answer),
}


class SpecimenClient(Client):
    """One call to publish, one to look."""

    def __init__(self, session: Session, kind: Idempotency, *, can_find: bool) -> None:
        self._kind = kind
        self._can_find = can_find
        self._wire = Wire(
            session.transport,
            base=session.account.settings["url"],
            table=TABLE,
            read_error=_error,
            timeout=20.0,
        )

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Create the post in the way its kind of idempotency asks for."""
        by_id = self._kind is Idempotency.CLIENT_ID
        reply = await self._wire.write(
            "PUT" if by_id else "POST",
            f"/posts/{outgoing.key}" if by_id else "/posts",
            headers={"Idempotency-Key": outgoing.key},
            json_body=dict(outgoing.payload),
        )
        if not isinstance(reply, Reply):
            return reply
        body = reply.json()
        if not isinstance(body, dict) or not body.get("id"):
            return self._wire.unreadable(reply, "the id of the post")
        return Published(str(body["id"]), answer=self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Ask for the post by its key."""
        if not self._can_find:
            return Inconclusive("this account cannot be asked")
        reply = await self._wire.read("GET", f"/posts/{outgoing.key}")
        if isinstance(reply, Reply):
            return Landed(outgoing.key)
        return (
            Absent("asked by key")
            if reply.answer.status == 404
            else Inconclusive("no clear answer")
        )

    async def test(self) -> Outcome:
        """Say hello."""
        return Published("specimen")


class Specimen(Platform):
    """A platform with as little as a platform can have."""

    name: ClassVar[str] = "specimen"
    manifest: ClassVar[Manifest] = Manifest(
        name="specimen",
        title="Specimen",
        summary="The fault kit's own platform",
        auth="none",
        api=Api(version="1", sunset=date.max),
        idempotency=Idempotency.NONE,
        reconcile=Reconcile(find=True, delay=1.0),
        timeout=20.0,
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(key="url", help="where it is", required=True),
        Setting(key="idempotency", help="its kind", default="none", choices=tuple(Idempotency)),
        Setting(key="find", help="whether it can be asked", default="yes", choices=("yes", "no")),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return title and body."""
        content = subject.content
        payload = {"title": content.title, "body": content.body, "slug": content.slug}
        return Rendition(payload=payload, text=content.title)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Take everything."""
        return []

    def connect(self, session: Session) -> Client:
        """Return the client."""
        account = session.account
        find = self.reconcile(account).find
        return SpecimenClient(session, self.idempotency(account), can_find=find)

    def idempotency(self, account: Account) -> Idempotency:
        """Return what the account's setting says."""
        return Idempotency(account.settings.get("idempotency", "none"))

    def reconcile(self, account: Account) -> Reconcile:
        """Return whether the account can be asked."""
        find = account.settings.get("find", "yes") == "yes"
        return self.manifest.reconcile.model_copy(update={"find": find})


class SpecimenServer(LoopbackServer):
    """Keeps posts by key. `kind` decides what a repeated create does."""

    def __init__(self, kind: Idempotency, **more: Any) -> None:
        super().__init__(**more)
        self.kind = kind
        self.posts: list[tuple[str, str, datetime]] = []
        self.broken_looks = 0
        self.stale_for = 0.0

    def routes(self) -> list[web.RouteDef]:
        """Return the three calls there are."""
        return [
            web.post("/posts", self._create),
            web.put("/posts/{key}", self._create),
            web.get("/posts/{key}", self._show),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        key = str(request.match_info.get("key") or request.headers.get("Idempotency-Key", ""))
        body = await request.json()
        known = any(kept == key for kept, _, _ in self.posts)
        if known and self.kind is Idempotency.CLIENT_ID:
            return web.json_response({"error": key}, status=409)
        if not known or self.kind is Idempotency.NONE:
            self.posts.append((key, marker_in(body["title"]), self.clock.now()))
        return web.json_response({"id": key}, status=201)

    async def _show(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            return web.json_response({"error": "not now"}, status=503)
        now = self.clock.now()
        for key, _, at in self.posts:
            if key == request.match_info["key"]:
                if (now - at).total_seconds() < self.stale_for:
                    break
                return web.json_response({"id": key})
        return web.json_response({"error": "no such post"}, status=404)


class SpecimenRig(HttpRig):
    """The specimen with one kind of idempotency; subclasses choose."""

    spoke: ClassVar[str] = "specimen"
    platform: ClassVar[str] = "specimen"
    module: ClassVar[str] = __name__
    kind: ClassVar[Idempotency] = Idempotency.NONE
    find: ClassVar[str] = "yes"
    server: SpecimenServer

    def make_server(self) -> LoopbackServer:
        """Return the server of this kind."""
        return SpecimenServer(self.kind, clock=self.clock)

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"url": f"http://{address}", "idempotency": self.kind.value, "find": self.find}

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says
            self.server.stale_for = 0.9
        else:
            self.server.broken_looks = 3

    def copies(self) -> Counter[str]:
        """Count what the server keeps."""
        return Counter(marker for _, marker, _ in self.server.posts)


class ClientIdRig(SpecimenRig):
    """We choose the id; a second create of it is refused as a duplicate."""

    spoke: ClassVar[str] = "specimen+client_id"
    kind: ClassVar[Idempotency] = Idempotency.CLIENT_ID


PLATFORM = Specimen()
