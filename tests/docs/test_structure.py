"""A reader finds a use case by its folder, so no folder of them grows into a list (ADR 0034)."""

from __future__ import annotations

from pathlib import Path

import pytest

import copydesk.work

MOST = 24
WORK = Path(copydesk.work.__file__).parent
FOLDERS = [WORK, *sorted(found.parent for found in WORK.glob("*/__init__.py"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_of_use_cases_is_read_at_a_glance(folder: Path) -> None:
    modules = [file for file in folder.glob("*.py") if file.stem != "__init__"]
    assert 1 < len(modules) <= MOST, f"{folder.name} wants to be divided by subject, or joined"
