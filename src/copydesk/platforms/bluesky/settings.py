"""Whether a Bluesky account's settings can work at all."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.findings import Finding
from copydesk.platforms.bluesky.addresses import is_did, is_handle
from copydesk.platforms.bluesky.languages import is_language
from copydesk.platforms.kit.base_url import check_base_url


def check_account(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for a server no password should be sent to, for a name that is not a handle,
    and for a language that is none."""
    findings = check_base_url(settings, "https://bsky.social")
    name = settings.get("identifier", "").removeprefix("@")
    if name and not is_handle(name) and not is_did(name):
        findings.append(
            Finding(
                code="handle_invalid",
                field="identifier",
                message=f"{name!r} is not a handle",
                remedy="A handle is a domain name, such as ada.bsky.social; an e-mail address "
                "can sign in, but names no account.",
            )
        )
    language = settings.get("language", "")
    if language and not is_language(language):
        findings.append(
            Finding(
                code="language_invalid",
                field="language",
                message=f"{language!r} is not a language tag",
                remedy="Give a BCP 47 tag, such as en or pt-BR.",
            )
        )
    return findings
