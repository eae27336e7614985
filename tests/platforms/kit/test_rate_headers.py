"""Rate limits in every dialect that a platform of the guides speaks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.platforms.kit.rate_headers import (
    Rate,
    asked_wait,
    is_limited,
    read_rates,
)
from copydesk.platforms.kit.retry_after import Wait
from copydesk.platforms.kit.transport import Reply

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
EPOCH = str(int(LATER.timestamp()))
UNTIL = Wait(until=LATER)

DIALECTS: dict[str, tuple[dict[str, str], Rate]] = {
    "X": (
        {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "7", "x-rate-limit-reset": EPOCH},
        Rate(limit=100, remaining=7, resets=UNTIL),
    ),
    "GitHub": (
        {
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "4999",
            "x-ratelimit-used": "1",
            "x-ratelimit-reset": EPOCH,
            "x-ratelimit-resource": "core",
        },
        Rate(limit=5000, remaining=4999, resets=UNTIL),
    ),
    "Mastodon": (
        {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": "299",
            "x-ratelimit-reset": "2026-11-21T12:05:00.000000Z",
        },
        Rate(limit=300, remaining=299, resets=UNTIL),
    ),
    "Bluesky": (
        {
            "ratelimit-limit": "3000",
            "ratelimit-remaining": "2999",
            "ratelimit-reset": EPOCH,
            "ratelimit-policy": "3000;w=300",
        },
        Rate(limit=3000, remaining=2999, resets=UNTIL, window=300),
    ),
    "Discord": (
        {
            "x-ratelimit-limit": "5",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "1470173023.123",
            "x-ratelimit-reset-after": "1.25",
            "x-ratelimit-bucket": "abcd1234",
        },
        Rate(limit=5, remaining=0, resets=Wait(seconds=1.25), scope="endpoint"),
    ),
    "Discord, global": (
        {
            "x-ratelimit-limit": "50",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset-after": "9",
            "x-ratelimit-global": "true",
            "x-ratelimit-scope": "global",
        },
        Rate(limit=50, remaining=0, resets=Wait(seconds=9), scope="app"),
    ),
    "Reddit": (
        {
            "x-ratelimit-used": "2",
            "x-ratelimit-remaining": "98.0",
            "x-ratelimit-reset": "321",
        },
        Rate(limit=100, remaining=98, resets=Wait(seconds=321)),
    ),
    "Zendesk": (
        {"x-rate-limit": "700", "x-rate-limit-remaining": "699"},
        Rate(limit=700, remaining=699),
    ),
    "Contentful": (
        {
            "x-contentful-ratelimit-second-limit": "7",
            "x-contentful-ratelimit-second-remaining": "0",
            "x-contentful-ratelimit-second-reset": "1",
        },
        Rate(limit=7, remaining=0, resets=Wait(seconds=1), window=1),
    ),
    "Tumblr": (
        {
            "x-ratelimit-perday-limit": "5000",
            "x-ratelimit-perday-remaining": "4990",
            "x-ratelimit-perday-reset": "3600",
        },
        Rate(limit=5000, remaining=4990, resets=Wait(seconds=3600), window=86_400),
    ),
    "IETF draft 03": (
        {
            "ratelimit-limit": "100, 100;w=60",
            "ratelimit-remaining": "50",
            "ratelimit-reset": "30",
        },
        Rate(limit=100, remaining=50, resets=Wait(seconds=30), window=60),
    ),
    "IETF draft 06": (
        {"ratelimit": "limit=100, remaining=50, reset=5"},
        Rate(limit=100, remaining=50, resets=Wait(seconds=5)),
    ),
    "IETF draft 10": (
        {"ratelimit-policy": '"default";q=100;w=60', "ratelimit": '"default";r=50;t=30'},
        Rate(limit=100, remaining=50, resets=Wait(seconds=30), window=60),
    ),
    "Shopify": ({"x-shopify-shop-api-call-limit": "32/40"}, Rate(limit=40, remaining=8)),
    "Meta, app": (
        {"x-app-usage": '{"call_count":100,"total_cputime":25,"total_time":25}'},
        Rate(remaining=0, resets=Wait(seconds=300), scope="app"),
    ),
    "Meta, business": (
        {
            "x-business-use-case-usage": json.dumps(
                {
                    "123": [
                        {
                            "type": "pages",
                            "call_count": 100,
                            "total_cputime": 25,
                            "total_time": 25,
                            "estimated_time_to_regain_access": 19,
                        }
                    ]
                }
            )
        },
        Rate(remaining=0, resets=Wait(seconds=1140), scope="account"),
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_read(dialect: str) -> None:
    headers, rate = DIALECTS[dialect]
    assert read_rates(headers) == (rate,)


def test_of_several_limits_the_tightest_comes_first() -> None:
    headers = {
        "ratelimit-policy": '"burst";q=100;w=60,"daily";q=1000;w=86400',
        "ratelimit": '"burst";r=90;t=30, "daily";r=1;t=4000',
    }
    daily, burst = read_rates(headers)
    assert (daily.window, daily.remaining) == (86_400, 1)
    assert (burst.window, burst.remaining) == (60, 90)


def test_low_usage_says_nothing() -> None:
    assert read_rates({"x-app-usage": '{"call_count":28,"total_cputime":25,"total_time":25}'}) == ()
    assert read_rates({"content-type": "text/html", "retry-after": "5"}) == ()


@pytest.mark.parametrize(
    ("status", "headers", "limited"),
    [
        (429, {}, True),
        (403, {"x-ratelimit-remaining": "0"}, True),
        (403, {"x-ratelimit-remaining": "12"}, False),
        (403, {"retry-after": "60"}, True),
        (403, {}, False),
        (503, {"retry-after": "30"}, True),
        (503, {}, False),
        (200, {"x-ratelimit-remaining": "0"}, False),
    ],
)
def test_what_is_a_refusal_for_the_rate(
    status: int, headers: dict[str, str], limited: bool
) -> None:
    assert is_limited(Reply(status=status, headers=headers)) is limited


def test_a_refusal_waits_as_asked_else_for_what_is_used_up() -> None:
    headers = {
        "x-ratelimit-perhour-remaining": "900",
        "x-ratelimit-perhour-reset": "60",
        "x-ratelimit-perday-remaining": "0",
        "x-ratelimit-perday-reset": "7200",
    }
    assert asked_wait(headers, read_rates(headers)) == Wait(seconds=7200)
    named = {**headers, "retry-after": "5"}
    assert asked_wait(named, read_rates(named)) == Wait(seconds=5)
    assert asked_wait({}, ()) == Wait()


NAMES = sorted({name for headers, _ in DIALECTS.values() for name in headers})
TEXTS = sorted({text for headers, _ in DIALECTS.values() for text in headers.values()})


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.text(max_size=60)
        | st.sampled_from(TEXTS)
        | st.sampled_from(["-1", "1e999", "nan", "9" * 400, "[[[", '{"a":[1]}', '";;==,', "0"]),
    )
)
def test_no_header_breaks_it(headers: dict[str, str]) -> None:
    for rate in read_rates(headers):
        assert rate.limit is None or rate.limit >= 0
        assert rate.remaining is None or rate.remaining >= 0
        assert rate.resets.seconds is None or 0 <= rate.resets.seconds <= 7 * 86_400
