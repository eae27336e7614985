"""What a text can be put through, by name, and how many calls a pipeline of them takes.

Stages that edit one text are one piece of work for a model, and so is writing something new from
the text they leave: adjacent ones become one step. What needs the words that came out of the stage
before is a step of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: How many stages a pipeline may have.
MAX_STAGES: Final = 12


class Capability(StrEnum):
    """A stage of a pipeline, as the interfaces name it."""

    PARSE = "parse"
    REWRITE = "rewrite"
    POLISH = "polish"
    REWRITE_AND_POLISH = "rewrite_and_polish"
    IMPROVE = "improve"
    STORY = "story"
    SOCIAL = "social"
    SUMMARIZE = "summarize"
    REPLY = "reply"


#: Edit the text they are given: all of it comes back, or is named as left out.
EDITING: Final = frozenset(
    {Capability.REWRITE, Capability.POLISH, Capability.REWRITE_AND_POLISH, Capability.IMPROVE}
)
#: Write a new text from the one they are given, which may leave things out.
WRITING: Final = frozenset(
    {Capability.STORY, Capability.SOCIAL, Capability.SUMMARIZE, Capability.REPLY}
)
#: No rule can stand in for the model here.
NEEDS_MODEL: Final = frozenset({Capability.IMPROVE, Capability.STORY, Capability.REPLY})
#: Never light work, whatever the text: a wish to be understood, or words for an audience.
NEEDS_JUDGEMENT: Final = NEEDS_MODEL | {Capability.SOCIAL}

_BOTH: Final = (Capability.REWRITE, Capability.POLISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Adjacent stages done together: those that edit, then at most one that writes or parses."""

    stages: tuple[Capability, ...]

    @property
    def edits(self) -> tuple[Capability, ...]:
        """Return the editing tasks in order and once each; `rewrite_and_polish` is two of them."""
        tasks: list[Capability] = []
        for stage in self.stages:
            if stage is Capability.REWRITE_AND_POLISH:
                tasks += _BOTH
            elif stage in EDITING:
                tasks.append(stage)
        return tuple(dict.fromkeys(tasks))

    @property
    def writes(self) -> Capability | None:
        """Return the stage that writes a new text, None where there is none."""
        return self.stages[-1] if self.stages[-1] in WRITING else None

    @property
    def is_consolidated(self) -> bool:
        """Whether the one prompt that rewrites, polishes and sums up does all of it."""
        return set(self.edits) == set(_BOTH) and self.writes in (None, Capability.SUMMARIZE)


def fuse(stages: Sequence[Capability]) -> tuple[Step, ...]:
    """Return the steps that `stages` take, in order; each step is one call at most.

    `social` writes for places with bounds of their own and stands alone, as `parse` does.
    """
    steps: list[Step] = []
    together: list[Capability] = []

    def close() -> None:
        if together:
            steps.append(Step(stages=tuple(together)))
            together.clear()

    for stage in stages:
        if stage in (Capability.PARSE, Capability.SOCIAL):
            close()
            steps.append(Step(stages=(stage,)))
            continue
        if together and together[-1] in WRITING:
            close()
        together.append(stage)
    close()
    return tuple(steps)
