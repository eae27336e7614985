"""What was found in the texts seen last, so that it is not looked for again. Bounded by letters.

The versions of one message differ in few places, and clean-up, composing and every check ask for
the same ones.
"""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

Found = TypeVar("Found")

#: A text and its language.
Asked: TypeAlias = tuple[str, str]

#: An entry takes room beside its text; so many code points are counted for it.
_EACH = 64


class Memory(Generic[Found]):
    """Finds by text and language; of the texts not asked for lately, the older half goes.

    Threads may share one: what one of them loses is found again.
    """

    def __init__(self, room: int) -> None:
        """Make an empty memory for texts of `room` code points in all."""
        self._half = room // 2
        self.forget()

    def forget(self) -> None:
        """Empty it."""
        self._young: dict[Asked, Found] = {}
        self._old: dict[Asked, Found] = {}
        self._held = 0

    def get(self, asked: Asked) -> Found | None:
        """Return what was found in this text, or None when that is not known."""
        found = self._young.get(asked)
        if found is None and (found := self._old.get(asked)) is not None:
            self.keep(asked, found)
        return found

    def keep(self, asked: Asked, found: Found) -> None:
        """Remember what was found in a text; one that would take half of the room is not kept."""
        size = len(asked[0]) + _EACH
        if size > self._half:
            return
        if self._held + size > self._half:
            self._old, self._young, self._held = self._young, {}, 0
        self._young[asked] = found
        self._held += size
