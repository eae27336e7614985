"""The spoke contract (DESIGN §3.4): what a platform declares and what its client translates.

A `Platform` is pure: it declares, renders and validates. A `Client` makes the calls for one
account. Neither sleeps, retries, reads the clock or the environment: times arrive as arguments and
the engine alone decides what happens next.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing, Rendition
from copydesk.core.findings import Finding
from copydesk.core.metrics import Metrics
from copydesk.core.outcomes import (
    Existence,
    Inconclusive,
    Misconfigured,
    Outcome,
    Pending,
    Ready,
)
from copydesk.core.post import Content, Media
from copydesk.core.standing import Standing
from copydesk.platforms.kit.auth import AppPassword, AuthKind, Grant, JwtMaker
from copydesk.platforms.kit.callbacks import CallbackRequest, Heard
from copydesk.platforms.kit.manifest import Idempotency, Limit, Manifest, Reconcile
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.pace import price_of
from copydesk.platforms.kit.transport import Observer, Transport
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.nodes import Document
from copydesk.transformation.tracking import Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One `--set key=value` an account of this platform takes.

    Secrets are never echoed. A path is meant from where the operator stands and stored absolute;
    an address in its place stays as it is.
    `generate` makes a secret from 32 random bytes where none is given; the operator finds it in a
    file of the project folder. `example` is what it may look like: posts are checked against the
    platform in general with it, and the contract suite makes an account of it.
    """

    key: str
    help: str
    required: bool = False
    secret: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    is_path: bool = False
    generate: Callable[[bytes], str] | None = None
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The post a rendition is made from: canonical content plus the identity the spoke may use.

    `post_id` never changes; `published_at` is an ISO 8601 time in UTC, frozen at first publication.
    `updated_at` is the revision's time, likewise ISO 8601 in UTC. `tracking` says how links to our
    own site are tagged, None: not at all.
    """

    post_id: str
    revision: int
    content: Content
    published_at: str
    updated_at: str
    tracking: Tracking | None = None

    @cached_property
    def document(self) -> Document:
        """Return the body as a tree, its links to our own site tagged for this platform."""
        document = parse_markdown(self.content.body)
        return self.tracking.tag_links(document) if self.tracking else document

    @property
    def link(self) -> str:
        """Return the address to announce the post by, tagged; "" when it has no canonical URL."""
        url = self.content.canonical_url
        return self.tracking.tag(url) if self.tracking and url else url


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a client gets to work with. `load_media` returns the bytes of a post's media file.

    `transport` is watched by `observers` already; a spoke that does not speak HTTP through it hands
    them its own calls (`observed`, `Observer`), and looks hosts up in `names`.
    """

    account: Account
    secrets: Mapping[str, str] = field(repr=False)
    transport: Transport
    load_media: Callable[[Media], Awaitable[bytes]]
    home: Path
    observers: Sequence[Observer] = ()
    names: Names = field(default_factory=Names)


