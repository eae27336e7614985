"""Whether a webhook account's addresses and signing secret can work at all."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.findings import Finding, Severity
from copydesk.platforms.kit.signature import signing_keys
from copydesk.transformation.addresses import is_web_address

#: Standard Webhooks asks for keys of 24 to 64 bytes.
SHORTEST_KEY = 24


def check_addresses(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for every address that cannot be called."""
    findings: list[Finding] = []
    for key in ("url", "status_url"):
        address = settings.get(key, "")
        if address and not is_web_address(address):
            findings.append(
                Finding(
                    code="address_invalid",
                    field=key,
                    message=f"{address!r} is not a web address",
                    remedy="It looks like https://example.org/hooks/copydesk.",
                )
            )
    status_url = settings.get("status_url", "")
    if status_url and "{id}" not in status_url:
        findings.append(
            Finding(
                code="placeholder_missing",
                field="status_url",
                message="status_url has no {id} to put the webhook-id in",
                remedy="It looks like https://example.org/hooks/copydesk/{id}.",
            )
        )
    return findings


def check_secret(secret: str) -> list[Finding]:
    """Return a finding when `secret` is not usable, or weaker than the specification asks for."""
    if not secret:
        return []
    try:
        keys = signing_keys(secret)
    except ValueError as problem:
        return [
            Finding(
                code="secret_invalid",
                field="secret",
                message=str(problem),
                remedy="A signing secret is whsec_ followed by base64.",
            )
        ]
    if min(map(len, keys)) < SHORTEST_KEY:
        return [
            Finding(
                code="secret_short",
                field="secret",
                message=f"the secret has fewer than {SHORTEST_KEY} bytes",
                remedy="Let the receiver issue a longer one.",
                severity=Severity.WARNING,
            )
        ]
    return []
