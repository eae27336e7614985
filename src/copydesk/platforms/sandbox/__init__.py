"""Sandbox: a platform that lives in a file and misbehaves on demand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.clock import Clock, SystemClock
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.auth import (
    AuthKind,
    ClientAuth,
    Endpoints,
    OAuth1,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.callbacks import CallbackRequest, Heard, read_standard_callback
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Idempotency, Manifest, Reconcile, read_manifest
from copydesk.platforms.sandbox.faults import Fault

_SCOPES = ("publish",)


def _endpoints(settings: Mapping[str, str]) -> Endpoints:
    base = settings.get("auth_url", "").rstrip("/")
    return Endpoints(
        authorize=f"{base}/oauth/authorize",
        token=f"{base}/oauth/token",
        revoke=f"{base}/oauth/revoke",
        device=f"{base}/oauth/device",
        register=f"{base}/api/v1/apps",
    )


def _signed_endpoints(settings: Mapping[str, str]) -> Endpoints:
    base = settings.get("auth_url", "").rstrip("/")
    return Endpoints(
        authorize=f"{base}/oauth1/authorize",
        token=f"{base}/oauth1/access_token",
        request_token=f"{base}/oauth1/request_token",
    )


class Sandbox(Platform):
    """A platform that lives in a file and misbehaves on demand: for tests, demos and drills.

    `clock` and `pause` belong to the simulated remote, which as any server has a time of its own
    and may be slow; the client has neither.
    """

    name: ClassVar[str] = "sandbox"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    auth: ClassVar[tuple[AuthKind, ...]] = (
        OAuth2Code(
            endpoints=_endpoints,
            required=_SCOPES,
            optional=("read",),
            client_auth=ClientAuth.POST,
            registers="mastodon",
        ),
        OAuth2Device(endpoints=_endpoints, required=_SCOPES),
        OAuth2ClientCredentials(endpoints=_endpoints, required=_SCOPES),
        OAuth1(endpoints=_signed_endpoints),
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="auth_url",
            help="an OAuth server whose tokens it wants to see, such as copydesk.testing's",
        ),
        Setting(key="client_id", help="what that server knows us as; made when left out"),
        Setting(key="client_secret", help="the secret that goes with client_id", secret=True),
        Setting(
            key="fault",
            help="what goes wrong when publishing",
            default="none",
            choices=tuple(Fault),
        ),
        Setting(key="times", help="how many publishing calls go wrong", default="1"),
        Setting(key="latency_ms", help="how long every publishing call takes", default="0"),
        Setting(key="timeout_ms", help="how long we wait for an answer", default="30000"),
        Setting(
            key="idempotency",
            help="whether a repeated key gives the first post again",
            default="none",
            choices=("key", "none"),
        ),
        Setting(
            key="find",
            help="whether the sandbox can be asked what it has",
            default="yes",
            choices=("yes", "no"),
        ),
        Setting(key="read_delay", help="seconds until a new post is listed", default="0"),
        Setting(
            key="public_after",
            help="seconds until a post it has taken is public; until then it is accepted",
            default="0",
        ),
        Setting(
            key="callback_url",
            help="where it reports what became public, our …/hooks/ACCOUNT; needs callback_secret",
        ),
        Setting(
            key="callback_secret",
            help="whsec_…: callbacks signed with it are taken at /hooks/ACCOUNT",
        ),
        Setting(key="retry_after", help="seconds to wait when rate limited", default="60"),
        Setting(
            key="parts",
            help="how many posts one becomes: more than 1 make a thread, sent one by one",
            default="1",
        ),
    )

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock or SystemClock()
        self._pause = pause

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the whole post; the sandbox takes everything."""
        from copydesk.platforms.sandbox.knobs import Knobs
        from copydesk.platforms.sandbox.render import render

        return render(subject, Knobs.of(account.settings).parts)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return nothing: the sandbox refuses no content (the fault `refused` does)."""
        return []

    def connect(self, session: Session) -> Client:
        """Return a client for the account's file under `session.home`."""
        from copydesk.platforms.kit.transport import observed
        from copydesk.platforms.sandbox.client import SandboxClient
        from copydesk.platforms.sandbox.knobs import Knobs
        from copydesk.platforms.sandbox.ledger import Ledger
        from copydesk.platforms.sandbox.remote import SandboxRemote
        from copydesk.platforms.sandbox.reporting import Reporter

        knobs = Knobs.of(session.account.settings)
        ledger = Ledger(session.home / "sandbox", session.account.id)
        settings = session.account.settings
        reporter = Reporter(
            ledger=ledger,
            clock=self._clock,
            network=session.transport,
            url=settings.get("callback_url", ""),
            secret=settings.get("callback_secret", ""),
        )
        remote = SandboxRemote(
            ledger, knobs, clock=self._clock, pause=self._pause, reporter=reporter
        )
        watched = observed(remote, session.observers)
        if auth_url := session.account.settings.get("auth_url"):
            from copydesk.platforms.sandbox.guard import GuardedRemote

            token = session.secrets.get("access_token", "")
            watched = GuardedRemote(watched, session.transport, auth_url.rstrip("/"), token)
        return SandboxClient(session.account, watched, knobs, guarded=bool(auth_url))

    def idempotency(self, account: Account) -> Idempotency:
        """Return `key_header` for an account with `idempotency=key`."""
        if account.settings.get("idempotency") == "key":
            return Idempotency.KEY_HEADER
        return self.manifest.idempotency

    def reconcile(self, account: Account) -> Reconcile:
        """Return whether this account's sandbox can be asked, and how late it shows a post."""
        settings = account.settings
        return self.manifest.reconcile.model_copy(
            update={
                "find": settings.get("find", "yes") == "yes",
                "delay": float(settings.get("read_delay") or 0),
            }
        )

    def inspections(self, account: Account) -> tuple[float, ...]:
        """Return when to look again: never where the sandbox cannot be asked."""
        return self.manifest.inspect if account.settings.get("find", "yes") == "yes" else ()

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the id at the end of an address, …/posts/ID or …/v2/entries/ID on any host: the
        sandbox has no pages."""
        shown = re.search(r"/(?:posts|v2/entries)/(\d+)/?$", urlsplit(url).path)
        return shown[1] if shown else ""

    def read_callback(
        self,
        account: Account,
        secrets: Mapping[str, str],
        request: CallbackRequest,
        now: datetime,
    ) -> Heard | None:
        """Return what the sandbox reports; it takes callbacks with a `callback_secret` only."""
        secret = account.settings.get("callback_secret", "")
        return read_standard_callback(secret, request, now) if secret else None

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the knobs, besides what is declared."""
        from copydesk.platforms.sandbox.knobs import check_callbacks, check_numbers

        return [
            *super().check_settings(settings, secrets),
            *check_numbers(settings),
            *check_callbacks(settings),
        ]


PLATFORM = Sandbox()

__all__ = ["PLATFORM", "Sandbox"]
