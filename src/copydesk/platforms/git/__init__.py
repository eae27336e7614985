"""Posts as files with front matter in a git repository, for static site generators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from urllib.parse import SplitResult


class Git(Platform):
    """Commit and push to one branch of one repository."""

    name: ClassVar[str] = "git"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "remote"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="remote",
            help="URL or path of the repository",
            required=True,
            is_path=True,
            example="https://git.example/site.git",
        ),
        Setting(key="branch", help="branch to publish on", default="main"),
        Setting(
            key="generator",
            help="what builds the site; decides path, front matter and escapes",
            default="hugo",
            choices=("hugo", "jekyll", "astro", "eleventy", "plain"),
        ),
        Setting(key="folder", help="where posts go; the generator's usual folder if not set"),
        Setting(key="images", help="where images go; the generator's static folder if not set"),
        Setting(key="images_url", help="where the site serves that folder, e.g. /images"),
        Setting(key="url", help="address of the published site, to link to new pages"),
        Setting(key="author_name", help="author of the commits", default="copydesk"),
        Setting(key="author_email", help="e-mail of the author", default="copydesk@localhost"),
        Setting(
            key="create",
            help="make a bare repository at a local path that does not exist yet",
            default="false",
            choices=("true", "false"),
        ),
        Setting(key="token_user", help="user name sent with the token", default="x-access-token"),
        Setting(key="token", help="access token for an https remote", secret=True),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the file and its images."""
        from copydesk.platforms.git.render import render

        return render(subject, account)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return what keeps the file from being committed."""
        from copydesk.platforms.git.render import validate

        return validate(rendition, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return the client; the clone is made on first use."""
        from copydesk.platforms.git.client import GitClient

        return GitClient(session)

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the commit that an address at the repository's host shows, else the post's id: the
        file is found by its front matter. "" for a page that is neither of the site nor there."""
        host = urlsplit(url).hostname
        shown = re.search(r"/commits?/([0-9a-f]{40})(?:/|$)", urlsplit(url).path)
        if shown and host == self.host(account):
            return shown[1]
        site = urlsplit(account.settings.get("url", "")).hostname
        return delivery.post_id if host in {None, self.host(account), site} or not site else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the settings, without touching the repository."""
        findings = super().check_settings(settings, secrets)
        findings += _check_remote(settings.get("remote", ""), "token" in secrets)
        branch = settings.get("branch", "main")
        if not re.fullmatch(r"(?!/)(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[\w./+-]*[\w+-]", branch) or (
            branch.startswith(("-", "."))
        ):
            findings.append(
                _bad("branch", f"{branch!r} cannot be the name of a branch", "Write it like main.")
            )
        for key in ("folder", "images"):
            steps = settings.get(key, "").strip("/").split("/")
            if any(step in {".", "..", ".git"} for step in steps) or not (
                settings.get(key, "").isprintable()
            ):
                findings.append(
                    _bad(
                        key, "the folder must lie in the repository", "Write it like content/posts."
                    )
                )
        for key in ("author_name", "author_email"):
            if re.search(r"[<>\n\r\0]", settings.get(key, "")):
                findings.append(
                    _bad(key, "angle brackets and line breaks cannot be used", "Leave them out.")
                )
        return findings


def _check_remote(remote: str, with_token: bool) -> list[Finding]:
    if not remote:
        return []
    example = "Write it like https://host/owner/site.git, git@host:owner/site.git or /srv/site.git."
    parts = urlsplit(remote)
    if parts.password or (parts.username and parts.scheme in {"http", "https"}):
        return [
            _bad(
                "remote",
                "the address contains a credential",
                "Give the address without it, and the token as the secret `token`.",
            )
        ]
    scp_like = re.fullmatch(r"[\w.-]+@[\w.-]+:[^:].*", remote)
    known = parts.scheme in {"https", "http", "ssh", "file"} and not remote.startswith("-")
    if not (known or scp_like or remote.startswith("/")) or not remote.isprintable():
        return [_bad("remote", f"{remote!r} is neither a URL nor an absolute path", example)]
    if with_token and parts.scheme != "https" and not _on_this_machine(parts):
        return [_bad("token", "a token is only sent over https", "Use an https remote.")]
    return []


def _on_this_machine(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}


def _bad(field: str, message: str, remedy: str) -> Finding:
    return Finding(code="setting_invalid", field=field, message=message, remedy=remedy)


PLATFORM = Git()
