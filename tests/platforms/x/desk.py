"""An account on a fake X, a client of it, and posts to send."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import Published, Ready
from copydesk.core.post import Media
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_x import FakeX
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import PIXEL, Case, sample_case


def picture(name: str = "a.png", alt: str = "A pixel", content: bytes = PIXEL) -> Media:
    return Media(
        name=name,
        content_type="image/png",
        sha256=hashlib.sha256(name.encode() + content).hexdigest(),
        size=len(content),
        alt=alt,
    )


def film(name: str = "clip.mp4", size: int = 12_000_000, alt: str = "A clip") -> Media:
    kind = "image/gif" if name.endswith(".gif") else "video/mp4"
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Media(name=name, content_type=kind, sha256=digest, size=size, alt=alt)


def payload(*texts: str, media: Sequence[Sequence[Media]] = (), **more: Any) -> dict[str, Any]:
    """Return a payload as `render` makes it: `media` are the files of each part."""
    files = [*media, *[()] * (len(texts) - len(media))]
    return {
        "form": "thread" if len(texts) > 1 else "post",
        "parts": [
            {
                "text": text,
                "length": len(text),
                "media": [{"name": m.name, "alt": m.alt} for m in attached],
            }
            for text, attached in zip(texts, files, strict=True)
        ],
        "reply_settings": "everyone",
        "made_with_ai": False,
        "paid_partnership": False,
        "poll": None,
        **more,
    }


class Desk:
    """What a test works with. `outgoing` is a post that was prepared, sent for the first time at
    NOON; X's clock stands a minute later, when its listing proves what it lacks."""

    def __init__(self, server: FakeX, clock: StoppedClock, transport: HttpTransport, home: Path):
        self.server = server
        self.clock = clock
        self.home = home
        self.transport = ImpatientTransport(transport, 0.5, server)
        self.case: Case = sample_case("x", {"base_url": server.url}, {"access_token": server.token})
        self.account: Account = replace(self.case.account, identity="@desk")
        self.client = self.connect()
        self.outgoing = self.to_send("Desks are open again.")

    def connect(self, **settings: str) -> Client:
        account = replace(self.account, settings={**self.account.settings, **settings})

        async def load(media: Media) -> bytes:
            return PIXEL if media.content_type == "image/png" else bytes(media.size)

        return self.case.platform.connect(
            Session(
                account=account,
                secrets=self.case.secrets,
                transport=self.transport,
                load_media=load,
                home=self.home,
            )
        )

    def to_send(self, *texts: str, media: Sequence[Sequence[Media]] = (), **more: Any) -> Outgoing:
        choices = ("reply_settings", "made_with_ai", "paid_partnership", "poll")
        fields: dict[str, Any] = {name: more.pop(name) for name in choices if name in more}
        given: dict[str, Any] = {
            "delivery_id": "dlv_01kbk7sample",
            "key": "0123456789abcdef0123456789abcdef",
            "post_id": "pst_01kbk7sample",
            "action": Action.CREATE,
            "payload": payload(*texts, media=media, **fields),
            "text": "\n\n".join(texts),
            "intended_at": NOON,
            "media": tuple({m.name: m for part in media for m in part}.values()),
            "first_sent_at": NOON,
            "sent_at": NOON,
        }
        return Outgoing(**{**given, **more})

    async def prepared(self, outgoing: Outgoing) -> Outgoing:
        """Prepare `outgoing`, however many steps that takes."""
        for _ in range(50):
            ready = await self.client.prepare(outgoing)
            assert not isinstance(ready, Published)
            assert hasattr(ready, "handles"), ready
            outgoing = replace(outgoing, handles=ready.handles)
            if isinstance(ready, Ready):
                return outgoing
        raise AssertionError("never ready")

    async def publish(self, outgoing: Outgoing | None = None) -> list[str]:
        """Publish every part of `outgoing` as the engine does; return their ids."""
        going = await self.prepared(outgoing or self.outgoing)
        out: list[dict[str, str]] = []
        for _ in going.payload["parts"]:
            going = replace(going, handles={**going.handles, "parts": list(out)})
            outcome = await self.client.commit(going)
            assert isinstance(outcome, Published), outcome
            out.append({"id": outcome.id, "url": outcome.url})
        return [part["id"] for part in out]
