"""These tests need the git program."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _needs_git(git_program: str) -> None:
    """Skip without it."""
