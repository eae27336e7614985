"""A sandbox account behind a strict OAuth server, with a credential that server issued."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from copydesk.core.account import Account
from copydesk.distribution.credentials import Credentials
from copydesk.distribution.lifetimes import lifetimes_of
from copydesk.platforms.kit.auth import Grant
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.transport import Transport
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk

REDIRECT = "http://127.0.0.1/callback"
#: The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def issued(
    server: OAuthServer, scope: str = "publish read"
) -> tuple[dict[str, str], dict[str, Any]]:
    """An app and the token answer it got for a person's agreement."""
    app = server.authority.register(REDIRECT)
    query = {
        "client_id": app.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "state": "s",
        "scope": scope,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    _, answer = server.authority.authorize(query)
    known = {"client_id": app.client_id, "client_secret": app.client_secret}
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return known, server.authority.token({**form, **known}, "")


async def granted_account(
    desk: Desk, server: OAuthServer, name: str = "practice", **settings: str
) -> Account:
    """A sandbox account that may publish until the server's tokens run out."""
    account = await add_account(
        desk,
        "sandbox",
        name,
        settings={"auth_url": server.url, **settings},
        secrets={},
        inbox=True,
        actor="test",
    )
    known, answer = issued(server)
    grant = Grant(
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
        expires_in=answer.get("expires_in"),
    )
    secrets = {
        **known,
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
    }
    lifetimes = lifetimes_of(
        grant, desk.clock.now(), renewable=True, kept_until=None, source=random.Random(1)
    )
    async with desk.store.begin("test") as unit:
        assert await unit.credentials.store(
            account.id,
            account.generation,
            desk.vault.seal(secrets),
            lifetimes,
            auth="oauth2",
            scopes="publish read",
        )
        return await unit.accounts.get(account.id)


def renewer(
    desk: Desk,
    transport: Transport,
    owner: str,
    pause: Callable[[float], Awaitable[None]] = lambda _: asyncio.sleep(0.001),
) -> Credentials:
    """What one worker renews with."""
    return Credentials(
        store=desk.store,
        vault=desk.vault,
        transport=transport,
        names=Names(),
        home=desk.settings.home,
        owner=owner,
        source=random.Random(owner),
        pause=pause,
    )


def answer_of(location: str) -> dict[str, str]:
    """The query of an address, one value each."""
    return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}
