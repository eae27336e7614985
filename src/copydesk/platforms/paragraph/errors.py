"""Paragraph's error answers and what they mean.

Bodies are `{"success": false, "msg": "…"}` without codes, so the few texts that change the meaning
are recognised. Source: openapi.json of the official SDK (2026-08-20, checked 2026-11-22).
"""

from __future__ import annotations

from typing import Final

from copydesk.core.delivery import Action
from copydesk.core.outcomes import AuthRevoked, Outcome, Refused, Unavailable
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply

POST_MISSING: Final = "post_missing"

#: Words in a refusal → the field it is about, the more telling ones first.
_FIELDS: Final = {
    "subtitle": "subtitle",
    "title": "title",
    "slug": "slug",
    "author": "authors",
    "image": "cover",
    "categor": "tags",
    "markdown": "body",
    "body": "body",
}


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code (one of ours, "" for most) and the text of an error body."""
    body = reply.json()
    message = body.get("msg") if isinstance(body, dict) else ""
    if not isinstance(message, str):
        return "", ""
    return (POST_MISSING if "post not found" in message.lower() else ""), message


def _revoked(failure: Failure) -> Outcome:
    # keys do not expire and there is nothing to refresh: a 401 is final
    return AuthRevoked(
        reason=said(failure, "Paragraph does not accept the API key"), answer=failure.answer
    )


def _invalid(failure: Failure) -> Outcome:
    lower = failure.message.lower()
    return Refused(
        field=next((field for word, field in _FIELDS.items() if word in lower), ""),
        reason=said(failure, "Paragraph refused the post"),
        remedy="Change the post as Paragraph says.",
        answer=failure.answer,
    )


def _missing(failure: Failure) -> Outcome:
    if failure.action is Action.CREATE:
        return Unavailable(
            reason="the draft is gone from Paragraph; it will be made anew", answer=failure.answer
        )
    return Refused(
        field="target",
        reason="the post is gone from Paragraph",
        remedy="Publish it again as a new post, or leave it removed.",
        answer=failure.answer,
    )


def _edited_there(failure: Failure) -> Outcome:
    # the next look tells what was changed, and has a person asked
    words = f": {failure.message}" if failure.message else ""
    return Unavailable(
        reason=f"it was edited on Paragraph after copydesk had looked at it{words}",
        answer=failure.answer,
    )


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (400, ""): _invalid,
    (401, ""): _revoked,
    (404, POST_MISSING): _missing,
    (409, ""): _edited_there,
}
