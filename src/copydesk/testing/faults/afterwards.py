"""Faults after publishing: posts that are out are changed or taken down, and something goes wrong.

First every post goes out undisturbed. Then each is changed (or removed) through the engine, while
the platform lies, people work on it there, or workers die; what the platform shows in the end
decides, post by post.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing
from copydesk.core.post import Content, Tier
from copydesk.core.states import SETTLED, DeliveryState
from copydesk.distribution.aftercare import CHANGED, GONE
from copydesk.distribution.planning import plan, schedule
from copydesk.distribution.plans import Intended
from copydesk.platforms.kit.registry import load_platform
from copydesk.testing.faults import kills
from copydesk.testing.faults.catalogue import KILLS, Fault
from copydesk.testing.faults.engine import all_deliveries
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.hearing import hearing
from copydesk.testing.faults.rig import HttpRig, NotApplicable
from copydesk.testing.faults.scene import Scene
from copydesk.testing.faults.truth import is_uncertain, seconds_to_truth
from copydesk.work.accounts.connecting import change_account
from copydesk.work.deliveries.unpublishing import unpublish

#: What the new version of every post says, what its new tag is, and what somebody writes into it on
#: the platform.
NEW: Final = "was put right"
TAG: Final = "corrected"
THEIRS: Final = "somebody was here"

_OLD: Final = "stands here once"

#: What people do on the platform, before we do anything or while we do not know what became of it.
_DEEDS: Final = frozenset({"edited_there", "edited_in_doubt", "removed_there", "removed_in_doubt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a fault of this module asks for: to do `action`, and what goes wrong: by the name of a
    fault of publishing, or of something that only happens afterwards."""

    action: Action
    what: str

    @property
    def strikes(self) -> Fault | None:
        """Return how the platform misbehaves, None when it does not."""
        if self.what in {"of_tags_lost", "edited_in_doubt", "removed_in_doubt"}:
            return Fault.RESET_BEFORE_ACCEPT
        if self.what in {*_DEEDS, "answered_410"}:
            return None
        fault = Fault(self.what)
        return None if fault in KILLS or fault is Fault.NONE else fault


async def play(stage: Scene) -> Row:
    """Publish, then change or remove under the fault, and compare."""
    action, _, what = stage.fault.partition("_")
    case = _Case(action=Action(action), what=what)
    account = await stage.account()
    _apply_to(stage, account, case)
    await stage.engine(account).run_to_rest()
    if any(d.state is not DeliveryState.DELIVERED for d in await all_deliveries(stage.desk)):
        raise AssertionError("the posts did not get out in the first place")
    touched: list[str] = []
    if what.endswith("_there") or what == "answered_410":
        touched = list(stage.markers.values())[1::2]
        _touch(stage, case, touched)
    await _plan(stage, account, case)
    await _strike(stage, account, case)
    if what in KILLS:
        await kills.carry(stage, account, Fault(what))
    elif what.endswith("_in_doubt"):
        touched = await _while_in_doubt(stage, account, case)
    else:
        await stage.engine(account).run_to_rest()
    if case.strikes is not None and not stage.rig.struck:
        raise AssertionError("the fault never struck: this proves nothing")
    return await _row(stage, case, touched)


def _apply_to(stage: Scene, account: Account, case: _Case) -> None:
    platform = load_platform(stage.rig.platform)
    title = platform.manifest.title
    if case.action is Action.UPDATE and not platform.can_update(account):
        raise NotApplicable(f"{title} cannot change what it has published")
    if case.action is Action.DELETE and not platform.manifest.can_delete:
        raise NotApplicable(f"{title} cannot take back what it has published")
    if case.action is Action.UPDATE and case.what in _DEEDS and not platform.inspections(account):
        raise NotApplicable("nobody can look how a post stands there, so nobody can tell")
    if case.what == "answered_410" and not isinstance(stage.rig, HttpRig):
        raise NotApplicable("no web API that could answer 410")


def _touch(stage: Scene, case: _Case, markers: Collection[str]) -> None:
    if case.what == "answered_410":
        assert isinstance(stage.rig, HttpRig)
        stage.rig.server.gone_status = 410
    for marker in markers:
        if case.what.startswith("edited"):
            stage.rig.edit_there(marker, THEIRS)
        else:
            stage.rig.remove_there(marker)


