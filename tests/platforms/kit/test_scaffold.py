"""A new platform's files: named after it, ready to be imported, honest about what is left."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import copydesk.platforms
from copydesk.core.errors import Conflict, InputRefused
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.platforms.kit.scaffold import scaffold_in_tree, scaffold_package, to_dos

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    yield
    platform_modules.cache_clear()
    load_platform.cache_clear()


@pytest.mark.parametrize("name", ["", "a", "Nine", "9th", "a-b", "_a", "class", "x" * 31, "kät"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InputRefused, match="cannot be a platform's name"):
        scaffold_package(name, TODAY)


@pytest.mark.parametrize("name", ["mastodon", "kit"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(Conflict):
        scaffold_in_tree(name, TODAY)


def test_no_word_of_the_templates_is_left_and_python_is_python() -> None:
    for files in (scaffold_package("ninth_one", TODAY), scaffold_in_tree("ninth_one", TODAY)):
        for path, text in files.items():
            assert "$" not in text, path
            if path.endswith(".py"):
                compile(text, path, "exec")
            if path.endswith(".toml"):
                tomllib.loads(text)


def test_a_package_declares_its_entry_points() -> None:
    declared = tomllib.loads(scaffold_package("ninth", TODAY)["pyproject.toml"])["project"]
    assert declared["entry-points"] == {
        "copydesk.platforms": {"ninth": "copydesk_ninth"},
        "copydesk.rigs": {"ninth": "copydesk_ninth.testing"},
    }


def test_a_folder_beside_the_others_is_a_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in scaffold_in_tree("ninth_found", TODAY).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    beside = str(tmp_path / "src/copydesk/platforms")
    monkeypatch.setattr(
        copydesk.platforms, "__path__", [*copydesk.platforms.__path__, beside], raising=True
    )
    platform_modules.cache_clear()
    found = load_platform("ninth_found")
    assert isinstance(found, Platform)
    assert (found.name, found.manifest.title) == ("ninth_found", "Ninth Found")
    left = to_dos(platform_modules()["ninth_found"])
    assert len(left) > 10
    assert "manifest.toml, line 3: say in a few words what is published there" in left


def test_our_own_platforms_have_nothing_left_to_do() -> None:
    ours = [m for m in platform_modules().values() if m.startswith("copydesk.")]
    assert ours
    assert not [line for module in ours for line in to_dos(module)]
