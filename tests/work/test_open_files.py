"""A process allows itself as many open files as its work can need."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from copydesk.work.open_files import MANY, allow_many_open_files


@pytest.fixture
def hard() -> Iterator[int]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_is_raised_as_far_as_the_system_lets_us(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    wanted = MANY if hard == resource.RLIM_INFINITY else min(MANY, hard)
    assert allow_many_open_files() == wanted
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (wanted, hard)


def test_a_limit_that_is_enough_stays_as_it_is(hard: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[0] != resource.RLIM_INFINITY and before[0] < MANY:
        pytest.skip("this machine allows fewer")
    allow_many_open_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
