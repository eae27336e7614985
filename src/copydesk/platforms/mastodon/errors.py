"""Mastodon's error answers and what they mean.

Bodies are `{"error": "…"}` without codes, so the few texts that change the meaning are recognised.
Sources: https://docs.joinmastodon.org/methods/statuses/ and the sources of Mastodon and Pixelfed
(checked 2026-11-21).
"""

from __future__ import annotations

from typing import Final

from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply

#: Text in an error → the code the table below uses for it.
_CODES: Final = {
    "have not finished processing": "media_processing",
    "duplicate idempotency key": "key_used",
}


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code (one of ours, "" for most) and the text of an error body."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    message = body.get("error_description") or body.get("error") or ""
    if not isinstance(message, str):
        return "", ""
    lower = message.lower()
    return next((code for text, code in _CODES.items() if text in lower), ""), message


def _revoked(failure: Failure) -> Outcome:
    # tokens do not expire and there is nothing to refresh: a 401 is final
    return AuthRevoked(
        reason=said(failure, "the instance does not accept the access token"), answer=failure.answer
    )


def _forbidden(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "the token or the account may not do this"),
        remedy="Check the token's scopes (write:statuses write:media read:statuses read:accounts) "
        "and that the account is not suspended.",
        answer=failure.answer,
    )


def _invalid(failure: Failure) -> Outcome:
    return Refused(
        field="status",
        reason=said(failure, "the instance refused the status"),
        remedy="Change the post as the instance says.",
        answer=failure.answer,
    )


def _processing(failure: Failure) -> Outcome:
    return Unavailable(
        reason=said(failure, "an attachment is still being processed"),
        answer=failure.answer,
        retry_after=5.0,
    )


def _key_used(failure: Failure) -> Outcome:
    # Pixelfed burns a key even when the first call failed later, so this proves nothing
    return Unknown(
        reason="the instance has seen this idempotency key, but not what became of it",
        answer=failure.answer,
    )


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (400, "key_used"): _key_used,
    (401, ""): _revoked,
    (403, ""): _forbidden,
    (422, ""): _invalid,
    (422, "media_processing"): _processing,
}
