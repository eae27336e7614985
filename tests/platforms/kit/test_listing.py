"""A listing proves an absence only where nothing that was asked for can stand behind its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from copydesk.platforms.kit.listing import reaches_back

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "reaches"),
    [
        ([], False),
        ([3, 2, 1], False),
        ([3, 0], False),
        ([3, 2, -1], True),
        ([-1], True),
        ([-900, 3, 2, 1], False),
        ([3, -1, 2, -2], False),
        ([3, -2, -1], True),
    ],
    ids=str,
)
def test_a_page_reaches_back_when_nothing_newer_stands_behind_what_is_older(
    minutes: list[int], reaches: bool
) -> None:
    moments = [START + timedelta(minutes=one) for one in minutes]
    assert reaches_back(moments, START) is reaches
