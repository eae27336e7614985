"""Losses: each says what became of something, in words and in kind."""

from __future__ import annotations

import pytest

from copydesk.core.findings import Loss, LossKind
from copydesk.store.codec import from_json, to_json


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("left out: it has no alternative text", LossKind.DROPPED),
        ("not attached", LossKind.DROPPED),
        ("moved to a numbered list at the end", LossKind.MOVED),
        ("stays behind the link", LossKind.MOVED),
        ("written as lines with the cells between bars", LossKind.DOWNGRADED),
    ],
)
def test_the_first_words_say_what_kind_of_loss_it_is(how: str, kind: LossKind) -> None:
    assert Loss(what="x", how=how, why="y").kind is kind


def test_a_kind_that_is_given_wins() -> None:
    loss = Loss(what="x", how="left out", why="y", kind=LossKind.MOVED)
    assert loss.kind is LossKind.MOVED
    assert from_json(Loss, to_json(Loss, loss)).kind is LossKind.MOVED


def test_losses_stored_before_there_were_kinds_can_be_read() -> None:
    loss = from_json(Loss, {"what": "x", "how": "removed", "why": "y"})
    assert loss == Loss(what="x", how="removed", why="y")
    assert loss.kind is LossKind.DROPPED
