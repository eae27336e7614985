"""Commands run in this process, at noon of an ordinary day."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_projects(noon: None, ready_made: None) -> None:
    """Commands make their projects and read the machine's clock."""
