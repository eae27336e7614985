"""These tests need the git program."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(autouse=True)
def _git_program() -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git on PATH")
