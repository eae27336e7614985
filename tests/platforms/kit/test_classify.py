"""The default meaning of every answer, and what a spoke's own table changes."""

from __future__ import annotations

import pytest

from copydesk.core.delivery import Action
from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Misconfigured,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.classify import (
    MASK,
    ErrorTable,
    answer_lost,
    classify_read,
    classify_write,
    not_sent,
    redact,
)
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply


def silent(reply: Reply) -> tuple[str, str]:
    return "", ""


def spoken(reply: Reply) -> tuple[str, str]:
    body = reply.json() or {}
    return body.get("code", ""), body.get("message", "")


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (301, {"location": "https://example.org/new"}, Misconfigured),
        (303, {}, Unknown),
        (400, {}, Refused),
        (401, {}, AuthExpired),
        (402, {}, Misconfigured),
        (403, {}, Misconfigured),
        (403, {"x-ratelimit-remaining": "0"}, RateLimited),
        (404, {}, Misconfigured),
        (408, {}, Unavailable),
        (409, {}, Refused),
        (413, {}, Refused),
        (422, {}, Refused),
        (425, {}, Unavailable),
        (429, {}, RateLimited),
        (500, {}, Unknown),
        (502, {}, Unknown),
        (503, {}, Unknown),
        (503, {"retry-after": "30"}, RateLimited),
        (504, {}, Unknown),
        (599, {}, Unknown),
    ],
)
def test_default_meaning_of_a_write(status: int, headers: dict[str, str], outcome: type) -> None:
    reply = Reply(status=status, headers=headers, body=b"<h1>not JSON</h1>")
    found = classify_write(reply, {}, silent)
    assert type(found) is outcome
    assert found.answer.status == status


@pytest.mark.parametrize("status", [303, 500, 502, 503, 504])
def test_a_read_is_never_unknown(status: int) -> None:
    assert isinstance(classify_read(Reply(status=status), {}, silent), Unavailable)


def test_gone_means_something_else_for_an_update() -> None:
    found = classify_write(Reply(status=404), {}, silent, action=Action.UPDATE)
    assert isinstance(found, Refused)
    assert found.field == "target"


def test_an_exact_code_goes_before_the_status_and_that_before_the_default() -> None:
    table: ErrorTable = {
        (401, "dead"): lambda failure: AuthRevoked(answer=failure.answer),
        (401, ""): lambda failure: Misconfigured("any other"),
    }
    dead = classify_write(Reply(status=401, body=b'{"code": "dead"}'), table, spoken)
    other = classify_write(Reply(status=401, body=b'{"code": "odd"}'), table, spoken)
    assert isinstance(dead, AuthRevoked)
    assert dead.answer.vendor_code == "dead"
    assert other == Misconfigured("any other")


def test_success_is_not_for_the_table() -> None:
    with pytest.raises(ValueError, match="201 is not a failure"):
        classify_write(Reply(status=201), {}, silent)


def test_secrets_are_masked_everywhere() -> None:
    body = b'{"message": "bad token sesame-1234"}'
    refused = classify_write(Reply(status=422, body=body), {}, spoken, secrets=["sesame-1234"])
    lost = answer_lost(AnswerLost("https://x/?t=sesame-1234"), ["sesame-1234"])
    unsent = not_sent(NotSent("https://x/?t=sesame-1234"), ["sesame-1234"])
    for outcome in (refused, lost, unsent):
        assert "sesame-1234" not in repr(outcome)
        assert MASK in repr(outcome)


def test_an_empty_secret_masks_nothing() -> None:
    assert redact("abc", ["", "a"]) == "abc"
