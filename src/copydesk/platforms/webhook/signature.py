"""Signatures by Standard Webhooks v1 (symmetric): HMAC-SHA256 over `id.timestamp.body`.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

PREFIX = "whsec_"


def signing_secret(key: bytes) -> str:
    """Return `key` (24 to 64 random bytes) as a secret that can be handed to a receiver."""
    return PREFIX + base64.b64encode(key).decode()


def signing_keys(secret: str) -> tuple[bytes, ...]:
    """Return the keys in `secret`: `whsec_…` in base64, several separated by white space.

    Raises `ValueError`, without repeating the secret, when there is none or one is not base64.
    """
    keys: list[bytes] = []
    for word in secret.split():
        encoded = word.removeprefix(PREFIX).rstrip("=")
        padding = "=" * (-len(encoded) % 4)
        try:
            key = base64.b64decode(encoded + padding, validate=True)
        except ValueError:
            raise ValueError("the signing secret is not base64") from None
        keys.append(key)
    if not keys or not all(keys):
        raise ValueError("the signing secret is empty")
    return tuple(keys)


def signed_headers(
    keys: tuple[bytes, ...], *, id: str, sent_at: datetime, body: bytes
) -> dict[str, str]:
    """Return the three webhook headers for `body`, sent at `sent_at` (aware), signed by every key.

    `id` is the same on every try; `sent_at` is the time of this one, because receivers refuse
    timestamps more than a few minutes old.
    """
    timestamp = str(int(sent_at.timestamp()))
    content = b".".join((id.encode(), timestamp.encode(), body))
    signatures = (
        "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys
    )
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
