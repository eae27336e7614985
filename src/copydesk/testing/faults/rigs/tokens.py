"""A sandbox behind a strict OAuth server: tokens live ten seconds, and refresh tokens work once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from copydesk.core.account import Account
from copydesk.core.clock import Clock
from copydesk.distribution.lifetimes import lifetimes_of
from copydesk.platforms.kit.auth import Grant
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rigs.sandbox import SandboxRig
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.desk import Desk

#: How long an access token lives, in seconds.
LIFETIME: Final = 10.0

_REDIRECT: Final = "http://127.0.0.1/callback"
#: The example of RFC 7636, appendix B.
_VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class SandboxOAuthRig(SandboxRig):
    """A sandbox whose credential has to be renewed all the time; reuse of an old refresh token
    revokes the grant."""

    spoke: ClassVar[str] = "sandbox+oauth"

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        super().__init__(folder=folder, home=home, clock=clock)
        self.authority = OAuthServer(clock=clock, lifetime=LIFETIME)

    async def open(self) -> None:
        """Start the authorization server too."""
        await super().open()
        await self.authority.__aenter__()

    async def close(self) -> None:
        """Stop it."""
        await self.authority.stop()
        await super().close()

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the knobs, and where tokens come from."""
        return {**super().settings(address), "auth_url": self.authority.url}

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Misbehave in no way of its own; the other sandboxes do."""
        self.not_applicable("see the sandbox; this one is about its tokens")

    async def grant(self, desk: Desk, account: Account) -> None:
        """Store a credential as connecting the account does."""
        known, answer = self._agree()
        granted = Grant(
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            expires_in=answer.get("expires_in"),
        )
        secrets = {
            **known,
            "access_token": granted.access_token,
            "refresh_token": granted.refresh_token,
        }
        lifetimes = lifetimes_of(
            granted, desk.clock.now(), renewable=True, kept_until=None, source=random.Random(1)
        )
        async with desk.store.begin("faults") as unit:
            stored = await unit.credentials.store(
                account.id,
                account.generation,
                desk.vault.seal(secrets),
                lifetimes,
                auth="oauth2",
                scopes="publish read",
            )
        if not stored:
            raise AssertionError("the credential was not stored")

    def _agree(self) -> tuple[dict[str, str], dict[str, Any]]:
        authority = self.authority.authority
        app = authority.register(_REDIRECT)
        _, answer = authority.authorize(
            {
                "client_id": app.client_id,
                "redirect_uri": _REDIRECT,
                "response_type": "code",
                "state": "s",
                "scope": "publish read",
                "code_challenge": _CHALLENGE,
                "code_challenge_method": "S256",
            }
        )
        known = {"client_id": app.client_id, "client_secret": app.client_secret}
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": _REDIRECT,
            "code_verifier": _VERIFIER,
        }
        return known, authority.token({**form, **known}, "")
