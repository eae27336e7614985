"""X's error answers and what they mean.

Two shapes: problems (`type`, `title`, `detail`, RFC 7807), and the older list of `code` and
`message`. What a problem's `type` does not tell is told by its words alone. Sources:
https://docs.x.com/x-api/fundamentals/response-codes-and-errors (checked 2026-11-22); the words of
the 403s were seen in public reports (2026); the numbers are the older API's (from memory).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from copydesk.core.outcomes import (
    Duplicate,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
)
from copydesk.platforms.kit.classify import ErrorTable, Failure, rate_limited, said
from copydesk.platforms.kit.transport import Reply

#: Words in an error → the code the table below uses for it.
_WORDS: Final = {
    "duplicate content": "duplicate",
    "reply to this conversation is not allowed": "reply-not-allowed",
    "restricted who can reply": "reply-not-allowed",
    "attempted to reply to": "parent-gone",
    "temporarily locked": "locked",
    "cashtag": "content",
    "too long": "content",
    "media ids are invalid": "media",
}

#: Numbers of the older API → the code the table below uses for it (from memory).
_NUMBERS: Final = {
    32: "auth",
    64: "locked",
    88: "rate",
    89: "auth",
    185: "daily-limit",
    186: "content",
    187: "duplicate",
    261: "client-forbidden",
    324: "media",
    326: "locked",
    385: "parent-gone",
    433: "reply-not-allowed",
}

#: How long to leave an account alone that has posted its fill for now, in seconds: X counts its
#: daily limit in shares of half an hour (from memory).
_HALF_AN_HOUR: Final = 1800.0


def read_error(reply: Reply) -> tuple[str, str]:
    """Return the code (the end of a problem's `type`, or one of ours) and the words of an error."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    listed = [error for error in _list(body.get("errors")) if isinstance(error, dict)]
    words = _sentence([body.get("detail"), body.get("message"), *map(_words_of, listed)])
    words = words or _sentence([body.get("title"), body.get("error")])
    return _code(body, listed, words), words


def _code(body: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], words: str) -> str:
    lower = words.lower()
    told = next((code for text, code in _WORDS.items() if text in lower), "")
    numbered = next((_NUMBERS[e["code"]] for e in listed if e.get("code") in _NUMBERS), "")
    types = (str(one.get("type") or "") for one in (body, *listed))
    named = next((t.rpartition("/")[2] for t in types if "/problems/" in t), "")
    return told or numbered or named


def _words_of(error: Mapping[str, Any]) -> Any:
    return error.get("message") or error.get("detail")


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _sentence(words: Sequence[Any]) -> str:
    return " ".join(dict.fromkeys(word.strip() for word in words if isinstance(word, str) and word))


def _duplicate(failure: Failure) -> Outcome:
    return Duplicate(answer=failure.answer)


def _reply_not_allowed(failure: Failure) -> Outcome:
    return Refused(
        field="thread",
        reason=said(failure, "X does not let this app reply, so the thread cannot go on"),
        remedy="What is out stays. Self-serve apps may reply only to authors who mentioned them, "
        "and perhaps not even to themselves: finish the thread by hand on X, publish it as one "
        "post (form: post), or use an enterprise plan.",
        answer=failure.answer,
    )


def _parent_gone(failure: Failure) -> Outcome:
    return Refused(
        field="thread",
        reason=said(failure, "the part before this one is gone from X"),
        remedy="Delete what is left of the thread there, then publish it again.",
        answer=failure.answer,
    )


def _content(failure: Failure) -> Outcome:
    return Refused(
        field="text",
        reason=said(failure, "X refused the post"),
        remedy="Change the post as X says, then publish it again.",
        answer=failure.answer,
    )


def _media(failure: Failure) -> Outcome:
    return Refused(
        field="media",
        reason=said(failure, "X refused the post's files"),
        remedy="Check the files against X's limits, then publish the post again.",
        answer=failure.answer,
    )


def _no_credits(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "the app has no credits left, or has reached its spending limit"),
        remedy="Buy credits or raise the spending limit in the developer console "
        "(https://console.x.com), then test the account.",
        answer=failure.answer,
    )


def _locked(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "X has locked or suspended the account"),
        remedy="Sign in on x.com as this account and do what it asks, then test the account.",
        answer=failure.answer,
    )


def _forbidden(failure: Failure) -> Outcome:
    return Misconfigured(
        reason=said(failure, "the app or its token may not do this"),
        remedy="Check in the developer console that the app may read and write, then connect the "
        "account again, so that its token has tweet.write and media.write.",
        answer=failure.answer,
    )


def _daily_limit(failure: Failure) -> Outcome:
    return RateLimited(answer=failure.answer, retry_after=_HALF_AN_HOUR)


#: (status, vendor code) → outcome; all other answers mean what they mean everywhere.
TABLE: Final[ErrorTable] = {
    (400, ""): _content,
    (400, "duplicate"): _duplicate,
    (400, "media"): _media,
    (402, ""): _no_credits,
    (403, ""): _forbidden,
    (403, "duplicate"): _duplicate,
    (403, "reply-not-allowed"): _reply_not_allowed,
    (400, "parent-gone"): _parent_gone,
    (403, "parent-gone"): _parent_gone,
    (403, "content"): _content,
    (403, "media"): _media,
    (403, "usage-capped"): _no_credits,
    (403, "credits"): _no_credits,
    (403, "locked"): _locked,
    (403, "daily-limit"): _daily_limit,
    (403, "rate"): rate_limited,
    (429, "usage-capped"): _no_credits,
}
