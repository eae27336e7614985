"""Rigs are found by existing, here and in other packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from copydesk.core.clock import SystemClock
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.testing.faults import rigs
from copydesk.testing.faults.catalogue import KILLS, Fault
from copydesk.testing.faults.playing import find_rig
from copydesk.testing.faults.quick import FULL_ROUNDS, SPOKES, quick_round
from copydesk.testing.faults.rigs import ENTRY_POINT_GROUP, find_rigs
from copydesk.testing.samples import sample_case

NINTH = """
from copydesk.testing.faults.rigs.webhook import WebhookRig
class {name}(WebhookRig):
    spoke = "{spoke}"
class _Private(WebhookRig):
    spoke = "private"
"""


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    find_rigs.cache_clear()
    yield
    find_rigs.cache_clear()
    for name in set(sys.modules) - before:
        if name.rpartition(".")[2].startswith("dropped"):
            del sys.modules[name]


def install(folder: Path, value: str) -> None:
    info = folder / "dropped-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dropped\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\ndropped = {value}\n")


def test_every_platform_of_ours_that_can_be_reached_has_a_rig() -> None:
    tried = {rig.platform for rig in find_rigs().values()}
    ours = {name for name, m in platform_modules().items() if m.startswith("copydesk.")}
    assert ours <= tried


@pytest.mark.parametrize("kind", sorted(Idempotency))
def test_a_quick_round_has_a_spoke_of_each_kind(kind: Idempotency, tmp_path: Path) -> None:
    rig = find_rigs()[SPOKES[kind]](folder=tmp_path, home=tmp_path, clock=SystemClock())
    case = sample_case(rig.platform, rig.settings("127.0.0.1:1"))
    assert load_platform(rig.platform).idempotency(case.account) is kind


def test_a_quick_round_has_the_faults_of_sqlite_and_each_kill_thrice() -> None:
    played = quick_round()
    of_sqlite = {fault for fault in Fault if not fault.startswith("database_")}
    assert {fault for _, fault in played} == of_sqlite - FULL_ROUNDS
    assert len(played) == len(set(played))
    for kill in KILLS:
        killed = [name for name, fault in played if fault is kill]
        assert len(killed) == 3
        assert "specimen+client_id" in killed


def test_a_quick_round_of_another_spoke() -> None:
    played = quick_round(["devto"])
    assert {spoke for spoke, _ in played} == {"devto"}
    assert {fault for _, fault in played} >= FULL_ROUNDS


def test_a_module_dropped_beside_the_others_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dropped.py").write_text(NINTH.format(name="Ninth", spoke="ninth"))
    monkeypatch.setattr(rigs, "__path__", [*rigs.__path__, str(tmp_path)])
    assert find_rig("ninth").__name__ == "Ninth"
    assert "private" not in find_rigs()


@pytest.mark.parametrize("value", ["dropped_rigs", "dropped_rigs:Ninth"])
def test_another_package_brings_its_own(tmp_path: Path, value: str) -> None:
    (tmp_path / "dropped_rigs.py").write_text(NINTH.format(name="Ninth", spoke="ninth"))
    install(tmp_path, value)
    assert find_rigs()["ninth"].__module__ == "dropped_rigs"


def test_two_rigs_of_one_name_are_named(tmp_path: Path) -> None:
    (tmp_path / "dropped_rigs.py").write_text(NINTH.format(name="Second", spoke="site"))
    install(tmp_path, "dropped_rigs")
    with pytest.raises(ValueError, match=r"SiteRig and dropped_rigs\.Second"):
        find_rigs()


def test_an_entry_point_to_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "dropped_rigs.py").write_text("thing = 1\n")
    install(tmp_path, "dropped_rigs:thing")
    with pytest.raises(TypeError, match="dropped_rigs:thing"):
        find_rigs()
