"""The sandbox behind an OAuth server: nothing is taken without a token that server still knows."""

from __future__ import annotations

import json
from typing import Any

from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply, Transport


class GuardedRemote:
    """A simulated server that asks `auth_url` whose `token` this is before it does anything.

    The question goes over the network like any call; a signing transport signs it.
    """

    def __init__(self, remote: Transport, network: Transport, auth_url: str, token: str) -> None:
        self._remote = remote
        self._network = network
        self._auth_url = auth_url
        self._token = token

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Answer one call; see `Transport.call`. Without a good token nothing was applied."""
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            me = await self._network.call("GET", f"{self._auth_url}/me", headers=headers)
        except AnswerLost as error:
            # asking who we are publishes nothing
            raise NotSent(str(error)) from error
        if me.status == 401:
            body = {"code": "token_expired", "message": "the token is not accepted"}
            return Reply(status=401, headers=me.headers, body=json.dumps(body).encode())
        if me.status != 200:
            return Reply(status=503, headers={**me.headers, "retry-after": "1"}, body=b"{}")
        if url.endswith("/me"):
            return me
        return await self._remote.call(method, url, **content)
