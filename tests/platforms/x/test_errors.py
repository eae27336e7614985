"""Each error answer of X means one thing, in both of its shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from copydesk.core.outcomes import (
    AuthExpired,
    Duplicate,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unknown,
)
from copydesk.platforms.kit.classify import classify_write
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.x.errors import TABLE, read_error

PROBLEMS = "https://api.x.com/2/problems/"
BLANK = "about:blank"


def problem(status: int, detail: str, kind: str = BLANK, **more: Any) -> Reply:
    told = {"title": "Error", "detail": detail, "type": kind, "status": status, **more}
    return reply(status, told)


def legacy(status: int, code: int, message: str) -> Reply:
    return reply(status, {"errors": [{"code": code, "message": message}]})


def reply(status: int, body: Any, **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode(), headers=headers)


def meaning(answer: Reply) -> Outcome:
    return classify_write(answer, TABLE, read_error)


DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
REPLY = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
    "engaged by the author of the post you are replying to."
)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (problem(401, "Unauthorized"), AuthExpired),
        (legacy(401, 89, "Invalid or expired token."), AuthExpired),
        (problem(403, DUPLICATE), Duplicate),
        (legacy(403, 187, "Status is a duplicate."), Duplicate),
        (problem(402, "No credits.", PROBLEMS + "credits"), Misconfigured),
        (reply(402, {"whatever": "it says"}), Misconfigured),
        (problem(403, "Usage cap exceeded", PROBLEMS + "usage-capped"), Misconfigured),
        (problem(429, "Usage cap exceeded", PROBLEMS + "usage-capped"), Misconfigured),
        (problem(403, "no access", PROBLEMS + "client-forbidden"), Misconfigured),
        (problem(403, "You are not permitted to perform this action."), Misconfigured),
        (legacy(403, 326, "To protect our users … temporarily locked."), Misconfigured),
        (legacy(403, 64, "Your account is suspended."), Misconfigured),
        (legacy(403, 185, "User is over daily status update limit."), RateLimited),
        (problem(429, "Too Many Requests"), RateLimited),
        (problem(500, "Internal Server Error"), Unknown),
        (problem(503, "Service Unavailable"), Unknown),
        (Reply(status=502, body=b"<html>Bad Gateway</html>"), Unknown),
    ],
)
def test_what_stops_the_account_or_only_waits(answer: Reply, outcome: type[Outcome]) -> None:
    assert isinstance(meaning(answer), outcome)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (problem(403, REPLY), "thread"),
        (legacy(403, 433, "The original Tweet author restricted who can reply."), "thread"),
        (legacy(403, 385, "You attempted to reply to a deleted Tweet."), "thread"),
        (legacy(403, 186, "Tweet needs to be a bit shorter."), "text"),
        (problem(400, "Your media IDs are invalid."), "media"),
        (
            problem(
                400,
                "One or more parameters to your request was invalid.",
                PROBLEMS + "invalid-request",
                errors=[{"message": "$.poll: is not defined", "parameters": {"poll": ["{}"]}}],
            ),
            "text",
        ),
    ],
)
def test_what_is_about_the_post(answer: Reply, field: str) -> None:
    outcome = meaning(answer)
    assert isinstance(outcome, Refused)
    assert outcome.field == field
    assert outcome.remedy


def test_what_x_says_is_passed_on_whole() -> None:
    errors = [{"message": "$.poll: is not defined in the schema", "parameters": {}}]
    outcome = meaning(problem(400, "It was invalid.", PROBLEMS + "invalid-request", errors=errors))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "It was invalid. $.poll: is not defined in the schema"
    assert outcome.answer.vendor_code == "invalid-request"


def test_a_full_window_ends_when_x_says() -> None:
    date = "Sat, 21 Nov 2026 12:00:00 GMT"
    headers = {"x-rate-limit-reset": "1795262700", "x-rate-limit-remaining": "0", "date": date}
    outcome = meaning(reply(429, {"title": "Too Many Requests"}, **headers))
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == 300


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors": {"a": 1}}', b'{"errors": ["no"]}'])
def test_bodies_that_are_none_are_no_reason_to_fail(body: bytes) -> None:
    assert isinstance(meaning(Reply(status=400, body=body)), Refused)
    assert isinstance(meaning(Reply(status=403, body=body)), Misconfigured)
