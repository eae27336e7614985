"""Webhook: posts as signed JSON to any address that speaks Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.callbacks import CallbackRequest, Heard, read_standard_callback
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import form_setting
from copydesk.platforms.kit.manifest import Idempotency, Manifest, Reconcile, read_manifest
from copydesk.platforms.kit.signature import signing_secret


class Webhook(Platform):
    """Posts as signed JSON to any address that speaks Standard Webhooks."""

    name: ClassVar[str] = "webhook"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "url"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="url",
            help="where posts are sent to, http(s)://…",
            required=True,
            example="https://example.org/hook",
        ),
        Setting(
            key="secret",
            help="the signing secret, whsec_…; while rotating two, separated by a space",
            required=True,
            secret=True,
            generate=signing_secret,
        ),
        Setting(
            key="deduplicates",
            help="whether the receiver promises to take each webhook-id only once",
            default="false",
            choices=("true", "false"),
        ),
        Setting(
            key="status_url",
            help="where to ask whether a webhook-id arrived, with {id} in it: 2xx yes, 404 no",
        ),
        form_setting(manifest),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post as the `data` of an event; see `render.py`."""
        from copydesk.platforms.webhook.render import render

        return render(subject, account)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return a warning when the event is larger than receivers commonly take."""
        from copydesk.platforms.webhook.render import validate

        return validate(rendition, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return the client that signs and sends."""
        from copydesk.platforms.webhook.client import WebhookClient

        return WebhookClient(session, timeout=self.manifest.timeout)

    def idempotency(self, account: Account) -> Idempotency:
        """Return `key_header` when the receiver promises to deduplicate by webhook-id."""
        if account.settings.get("deduplicates") == "true":
            return Idempotency.KEY_HEADER
        return self.manifest.idempotency

    def reconcile(self, account: Account) -> Reconcile:
        """Return whether the receiver can be asked: only with a `status_url`."""
        can_ask = bool(account.settings.get("status_url"))
        return self.manifest.reconcile.model_copy(update={"find": can_ask})

    def inspections(self, account: Account) -> tuple[float, ...]:
        """Return when to look again: never without a `status_url`."""
        return self.manifest.inspect if account.settings.get("status_url") else ()

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the `webhook-id` it was sent under: receivers give no id of their own."""
        return delivery.key

    def read_callback(
        self,
        account: Account,
        secrets: Mapping[str, str],
        request: CallbackRequest,
        now: datetime,
    ) -> Heard:
        """Return what the receiver reports about a post, signed with the account's own secret."""
        return read_standard_callback(secrets.get("secret", ""), request, now)

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the addresses and the secret, besides what is declared."""
        from copydesk.platforms.webhook.settings import check_addresses, check_secret

        declared = super().check_settings(settings, secrets)
        return [*declared, *check_addresses(settings), *check_secret(secrets.get("secret", ""))]


PLATFORM = Webhook()

__all__ = ["PLATFORM", "Webhook"]
