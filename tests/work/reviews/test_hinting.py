"""Hints about style are taken in one step, and undone like any decision."""

from __future__ import annotations

import pytest

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import SuggestionState
from copydesk.core.suggestion import Origin, TextField
from copydesk.editorial import deciding
from copydesk.work.desk import Desk
from copydesk.work.reviews.hinting import Hint, hints_of, take_hint
from copydesk.work.reviews.reviewing import look_at
from copydesk.work.reviews.revising import reword
from tests.work.reviewed import WRITTEN, hold

ROUGH = "Keep the the lamp,Broken as it was, for us!!! WE WANT OUR MONEY BACK AT ONCE."


async def rough(desk: Desk) -> tuple[str, dict[str, Hint]]:
    """Hold a text and put a rough sentence behind it; return the review and its hints by kind."""
    held = await hold(desk)
    await reword(desk, held.review, {TextField.BODY: f"{WRITTEN}\n\n{ROUGH}"}, actor="web:ada")
    found = await hints_of(await look_at(desk, held.review))
    return held.review, {hint.message.partition(":")[0]: hint for hint in found}


async def test_hints_say_what_to_put_there_where_that_is_plain(desk: Desk) -> None:
    _, hints = await rough(desk)
    assert (hints["doubled word"].before, hints["doubled word"].after) == ("the the", "the")
    assert hints["doubled punctuation"].after == "!"
    assert hints["missing space"].after == "lamp, Broken"
    assert hints["shouting"].after is None, "a person finds the words"


async def test_a_hint_that_is_taken_is_a_suggestion_and_is_undone(desk: Desk) -> None:
    review, hints = await rough(desk)
    before = (await look_at(desk, review)).text.body
    made = await take_hint(desk, review, hints["missing space"].number, actor="web:ada")
    look = await look_at(desk, review)
    assert look.text.body == before.replace("lamp,Broken", "lamp, Broken")
    assert {"missing space" in hint.message for hint in await hints_of(look)} == {False}
    (one,) = made
    assert (one.origin, one.decided_by) == (Origin.PERSON, "web:ada")
    assert one.note.startswith("style: missing space")
    async with desk.store.begin("web:ada") as unit:
        undone = await deciding.undo(unit, await unit.reviews.get(review), str(one.number))
    assert undone.text != one.text or undone.state is not SuggestionState.ACCEPTED
    assert (await look_at(desk, review)).text.body == before


async def test_what_cannot_be_taken_is_said(desk: Desk) -> None:
    review, hints = await rough(desk)
    with pytest.raises(Conflict, match="no ready correction"):
        await take_hint(desk, review, hints["shouting"].number, actor="web:ada")
    with pytest.raises(NotFound):
        await take_hint(desk, review, 99, actor="web:ada")
    with pytest.raises(Conflict, match="counted anew"):
        await take_hint(desk, review, 1, actor="web:ada", version=0)
