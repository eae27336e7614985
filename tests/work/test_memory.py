"""A process that keeps running does not look for garbage in what it has loaded."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from copydesk.work.memory import keep_what_is_loaded, load_undisturbed


class Ring:
    """Refers to itself, so that only the search for garbage finds it."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


def test_what_is_loaded_is_kept_and_garbage_made_later_is_found() -> None:
    loaded = Ring()
    keep_what_is_loaded()
    assert gc.get_freeze_count() > 0
    assert not any(one is loaded for one in gc.get_objects())

    ring = Ring()
    gone = weakref.ref(ring)
    del ring
    gc.collect()
    assert gone() is None


def test_garbage_is_looked_for_again_once_everything_is_loaded() -> None:
    load_undisturbed()
    assert not gc.isenabled()
    keep_what_is_loaded()
    assert gc.isenabled()
