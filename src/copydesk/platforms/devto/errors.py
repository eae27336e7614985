"""A Forem's error answers and what they mean.

Bodies are `{"error": "a sentence", "status": 422}` without codes: the sentences that change the
meaning are recognised, and the field they begin with is named. Sources: forem/forem,
app/models/article.rb, config/locales/models/en.yml, app/controllers/api/v1/api_controller.rb
(checked 2026-11-22).
"""

from __future__ import annotations

from typing import Final

from copydesk.core.delivery import Action
from copydesk.core.outcomes import AuthRevoked, Duplicate, Outcome, Refused, Unavailable
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply

#: Seconds until a title may be used again; a minute more than the rule says, for its clock.
TITLE_REST: Final = 360.0

#: Words in an error → the code the table below uses for it; the first that fits counts.
_CODES: Final = (
    ("used in the last five minutes", "title_recent"),
    ("body markdown has already been taken", "title_recent"),
    ("canonical url has already been taken", "canonical_taken"),
)

#: How a sentence about a field begins → the field, in our words.
_FIELDS: Final = (
    ("title", "title"),
    ("body", "body"),
    ("tag", "tags"),
    ("canonical url", "canonical_url"),
    ("main image", "cover"),
    ("description", "summary"),
    ("collection", "series"),
    ("series", "series"),
    ("organization", "organization_id"),
    ("published at", "published_at"),
    ("language", "language"),
    ("liquid", "body"),
    ("you cannot mention", "body"),
)


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code (one of ours, "" for most) and the text of an error body."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    message = body.get("error") or body.get("message") or ""
    if not isinstance(message, str):
        return "", ""
    lower = message.lower()
    return next((code for words, code in _CODES if words in lower), ""), message


def field_of(message: str) -> str:
    """Return the field an error sentence is about, "" when it names none."""
    lower = message.lower()
    return next((field for words, field in _FIELDS if lower.startswith(words)), "")


def _revoked(failure: Failure) -> Outcome:
    # a missing key, a wrong one and a suspended account are told apart by nothing
    return AuthRevoked(
        reason="dev.to does not accept the API key, or the account is suspended",
        answer=failure.answer,
    )


def _invalid(failure: Failure) -> Outcome:
    message = said(failure, "dev.to refused the article")
    return Refused(
        field=field_of(message) or "body",
        reason=message,
        remedy="Change the post as dev.to says.",
        answer=failure.answer,
    )


def _title_recent(failure: Failure) -> Outcome:
    # most likely our own draft whose answer was lost: the next look finds it
    return Unavailable(
        reason=said(failure, "the title was used in the last five minutes"),
        answer=failure.answer,
        retry_after=TITLE_REST,
    )


def _canonical_taken(failure: Failure) -> Outcome:
    return Duplicate(answer=failure.answer)


def _not_there(failure: Failure) -> Outcome:
    if failure.action is Action.CREATE:
        # somebody deleted our draft, and nothing was published: preparing makes another
        return Unavailable("the draft is gone from dev.to", answer=failure.answer)
    return Refused(
        field="target",
        reason="the article is gone from dev.to, or is not this account's",
        remedy="Publish it again as a new article, or leave it removed.",
        answer=failure.answer,
    )


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (401, ""): _revoked,
    (404, ""): _not_there,
    (422, ""): _invalid,
    (422, "title_recent"): _title_recent,
    (422, "canonical_taken"): _canonical_taken,
}
