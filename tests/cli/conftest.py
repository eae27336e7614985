"""Commands run in this process, on a clock that no test has to fear."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _at_noon(noon: None) -> None:
    """Commands read the machine's clock."""
