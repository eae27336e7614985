"""LinkedIn: posts of a person or a page, over the versioned Posts API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.auth import AuthKind, ClientAuth, Endpoints, OAuth2Code
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import form_setting
from copydesk.platforms.kit.manifest import Manifest, Reconcile, read_manifest

VISIBILITIES = ("PUBLIC", "CONNECTIONS", "LOGGED_IN")

BASE_URL = "https://api.linkedin.com"
AUTH_URL = "https://www.linkedin.com"

#: Source: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
#: (checked 2026-11-22). `openid profile` tell who the person is.
PERSON_SCOPES = ("openid", "profile", "w_member_social")
PAGE_SCOPES = ("w_organization_social", "r_organization_social")


def _endpoints(settings: Mapping[str, str]) -> Endpoints:
    base = (settings.get("auth_url") or AUTH_URL).rstrip("/")
    return Endpoints(
        authorize=f"{base}/oauth/v2/authorization", token=f"{base}/oauth/v2/accessToken"
    )


class PageCode(OAuth2Code):
    """The same pages, asked for the scopes of an organisation's page (`--by page`)."""

    name: ClassVar[str] = "page"


# The token endpoint answers 401 invalid_client to any request with a code_verifier (seen live,
# UsefulSoftwareCo/executor#2087, 2026-09-21), so there is no PKCE. A refresh token comes for
# approved partners only; without one a person connects again every 60 days, and is told in time.
_PERSON = OAuth2Code(
    endpoints=_endpoints, required=PERSON_SCOPES, pkce=False, client_auth=ClientAuth.POST
)
_PAGE = PageCode(
    endpoints=_endpoints, required=PAGE_SCOPES, pkce=False, client_auth=ClientAuth.POST
)


class LinkedIn(Platform):
    """Posts of a person or a page."""

    name: ClassVar[str] = "linkedin"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    auth: ClassVar[tuple[AuthKind, ...]] = (_PERSON, _PAGE)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(key="base_url", help="the API, or a compatible server", default=BASE_URL),
        Setting(key="auth_url", help="where people agree", default=AUTH_URL),
        Setting(
            key="access_token",
            help="a token with w_member_social, or w_organization_social r_organization_social",
            required=True,
            secret=True,
        ),
        Setting(key="client_id", help="the app's client id, for connecting"),
        Setting(key="client_secret", help="the app's client secret", secret=True),
        Setting(
            key="author",
            help="who posts: urn:li:organization:… of a page, or urn:li:person:…; "
            "left out: the person the token belongs to",
        ),
        Setting(
            key="visibility",
            help="who sees a post; always sent explicitly",
            default="PUBLIC",
            choices=VISIBILITIES,
        ),
        form_setting(manifest),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post; see `render.py` for what becomes a card and what pictures."""
        from copydesk.platforms.linkedin.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything LinkedIn would refuse or silently cut; see `validate.py`."""
        from copydesk.platforms.linkedin.validate import validate

        return validate(rendition, account, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return a client for the account."""
        from copydesk.platforms.linkedin.client import LinkedInClient

        return LinkedInClient(session, self.manifest)

    def reconcile(self, account: Account) -> Reconcile:
        """Return whether the account can be asked what it has: pages can, people mostly not."""
        from copydesk.platforms.linkedin.settings import can_read

        return self.manifest.reconcile.model_copy(update={"find": can_read(account)})

    def inspections(self, account: Account) -> tuple[float, ...]:
        """Return when to look again: never where nothing can be read."""
        from copydesk.platforms.linkedin.settings import can_read

        return self.manifest.inspect if can_read(account) else ()

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the URN in an address at linkedin.com: `/feed/update/URN`, or `/posts/…`."""
        from copydesk.platforms.linkedin.urns import post_at

        return post_at(url)

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with addresses and author, besides what is declared."""
        from copydesk.platforms.linkedin.settings import check_account

        return [*super().check_settings(settings, secrets), *check_account(settings)]


PLATFORM = LinkedIn()

__all__ = ["AUTH_URL", "BASE_URL", "PLATFORM", "VISIBILITIES", "LinkedIn", "PageCode"]
