"""The rigs of the spokes that come with copydesk, by the name shown in the table."""

from __future__ import annotations

from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs.git import GitRig
from copydesk.testing.faults.rigs.mail import EmailRig
from copydesk.testing.faults.rigs.mastodon import MastodonRig
from copydesk.testing.faults.rigs.sandbox import SandboxBlindRig, SandboxKeyRig, SandboxRig
from copydesk.testing.faults.rigs.site import SiteRig
from copydesk.testing.faults.rigs.tokens import SandboxOAuthRig
from copydesk.testing.faults.rigs.webhook import WebhookKeyRig, WebhookRig, WebhookStatusRig
from copydesk.testing.faults.specimen import ClientIdRig

RIGS: tuple[type[EngineRig], ...] = (
    SiteRig,
    GitRig,
    EmailRig,
    WebhookRig,
    WebhookStatusRig,
    WebhookKeyRig,
    SandboxRig,
    SandboxKeyRig,
    SandboxBlindRig,
    SandboxOAuthRig,
    MastodonRig,
    ClientIdRig,
)

#: One of each kind: none, key header, client-chosen id, natural key.
QUICK_RIGS: tuple[type[EngineRig], ...] = (WebhookRig, MastodonRig, ClientIdRig, SiteRig)

__all__ = ["QUICK_RIGS", "RIGS"]