class Client(ABC):
    """The calls for one account. Opened per courier run, closed with `close`."""

    # -- implemented by every spoke ---------------------------------------------------------------

    @abstractmethod
    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Make the one irreversible call for `outgoing` and say what came of it.

        `outgoing.action` tells create, update and delete apart (`outgoing.target_id` names what to
        update or remove); `outgoing.key` is the idempotency key. A delete of what is gone already
        is `Published(target_id)`: it is done. `outgoing.api_version` ("" = the manifest's pinned
        one) is the version the payload was made for; a spoke with several speaks that one. A write
        that timed out, was reset or got a 5xx after sending is `Unknown`, never `Unavailable`.
        """

    @abstractmethod
    async def test(self) -> Outcome:
        """Check that the account works without publishing: `Published(id=<who we are>)` if so."""

    # -- implemented where the platform has it ----------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Do everything that may be repeated (uploads, containers); handles are persisted.

        Of a thread: for all its parts, once, as long as it returns handles. Later tries, and the
        parts after the first, ask `check`.
        """
        return Ready(outgoing.handles)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Ask whether what `prepare` started is ready, and what was `Accepted` public. Publishes
        nothing."""
        return Ready(outgoing.handles)

    async def commit_batch(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Commit several at once, one outcome each, in order (only with a manifest `batch` > 1)."""
        return [await self.commit(outgoing) for outgoing in batch]

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look whether `outgoing` landed. Without a way to look, say so: a person decides.

        Of a delete: `Landed` when the post is gone, `Absent` when it is still there.
        """
        return Inconclusive("this platform cannot be asked what it published")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Look how a delivered post stands now. Read-only; asked for manifests with `inspect`.

        `outgoing` is what was delivered, `outgoing.target_id` the platform's id of it. `Changed`
        and `Gone` need a clear answer; whatever failed on the way is `Inconclusive`.
        """
        return Inconclusive("this platform cannot be asked how a post stands")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return what the platform counts about a delivered post (`outgoing.target_id`); or the
        outcome that kept it from telling. Read-only; asked for manifests with `metrics`."""
        return Misconfigured("this platform's numbers cannot be asked for")

    async def renew(self) -> Grant | Outcome:
        """Trade the account's password or token for a fresh one (with an `AppPassword`, or where a
        vendor has a way of its own). `AuthRevoked` only when the platform says that it is over."""
        return Misconfigured("this platform's credentials cannot be renewed")

    async def close(self) -> None:
        """Release what the client holds open."""


class Platform(ABC):
    """One platform: its declaration, and the pure translations."""

    name: ClassVar[str]
    manifest: ClassVar[Manifest]
    settings: ClassVar[tuple[Setting, ...]]
    #: The setting that names the host an account is on; "": all accounts are on the vendor's.
    host_setting: ClassVar[str] = ""
    #: The ways to authorise besides pasting secrets, the recommended one first.
    auth: ClassVar[tuple[AuthKind, ...]] = ()

    # -- implemented by every spoke ---------------------------------------------------------------

    @abstractmethod
    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Shape `subject` for `account`. Pure and deterministic; never cuts: `validate` refuses."""

    @abstractmethod
    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything about `rendition` that the platform would refuse. Pure."""

    @abstractmethod
    def connect(self, session: Session) -> Client:
        """Return a client for the session's account. No I/O happens here."""

    # -- with a sensible default ------------------------------------------------------------------

    def auth_of(self, account: Account) -> AuthKind | None:
        """Return how `account` gets its credential; None when a person pastes it.

        What needs nobody's agreement (app passwords, keys that sign) is used without being chosen.
        """
        by_itself = (k for k in self.auth if isinstance(k, AppPassword | JwtMaker))
        chosen = (kind for kind in self.auth if kind.name == account.auth)
        return next(chosen, None) or next(by_itself, None)

    def limits(self, account: Account) -> Mapping[str, Limit]:
        """Return the limits that hold for `account`: the manifest's, unless it knows more."""
        return self.manifest.limits

    def idempotency(self, account: Account) -> Idempotency:
        """Return what makes a repeated create harmless for `account`; the manifest's unless the
        account knows more (a webhook receiver may promise to deduplicate)."""
        return self.manifest.idempotency

    def reconcile(self, account: Account) -> Reconcile:
        """Return how an unknown outcome is resolved for `account`: the manifest's, or refined."""
        return self.manifest.reconcile

    def can_update(self, account: Account) -> bool:
        """Return whether `account` can change what it has published: the manifest's word, unless
        that depends on the account (a paid plan)."""
        return self.manifest.can_update

    def inspections(self, account: Account) -> tuple[float, ...]:
        """Return after how many seconds a delivered post is looked at again: the manifest's, or
        none where the account gives no way to look."""
        return self.manifest.inspect

    def price(self, outgoing: Outgoing, account: Account) -> int:
        """Return what sending `outgoing` costs, in micro-dollars: the manifest's price of its
        action, unless the platform knows better."""
        return price_of(self.manifest.price, outgoing.action, outgoing.text)

    def app(self, account: Account) -> str:
        """Return what names the app whose rate limits `account` shares with other accounts: the
        platform, the host it is on and the client id, unless the platform knows better."""
        host = self.host(account)
        client_id = account.settings.get("client_id", "")
        return " ".join(part for part in (self.name, host, client_id) if part)

    def host(self, account: Account) -> str:
        """Return what all accounts share that are out of reach together: the host named by
        `host_setting`, or the platform itself; "" where there is no such thing (a folder)."""
        if self.manifest.local:
            return ""
        if not self.host_setting:
            return self.name
        value = account.settings.get(self.host_setting, "")
        try:
            return urlsplit(value if "//" in value else f"//{value}").hostname or ""
        except ValueError:
            return ""

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the platform's id of `delivery`, which a person found there at `url` (checked:
        http or https; "": they did not say where). It is what `Published` would have had; "" when
        that cannot be told. Pure."""
        return ""

    def recipients(self, account: Account, content: Content) -> tuple[str, ...]:
        """Return the addressees that each get a delivery of their own; `("",)`: the public."""
        return ("",)

    def read_callback(
        self,
        account: Account,
        secrets: Mapping[str, str],
        request: CallbackRequest,
        now: datetime,
    ) -> Heard | None:
        """Return what the platform tells us by itself with `request`, received `now` (aware UTC).

        Raw bytes are verified before anything is parsed; secrets are compared in constant time.
        None: this platform, or this account, takes no callbacks.
        """
        return None

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with an account's settings before anything is stored."""
        return check_declared(self.settings, settings, secrets)


def check_declared(
    declared: Sequence[Setting], settings: Mapping[str, str], secrets: Mapping[str, str]
) -> list[Finding]:
    """Check given settings against the declared ones: unknown, missing, not among the choices."""
    findings: list[Finding] = []
    by_key = {setting.key: setting for setting in declared}
    given: dict[str, Any] = {**settings, **secrets}
    for key, value in given.items():
        setting = by_key.get(key)
        if setting is None:
            known = ", ".join(sorted(by_key)) or "none"
            findings.append(
                Finding(
                    code="setting_unknown",
                    field=key,
                    message=f"there is no setting {key!r}",
                    remedy=f"Known settings: {known}.",
                )
            )
        elif setting.choices and value not in setting.choices:
            findings.append(
                Finding(
                    code="setting_not_a_choice",
                    field=key,
                    message=f"{value!r} is not possible",
                    remedy=f"Use one of: {', '.join(setting.choices)}.",
                )
            )
    findings += [
        Finding(
            code="setting_missing",
            field=setting.key,
            message=f"it is missing ({setting.help})",
            remedy=(
                f"Give it on standard input: {setting.key}=…"
                if setting.secret
                else f"Give it: --set {setting.key}=…"
            ),
        )
        for setting in declared
        if setting.required and not given.get(setting.key)
    ]
    return findings


__all__ = [
    "Client",
    "Platform",
    "Session",
    "Setting",
    "Subject",
    "check_declared",
]
