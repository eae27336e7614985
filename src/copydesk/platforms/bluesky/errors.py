"""The errors of an AT Protocol server and what they mean.

Bodies are `{"error": "Name", "message": "…"}`. Sources: the lexicons of com.atproto.server.* and
com.atproto.repo.*, and the source of the reference server, bluesky-social/atproto (checked
2026-11-22).
"""

from __future__ import annotations

import re
from typing import Final

from copydesk.core.outcomes import (
    AuthExpired,
    Misconfigured,
    Outcome,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply

_NAME: Final = re.compile(r"[A-Za-z]{1,60}")


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the name and the text of an error body."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    name, message = body.get("error"), body.get("message")
    text = message if isinstance(message, str) else ""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name, text
    return "", text or (name if isinstance(name, str) else "")


def _expired(failure: Failure) -> Outcome:
    return AuthExpired(reason=said(failure, "the session has ended"), answer=failure.answer)


def _account(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "the account may not publish"),
        remedy="Open Bluesky and see what it says about the account (suspended, deactivated or "
        "moved to another server).",
        answer=failure.answer,
    )


def _content(failure: Failure) -> Outcome:
    return Refused(
        field="record",
        reason=said(failure, "the server refused the post"),
        remedy="Change the post as the server says.",
        answer=failure.answer,
    )


def _media(failure: Failure) -> Outcome:
    return Refused(
        field="media",
        reason=said(failure, "the server refused a file"),
        remedy="Convert the file, or make it smaller.",
        answer=failure.answer,
    )


def _blob_gone(failure: Failure) -> Outcome:
    # what no record refers to is thrown away after minutes; the next try uploads it again
    return Unavailable(
        reason=said(failure, "an uploaded file is not there any more"),
        answer=failure.answer,
        retry_after=1.0,
    )


def _taken(failure: Failure) -> Outcome:
    # something stands under the key already: ours, most likely, and looking tells
    return Unknown(reason="there is a record under this post's key already", answer=failure.answer)


_ACCOUNT: Final = ("AccountTakedown", "AccountDeactivated", "RepoTakendown", "RepoDeactivated")

#: (status, name) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (400, "ExpiredToken"): _expired,
    (400, "InvalidToken"): _expired,
    **{(status, name): _account for status in (400, 401, 403) for name in _ACCOUNT},
    (400, "RepoNotFound"): _account,
    (400, "InvalidRequest"): _content,
    (400, "InvalidSwap"): _taken,
    (400, "BlobNotFound"): _blob_gone,
    (400, "BlobTooLarge"): _media,
    (400, "InvalidMimeType"): _media,
    (400, "InvalidSize"): _media,
    (413, ""): _media,
}
