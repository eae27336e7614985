"""How many couriers a worker leaves to the others, and for how long."""

from __future__ import annotations

import pytest

from copydesk.work.share import A_FEW, LEFT_FOR, Share

ACCOUNTS = [f"acc_{number}" for number in range(20)]


def test_what_falls_due_at_one_moment_is_shared_out() -> None:
    assert Share().reckon(ACCOUNTS, couriers=0, workers=2, at=5.0) == 10
    assert Share().reckon(ACCOUNTS, couriers=0, workers=3, at=5.0) == 7


def test_couriers_under_way_count() -> None:
    """Two workers with ten each, and four more accounts: twelve for each, not two."""
    assert Share().reckon(ACCOUNTS[:4], couriers=20, workers=2, at=5.0) == 12


@pytest.mark.parametrize("workers", [0, 1])
def test_one_worker_takes_all(workers: int) -> None:
    assert Share().reckon(ACCOUNTS, couriers=0, workers=workers, at=5.0) is None


def test_a_few_are_never_too_many() -> None:
    assert Share().reckon(ACCOUNTS[:1], couriers=0, workers=8, at=5.0) == A_FEW


def test_what_the_others_do_not_take_is_not_left_to_them_for_long() -> None:
    share = Share()
    assert share.reckon(ACCOUNTS, couriers=0, workers=2, at=5.0) == 10
    assert share.reckon(ACCOUNTS[10:], couriers=10, workers=2, at=5.0 + LEFT_FOR / 2) == 10
    assert share.reckon(ACCOUNTS[10:], couriers=10, workers=2, at=5.0 + LEFT_FOR) is None
    # they are taken, and others come: these are left for as long again
    assert share.reckon(ACCOUNTS[:10], couriers=10, workers=2, at=5.0 + LEFT_FOR) == 10
