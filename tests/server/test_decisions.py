"""The buttons of a delivery that waits for a person say what is true of the reason it waits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import copydesk.distribution
from copydesk.core.delivery import Action, Delivery
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.server.views.decisions import Option, options_of
from copydesk.testing.clocks import NOON
from copydesk.work.deliveries.settling import Decision


def options(
    code: str,
    action: Action = Action.CREATE,
    state: DeliveryState = DeliveryState.HELD,
    handles: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Option]:
    delivery = Delivery(
        id="dlv_1",
        workspace_id="wsp_1",
        account_id="acc_1",
        post_id="pst_1",
        revision_id="rev_1",
        rendition_id="ren_1",
        action=action,
        state=state,
        due_at=NOON,
        key="k",
        reason_code=code,
        handles=handles,
    )
    return {option.value: option for option in options_of(delivery)}


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("changed_there", "Overwrite it"),
        ("link_not_there", "Publish without waiting"),
        ("late", "Send it late"),
        ("too_expensive", "Send it"),
        ("refused", "Send it"),
    ],
)
def test_sending_is_named_by_what_it_does(code: str, label: str) -> None:
    send = options(code)[Decision.SEND]
    assert send.label == label
    assert "It is not there" not in send.hint, "nobody has to look for what was never sent"
    assert not send.warning


@pytest.mark.parametrize("code", sorted(MAY_HAVE_LANDED))
@pytest.mark.parametrize("action", Action)
def test_what_may_have_landed_is_looked_for_first(code: str, action: Action) -> None:
    found = options(code, action)
    assert "I have looked at the platform" in found[Decision.SEND].warning
    assert ("duplicate" in found[Decision.SEND].warning) == (action is Action.CREATE)
    assert not found[Decision.LANDED].warning
    assert not found[Decision.GIVE_UP].warning


def test_of_a_removal_it_is_said_that_it_is_still_there() -> None:
    found = options("unknown", Action.DELETE)
    assert found[Decision.SEND].label == "Take it down"
    assert found[Decision.LANDED].label == "It is gone"


def test_nothing_is_offered_while_it_waits_for_nobody() -> None:
    assert options("retrying", state=DeliveryState.SCHEDULED) == {}


def test_every_code_that_is_held_has_words_of_its_own() -> None:
    """A reason added later must not fall back to words that may be untrue of it."""
    folder = Path(copydesk.distribution.__file__).parent
    judged = "".join((folder / f"{name}.py").read_text() for name in ("judgement", "consequences"))
    stops = re.findall(
        r'DeliveryState\.(?:HELD|FAILED|BLOCKED),\s+"([a-z_]+)"|\b(?:held|blocked)\(\s*"([a-z_]+)"',
        judged,
    )
    codes = {first or second for first, second in stops}
    assert {"refused", "attempts_used_up", "misconfigured", "duplicate", "spoke_fault"} <= codes
    fallback = options("no such code")[Decision.SEND].hint
    assert {code for code in codes if options(code)[Decision.SEND].hint == fallback} == set()


@pytest.mark.parametrize(
    ("action", "out", "labels"),
    [
        (Action.CREATE, 1, {"Send the rest", "This part landed", "Give up the rest"}),
        (Action.DELETE, 2, {"Take the rest down", "This part is gone", "Leave the rest"}),
    ],
)
def test_of_a_thread_that_has_begun_the_rest_is_decided_about(
    action: Action, out: int, labels: set[str]
) -> None:
    parts = [{"id": str(number), "url": ""} for number in range(out)]
    found = options("refused", action, handles={"parts": parts, "of": 3})
    assert {option.label for option in found.values()} == labels
    assert not found[Decision.SEND].warning
    unsure = options("unknown", action, handles={"parts": parts, "of": 3})
    assert unsure[Decision.SEND].warning, "the part in flight may be there"