async def _while_in_doubt(stage: Scene, account: Account, case: _Case) -> list[str]:
    """Carry on, and let people work on each post whose change was lost as soon as it was; return
    which those are."""
    touched: list[str] = []

    async def touch(sent: Outgoing) -> None:
        marker = stage.markers[sent.post_id]
        if marker not in touched and NEW not in stage.rig.shown(marker):
            touched.append(marker)
            _touch(stage, case, [marker])

    with hearing(stage.rig.platform, doubt=touch):
        await stage.engine(account).run_to_rest()
    if not touched:
        raise AssertionError("nothing was ever in doubt: this proves nothing")
    return touched


def _changed(content: Content, case: _Case) -> Content:
    if case.what == "of_tags_lost":
        return replace(content, tags=(TAG,))
    return replace(content, body=content.body.replace(_OLD, NEW))


async def _plan(stage: Scene, account: Account, case: _Case) -> None:
    async with stage.desk.store.begin("faults") as unit:
        for post_id, marker in stage.markers.items():
            post = await unit.posts.get(post_id)
            if case.action is Action.DELETE:
                await unpublish(unit, post)
                continue
            content = _changed(stage.rig.content(marker), case)
            revision = await unit.posts.revise(post, content, Tier.PERSON)
            (planned,) = await plan(unit, post, revision, [account], post.created_at)
            if planned.intended is Intended.NOTHING:
                raise NotApplicable("nothing of this change is ever sent there")
            if planned.errors:
                raise NotApplicable(planned.errors[0].message)
            await schedule(unit, post, revision, [planned], unit.now)


async def _strike(stage: Scene, account: Account, case: _Case) -> None:
    if case.strikes is None:
        return
    stage.rig.strike(case.strikes, stage.deliveries)
    settings = stage.rig.settings(stage.rig.address)
    if any(account.settings.get(key) != value for key, value in settings.items()):
        await change_account(
            stage.desk, account.name, settings=settings, secrets={}, actor="faults"
        )


# ---------------------------------------------------------------- what came of it


async def _row(stage: Scene, case: _Case, touched: Collection[str]) -> Row:
    by_post: dict[str, Delivery] = {}
    for delivery in await all_deliveries(stage.desk):
        if delivery.action is case.action:
            by_post[delivery.post_id] = delivery
    copies = stage.rig.copies()
    duplicates = lost = failed = held = stuck = 0
    for post_id, marker in stage.markers.items():
        delivery = by_post[post_id]
        shown = stage.rig.shown(marker)
        is_done = delivery.state is DeliveryState.DELIVERED
        is_over = delivery.state in SETTLED and not is_done
        held += delivery.state is DeliveryState.HELD
        stuck += delivery.state not in SETTLED
        duplicates += max(0, copies[marker] - 1)
        if case.action is Action.DELETE:
            lost += is_done and bool(shown)
            failed += is_over and not await _excused(stage, case, delivery)
        elif marker in touched:
            lost += not _respected(case, delivery, shown)
        else:
            lost += not copies[marker] or (is_done and _wanted(case) not in shown)
            failed += is_over and not await _excused(stage, case, delivery)
    return Row(
        spoke=stage.rig.spoke,
        store=stage.store,
        fault=stage.fault.value,
        deliveries=len(stage.markers),
        duplicates=duplicates,
        lost=lost,
        stuck=stuck,
        wrongly_failed=failed,
        calls_during_429=stage.rig.calls_while_limited,
        held=held,
        seconds_to_truth=round(await seconds_to_truth(stage.desk), 1),
    )


def _wanted(case: _Case) -> str:
    return TAG if case.what == "of_tags_lost" else NEW


def _respected(case: _Case, delivery: Delivery, shown: str) -> bool:
    """Tell whether what somebody did on the platform is as they left it, and a person is told."""
    if case.what.startswith("edited"):
        left, code = THEIRS in shown and NEW not in shown, CHANGED
    else:
        left, code = not shown, GONE
    codes = {code, "unknown"} if case.what.endswith("_in_doubt") else {code}
    return left and delivery.state is DeliveryState.HELD and delivery.reason_code in codes


async def _excused(stage: Scene, case: _Case, delivery: Delivery) -> bool:
    if delivery.state is not DeliveryState.HELD or not delivery.reason:
        return False
    return case.what == Fault.FORBIDDEN or await is_uncertain(stage.desk, stage.rig, delivery)


__all__ = ["NEW", "TAG", "THEIRS", "play"]
