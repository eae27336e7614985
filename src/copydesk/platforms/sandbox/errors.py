"""The sandbox's error answers and what they mean."""

from __future__ import annotations

from typing import Final

from copydesk.core.outcomes import AuthExpired, AuthRevoked, Refused
from copydesk.platforms.kit.classify import ErrorTable, said
from copydesk.platforms.kit.transport import Reply


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the `code` and `message` of the sandbox's error body."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code", "")), str(body.get("message", ""))


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (401, "token_expired"): lambda failure: AuthExpired(answer=failure.answer),
    (401, "token_revoked"): lambda failure: AuthRevoked(answer=failure.answer),
    (422, "refused"): lambda failure: Refused(
        field="body",
        reason=said(failure, "refused"),
        remedy="Set fault=none on the sandbox account.",
        answer=failure.answer,
    ),
}
