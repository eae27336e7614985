"""How long a model server wants to be left alone, in the words of each vendor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.generation.rate_limits import LONGEST, asked_wait

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)

OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0.5s",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "0",
    "anthropic-ratelimit-requests-reset": "2026-11-22T10:00:48Z",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "7000",
    "anthropic-ratelimit-output-tokens-reset": "2026-11-22T10:02:00Z",
}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        pytest.param(429, {"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param(503, {"retry-after": "30"}, 30.0, id="busy"),
        pytest.param(529, {"retry-after": "12"}, 12.0, id="overloaded"),
        pytest.param(
            429, {"retry-after": "Sun, 22 Nov 2026 10:01:30 GMT"}, 90.0, id="date by our clock"
        ),
        pytest.param(
            429,
            {
                "retry-after": "Sun, 22 Nov 2026 09:01:30 GMT",
                "date": "Sun, 22 Nov 2026 09:00:00 GMT",
            },
            90.0,
            id="date by its clock",
        ),
        pytest.param(429, {"retry-after-ms": "1500", "retry-after": "2"}, 1.5, id="milliseconds"),
        pytest.param(429, OPENAI, 360.5, id="openai"),
        pytest.param(429, {**OPENAI, "retry-after": "9"}, 9.0, id="openai says how long"),
        pytest.param(429, ANTHROPIC, 48.0, id="anthropic"),
        pytest.param(429, {"x-ratelimit-reset": "1795341660000"}, 60.0, id="a gateway's epoch"),
        pytest.param(429, {}, None, id="ollama says nothing"),
        pytest.param(503, OPENAI, None, id="limits that were not the reason"),
        pytest.param(401, {"retry-after": "7"}, None, id="a wrong key waits for nobody"),
        pytest.param(429, {"retry-after": "0"}, None, id="none"),
        pytest.param(429, {"retry-after": "-5"}, None, id="less than none"),
        pytest.param(429, {"retry-after": "Sun, 22 Nov 2026 09:59:00 GMT"}, None, id="over"),
        pytest.param(429, {"retry-after": "soon"}, None, id="nonsense"),
        pytest.param(429, {"retry-after": "999999999"}, LONGEST, id="for ever"),
        pytest.param(
            429,
            {"retry-after": "Sun, 22 Nov 2099 10:00:00 GMT"},
            LONGEST,
            id="till the end of days",
        ),
    ],
)
def test_the_wait_that_a_server_asks_for(
    status: int, headers: Mapping[str, str], seconds: float | None
) -> None:
    found = asked_wait(status, headers, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*OPENAI, *ANTHROPIC, "retry-after", "retry-after-ms", "date"]),
        st.text(max_size=20) | st.sampled_from(["6m0s", "-1", "nan", "inf", "9" * 40]),
    )
)
def test_what_cannot_be_read_was_not_said(headers: dict[str, str]) -> None:
    found = asked_wait(429, headers, NOW)
    assert found is None or 0 < found <= LONGEST
