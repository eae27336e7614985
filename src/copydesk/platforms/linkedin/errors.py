"""LinkedIn's error answers and what they mean.

Bodies are `{status, code | serviceErrorCode, message, errorDetails{inputErrors[{code,
description}]}}`; an input error says more than the code above it.
Sources: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api,
https://learn.microsoft.com/en-us/linkedin/marketing/versioning; bodies as quoted in
Linkedin-RSS#5 and wp-calypso#32007 (checked 2026-11-22).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from copydesk.core.outcomes import (
    AuthRevoked,
    Duplicate,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
)
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.linkedin.urns import address_of, post_in

#: Our code for the answer that says that a day's calls are used up.
DAY_USED_UP: Final = "throttled"


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code and the text of an error body, both "" where it has none."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    message = _text(body.get("message"))
    if reply.status == 429 and "throttle" in message.lower():
        return DAY_USED_UP, message
    for error in _input_errors(body):
        code, description = _text(error.get("code")), _text(error.get("description"))
        if code:
            # the message above names the post, the description does not
            return code, message or description
    return _text(body.get("code")) or _text(body.get("serviceErrorCode")), message


def rested(outcome: Outcome, sent_at: datetime | None) -> Outcome:
    """Return `outcome`, a spent day with its end: limits start anew at midnight UTC, and LinkedIn
    does not say so in its answer. `sent_at` (aware) is when the call was made."""
    if (
        not isinstance(outcome, RateLimited)
        or outcome.answer.vendor_code != DAY_USED_UP
        or outcome.until is not None
        or outcome.retry_after is not None
        or sent_at is None
    ):
        return outcome
    tomorrow = sent_at.astimezone(UTC).date() + timedelta(days=1)
    return replace(outcome, until=datetime.combine(tomorrow, time(), UTC))


def _input_errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    details = body.get("errorDetails")
    errors = details.get("inputErrors") if isinstance(details, dict) else None
    return (
        [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _duplicate(failure: Failure) -> Outcome:
    urn = post_in(failure.message)
    return Duplicate(of=urn, url=address_of(urn) if urn else "", answer=failure.answer)


def _too_long(failure: Failure) -> Outcome:
    return Refused(
        field="commentary",
        reason=said(failure, "LinkedIn finds the text too long"),
        remedy="Shorten the text for LinkedIn (override linkedin.text).",
        answer=failure.answer,
    )


def _invalid(failure: Failure) -> Outcome:
    return Refused(
        field="commentary",
        reason=said(failure, "LinkedIn refused the post"),
        remedy="Change the post as LinkedIn says.",
        answer=failure.answer,
    )


def _version_over(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "LinkedIn no longer speaks the API version this account uses"),
        remedy="Move the account to a version that is alive: copydesk accounts version NAME --to "
        "YYYYMM (without --to it lists them); when none is left, update copydesk.",
        answer=failure.answer,
    )


def _forbidden(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "LinkedIn does not let this account post"),
        remedy="A person needs the scope w_member_social; a page needs w_organization_social and "
        "r_organization_social, and who connected it a role there (administrator or content "
        "admin). Check the setting author, then connect the account again.",
        answer=failure.answer,
    )


def _revoked(failure: Failure) -> Outcome:
    return AuthRevoked(
        reason=said(failure, "the person has taken the permission back"), answer=failure.answer
    )


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere. Codes of
#: tokens and versions are not documented: without them the status decides.
TABLE: Final[ErrorTable] = {
    (401, "REVOKED_ACCESS_TOKEN"): _revoked,
    (400, "FIELD_ARRAY_SIZE_TOO_HIGH"): _too_long,
    (400, "FIELD_LENGTH_TOO_LONG"): _too_long,
    (422, "FIELD_ARRAY_SIZE_TOO_HIGH"): _too_long,
    (422, "FIELD_LENGTH_TOO_LONG"): _too_long,
    (400, "VERSION_MISSING"): _version_over,
    (400, "NONEXISTENT_VERSION"): _version_over,
    (426, ""): _version_over,
    (403, ""): _forbidden,
    (422, "DUPLICATE_POST"): _duplicate,
    (422, ""): _invalid,
}

__all__ = ["DAY_USED_UP", "TABLE", "read_error", "rested"]
