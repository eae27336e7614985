"""What is remembered stays bounded, and what is asked for stays longest."""

from __future__ import annotations

from copydesk.core.memory import Memory


def test_a_find_is_known_by_its_text_and_language() -> None:
    memory = Memory[int](room=10_000)
    memory.keep(("text", "en"), 0)
    assert memory.get(("text", "en")) == 0
    assert memory.get(("text", "de")) is None
    memory.forget()
    assert memory.get(("text", "en")) is None


def test_texts_that_are_asked_for_stay_and_others_go() -> None:
    memory = Memory[int](room=4_000)
    memory.keep(("asked", ""), 1)
    memory.keep(("never asked", ""), 2)
    for number in range(200):
        memory.keep((f"text {number}", ""), number)
        assert memory.get(("asked", "")) == 1
    assert memory.get(("never asked", "")) is None
    assert memory.get(("text 199", "")) == 199
    assert memory.get(("text 0", "")) is None


def test_a_text_too_long_for_it_is_not_remembered_and_takes_nothing_away() -> None:
    memory = Memory[int](room=1_000)
    memory.keep(("short", ""), 1)
    memory.keep(("long" * 200, ""), 2)
    assert memory.get(("long" * 200, "")) is None
    assert memory.get(("short", "")) == 1
