"""A host that lost an answer is called over connections of their own for a while.

A server may close a kept connection without having said so, at the moment the next request comes
on it. One that always does would lose the second of any two calls made in a row, in each try anew,
until none were left. No call is repeated here: whoever tries again reaches it.
"""

from __future__ import annotations

from typing import Any, Final

from copydesk.platforms.kit.transport import AnswerLost, Reply, Transport

#: For how many calls no connection to such a host is kept. A server that closes every one of them
#: costs one answer in so many, one that closed a single one a hundred connections.
_CALLS: Final = 100

#: How many hosts are remembered; of more the one that lost its answer first is forgotten.
_HOSTS: Final = 1000

#: Tells the server, and `HttpTransport`, which then uses no connection kept from before either.
_ALONE: Final = {"Connection": "close"}


class WaryTransport:
    """`Transport` over `inner` that keeps no connection to hosts which lost an answer lately."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._left: dict[str, int] = {}

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Make one call; see `Transport.call`."""
        if self._left:
            self._take_care(_host(url), content)
        try:
            return await self._inner.call(method, url, **content)
        except AnswerLost:
            self._remember(_host(url))
            raise

    def _take_care(self, host: str, content: dict[str, Any]) -> None:
        left = self._left.get(host)
        if left is None:
            return
        content["headers"] = {**(content.get("headers") or {}), **_ALONE}
        if left > 1:
            self._left[host] = left - 1
        else:
            del self._left[host]

    def _remember(self, host: str) -> None:
        self._left.pop(host, None)
        while len(self._left) >= _HOSTS:
            del self._left[next(iter(self._left))]
        self._left[host] = _CALLS


def _host(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
