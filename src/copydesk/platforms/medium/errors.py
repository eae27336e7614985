"""Medium's error answers and what they mean.

Bodies are `{"errors": [{"message", "code"}]}` (shape from memory), so only the status decides.
Source: https://github.com/Medium/medium-api-docs (archived; checked 2026-11-22).
"""

from __future__ import annotations

from typing import Final

from copydesk.core.outcomes import AuthRevoked, Misconfigured, Outcome, Refused
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code and the text of the first error, both "" where there is none."""
    body = reply.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    code, message = first.get("code"), first.get("message")
    return (
        str(code) if isinstance(code, int | str) else "",
        message if isinstance(message, str) else "",
    )


def _revoked(failure: Failure) -> Outcome:
    # integration tokens do not expire, and there is nothing to refresh: a 401 is final
    return AuthRevoked(
        reason=said(failure, "Medium does not accept the token"), answer=failure.answer
    )


def _forbidden(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "the token may not do this"),
        remedy="Writers of a publication may only make drafts there: set publish_status=draft. "
        "Tokens that may not upload images need images=fetch.",
        answer=failure.answer,
    )


def _not_there(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "Medium knows no such author or publication"),
        remedy="Check the setting publication; it has to be the id.",
        answer=failure.answer,
    )


def _invalid(failure: Failure) -> Outcome:
    return Refused(
        field="content",
        reason=said(failure, "Medium refused the story"),
        remedy="Change the post as Medium says.",
        answer=failure.answer,
    )


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (400, ""): _invalid,
    (401, ""): _revoked,
    (403, ""): _forbidden,
    (404, ""): _not_there,
    (422, ""): _invalid,
}
