"""Whether an X account's settings can work at all."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url


def check_app(settings: Mapping[str, str], secrets: Mapping[str, str]) -> list[Finding]:
    """Return a finding for an address no token should be sent to, and for each thing that a pasted
    OAuth 1.0a token cannot sign without."""
    findings = check_base_url(settings, "https://api.x.com")
    if settings.get("tokens") != "oauth1":
        return findings
    given = {**settings, **secrets}
    return [
        *findings,
        *(
            Finding(
                code="setting_missing",
                field=key,
                message=f"{key} is missing: OAuth 1.0a signs every call with it",
                remedy="Copy API key, API secret, token and token secret from the developer "
                "console: client_id, client_secret, access_token, token_secret.",
            )
            for key in ("client_id", "client_secret", "token_secret")
            if not given.get(key)
        ),
    ]
