"""Signatures by Standard Webhooks v1 (symmetric): HMAC-SHA256 over `id.timestamp.body`.

The one implementation for all that we send and all that we are sent.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"

#: How far a message's timestamp may lie from our clock, either way.
TOLERANCE: Final = timedelta(minutes=5)

_LONGEST_ID: Final = 255


@dataclass(frozen=True, slots=True)
class BadSignature:
    """Why a message cannot be believed, in words that do not help to forge one."""

    reason: str


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
    signatures = [
        "v1," + base64.b64encode(digest).decode() for digest in _digests(keys, id, timestamp, body)
    ]
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verified_id(
    keys: Iterable[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime
) -> str | BadSignature:
    """Return the id of a message signed with one of `keys`, or why it is not to be believed.

    `headers` have lower-case names; `now` is aware. Every key is compared with every signature in
    constant time. The body is looked at as bytes only.
    """
    id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (id and timestamp and given):
        return BadSignature("webhook-id, webhook-timestamp or webhook-signature is missing")
    if len(id) > _LONGEST_ID or "." in id or not id.isascii() or not id.isprintable():
        return BadSignature("the webhook-id cannot be one")
    try:
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        return BadSignature("the webhook-timestamp is not a number of seconds")
    if abs(now - sent_at) > TOLERANCE:
        return BadSignature("the webhook-timestamp is too far from our clock")
    signatures = [part.removeprefix("v1,") for part in given.split()[:20] if part.startswith("v1,")]
    matches = False
    for digest in _digests(keys, id, timestamp, body):
        expected = base64.b64encode(digest)
        for signature in signatures:
            matches |= hmac.compare_digest(expected, signature.encode("utf-8", "replace"))
    return id if matches else BadSignature("no signature matches")


def _digests(keys: Iterable[bytes], id: str, timestamp: str, body: bytes) -> list[bytes]:
    content = b".".join((id.encode(), timestamp.encode(), body))
    return [hmac.digest(key, content, "sha256") for key in keys]
