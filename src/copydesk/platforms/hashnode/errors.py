"""Hashnode's errors and what they mean: by what the body says, whatever the HTTP status.

A request that failed is answered with 200 and `errors[].extensions.code`, one of a closed set; what
the server does not want to explain is INTERNAL_SERVER_ERROR. A request that is no valid GraphQL may
be answered with 400. Source: Hashnode/gql-skill, references/errors-and-limits.md (checked
2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from copydesk.core.delivery import Action
from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    Published,
    Refused,
    Unknown,
)
from copydesk.platforms.kit.classify import ErrorTable, Failure, rate_limited, said
from copydesk.platforms.kit.transport import Reply

#: The code we give an answer that names none of Hashnode's.
INVALID: Final = "GRAPHQL_VALIDATION_FAILED"

#: How an error says that the schema does not have (or no longer has) what we asked for.
_NOT_IN_SCHEMA: Final = ("cannot query field", "unknown type", "is not defined by type")

#: Words in a refusal → the field, in our words.
_FIELDS: Final = (
    ("slug", "slug"),
    ("originalarticleurl", "canonical_url"),
    ("canonical", "canonical_url"),
    ("subtitle", "subtitle"),
    ("title", "title"),
    ("tag", "tags"),
    ("series", "series"),
    ("cover", "cover"),
    ("image", "media"),
    ("content", "body"),
)


def first_error(body: Any) -> Mapping[str, Any] | None:
    """Return the first error of an answer, None when it has none."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors:
        return None
    return errors[0] if isinstance(errors[0], dict) else {}


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code and the text of an answer's first error, both "" where it has none."""
    error = first_error(reply.json())
    if error is None:
        return "", ""
    message = str(error.get("message") or "")
    extensions = error.get("extensions")
    code = str(extensions.get("code") or "") if isinstance(extensions, dict) else ""
    # a server may hide the code of what its own schema refuses, but not the words
    if any(words in message.lower() for words in _NOT_IN_SCHEMA):
        return INVALID, message
    return code, message


def outcome_of(failure: Failure) -> Outcome:
    """Return what an error inside an answer with HTTP 200 means. As a doubt counts whatever is not
    in Hashnode's closed set."""
    return _BY_CODE.get(failure.code, _unexplained)(failure)


def _revoked(failure: Failure) -> Outcome:
    return AuthRevoked(
        reason="Hashnode does not accept the access token, or the user is deactivated",
        answer=failure.answer,
    )


def _forbidden(failure: Failure) -> Outcome:
    if "pro plan" in failure.message.lower():
        return Misconfigured(
            reason="the publication has no active Pro plan, which Hashnode's API needs",
            remedy="Upgrade the publication in Hashnode's dashboard, then test the account.",
            answer=failure.answer,
        )
    return Misconfigured(
        reason=said(failure, "the token's user may not do this in the publication"),
        remedy="Contributors cannot publish: use the token of an editor or the owner.",
        answer=failure.answer,
    )


def _not_found(failure: Failure) -> Outcome:
    match failure.action:
        case Action.DELETE:
            return Published("", answer=failure.answer)
        case Action.UPDATE:
            return Refused(
                field="target",
                reason="the post is gone from Hashnode, or hidden from this token",
                remedy="Publish it again as a new post, or leave it removed.",
                answer=failure.answer,
            )
        case Action.CREATE:
            # published by an earlier call of ours, or deleted by somebody: looking tells
            return Unknown("the draft is gone from Hashnode", answer=failure.answer)


def _invalid_input(failure: Failure) -> Outcome:
    message = said(failure, "Hashnode refused the post")
    lower = message.lower()
    return Refused(
        field=next((field for words, field in _FIELDS if words in lower), "body"),
        reason=message,
        remedy="Change the post as Hashnode says.",
        answer=failure.answer,
    )


def _not_in_schema(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "Hashnode's schema does not know this request"),
        remedy="Its API has changed, or base_url names another server; this can be done by hand in "
        "Hashnode's dashboard meanwhile.",
        answer=failure.answer,
    )


def _unexplained(failure: Failure) -> Outcome:
    return Unknown(said(failure, "Hashnode failed without saying why"), answer=failure.answer)


def _moved(failure: Failure) -> Outcome:
    return Misconfigured(
        reason="Hashnode's API has moved away from this address",
        remedy="Leave base_url out for the present one, or set the new address.",
        answer=failure.answer,
    )


def _too_large(failure: Failure) -> Outcome:
    return Refused(
        field="body",
        reason="the request is larger than Hashnode takes",
        remedy="Shorten the post, or make a series of it.",
        answer=failure.answer,
    )


_BY_CODE: Final[Mapping[str, Callable[[Failure], Outcome]]] = {
    "UNAUTHENTICATED": _revoked,
    "FORBIDDEN": _forbidden,
    "NOT_FOUND": _not_found,
    "BAD_USER_INPUT": _invalid_input,
    "GRAPHQL_PARSE_FAILED": _not_in_schema,
    INVALID: _not_in_schema,
    "TOO_MANY_REQUESTS": rate_limited,
}

#: (status, vendor code) → outcome, for answers other than 200.
TABLE: Final[ErrorTable] = {
    **{
        (status, code): outcome
        for status in (400, 401, 403, 404)
        for code, outcome in _BY_CODE.items()
    },
    (302, ""): _moved,
    (303, ""): _moved,
    (401, ""): _revoked,
    (413, ""): _too_large,
}
