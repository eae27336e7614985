"""Transports for tests of spokes that need no server."""

from __future__ import annotations

from typing import Any

from copydesk.platforms.kit.transport import Reply


class CannedTransport:
    """A transport that always gives the same answer."""

    def __init__(self, status: int, body: bytes) -> None:
        self.reply = Reply(status=status, body=body)

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Return the answer, whatever was asked."""
        return self.reply
