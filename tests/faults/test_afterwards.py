"""Posts that are out are changed and taken down, on every spoke that says it can do so."""

from __future__ import annotations

from typing import ClassVar

import pytest

from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.testing.faults.afterwards import NEW
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs import find_rigs
from copydesk.testing.faults.rigs.mastodon import MastodonRig
from copydesk.testing.faults.rigs.sandbox import SandboxRig
from copydesk.testing.faults.scenarios import run_scenario

POSTS = 2

#: What goes wrong in a way that a spoke's own tests would not show; the rest is for `./dev faults`.
TRIED = (Fault.UPDATE_OF_TAGS_LOST, Fault.UPDATE_EDITED_IN_DOUBT, Fault.DELETE_HTML_WITH_200)


def changing() -> list[str]:
    """Return the spokes whose manifests say that something can be done afterwards."""
    names: list[str] = []
    for name, rig in find_rigs().items():
        if rig.platform in platform_modules():
            manifest = load_platform(rig.platform).manifest
            if manifest.can_update or manifest.can_delete:
                names.append(name)
    return names


@pytest.mark.parametrize("spoke", changing())
@pytest.mark.parametrize("fault", TRIED)
async def test_nothing_is_lost_and_nothing_is_believed_too_early(
    spoke: str, fault: Fault, made: Databases
) -> None:
    row = await run_scenario(find_rigs()[spoke], "sqlite", fault, POSTS, made)
    if not row.applies:
        pytest.skip(row.note)
    assert row.is_good, row


async def test_an_update_waits_when_our_own_pace_leaves_no_look_before_it(made: Databases) -> None:
    # of a removed article a Forem tells in two reads of the three that a second has
    rig = find_rigs()["devto"]
    row = await run_scenario(rig, "sqlite", Fault.UPDATE_REMOVED_IN_DOUBT, 2 * POSTS, made)
    assert row.is_good, row
    assert row.held == POSTS


@pytest.mark.parametrize("fault", [Fault.UPDATE_REMOVED_THERE, Fault.DELETE_KILL_AFTER_ACCEPT])
@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
async def test_both_stores_keep_what_people_and_dead_workers_leave(
    store: str, fault: Fault, made: Databases
) -> None:
    row = await run_scenario(MastodonRig, store, fault, POSTS, made)
    assert row.applies, row.note
    assert row.is_good, row
    assert row.held == (1 if fault is Fault.UPDATE_REMOVED_THERE else 0)


class _Forgetful(SandboxRig):
    """A sandbox that goes on showing the old text."""

    spoke: ClassVar[str] = "sandbox+forgetful"

    def shown(self, marker: str) -> str:
        return super().shown(marker).replace(NEW, "stands here once")


class _Silent(SandboxRig):
    """A rig whose author did not say what the platform shows."""

    spoke: ClassVar[str] = "sandbox+silent"
    shown = EngineRig.shown


async def test_the_kit_sees_a_change_that_never_came(made: Databases) -> None:
    row = await run_scenario(_Forgetful, "sqlite", Fault.UPDATE_NONE, POSTS, made)
    assert row.lost == POSTS


async def test_a_rig_that_does_not_say_what_is_shown_does_not_pass(made: Databases) -> None:
    row = await run_scenario(_Silent, "sqlite", Fault.DELETE_NONE, POSTS, made)
    assert row.applies
    assert not row.is_good
    assert "_Silent.shown" in row.note
