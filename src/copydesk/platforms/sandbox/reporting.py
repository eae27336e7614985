"""What the sandbox's server tells by itself: a signed callback for each post that became public.

It has nothing that runs in the background: it tells when it is asked about the post, and again next
time where nobody took it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from copydesk.core.clock import Clock
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Transport
from copydesk.platforms.sandbox.ledger import Ledger

#: How long it waits for whoever it tells, in seconds.
_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Tells `url` over `network`, signed with `secret`; nobody while one of them is ""."""

    ledger: Ledger
    clock: Clock
    network: Transport
    url: str
    secret: str

    async def tell(self, kept: Mapping[str, Any]) -> bool:
        """Report that a post became public; return whether that was news and somebody took it."""
        if not (self.url and self.secret):
            return False
        key = kept["key"]
        if await asyncio.to_thread(self.ledger.was_told, key):
            return False
        data = {"key": key, "remote_id": kept["id"]}
        body = json.dumps({"type": "delivery.published", "data": data}).encode()
        headers = signed_headers(
            signing_keys(self.secret), id=f"msg_{key}", sent_at=self.clock.now(), body=body
        )
        try:
            reply = await self.network.call(
                "POST",
                self.url,
                headers={"Content-Type": "application/json", **headers},
                body=body,
                timeout=_PATIENCE,
            )
        except (NotSent, AnswerLost):
            return False
        if reply.status // 100 != 2:
            return False
        await asyncio.to_thread(self.ledger.note_told, key)
        return True
