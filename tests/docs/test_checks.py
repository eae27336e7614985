"""Every check has a page of its own that tells its present version."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from copydesk.quality import checks

PAGES = Path(__file__).parents[2] / "docs/reference/checks"
NAMES = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))


@pytest.mark.parametrize("name", NAMES)
def test_a_check_has_a_page_with_its_version_and_its_misses(name: str) -> None:
    check = importlib.import_module(f"{checks.__name__}.{name}")
    text = (PAGES / f"{check.NAME}.md").read_text(encoding="utf-8")
    assert f"# {check.NAME}, version {check.VERSION}\n" in text
    for part in ("**On failure**", "**Evidence**", "**Cost**", "**Known misses**", "**Versions**"):
        assert part in text
    assert f"- {check.VERSION}: " in text


def test_no_page_tells_of_a_check_that_is_gone() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(NAMES)
