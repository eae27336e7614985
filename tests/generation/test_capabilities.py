"""Pipelines as steps: what is done together, and what has to wait for the stage before."""

from __future__ import annotations

import pytest

from copydesk.generation.capabilities import Capability, fuse
from copydesk.generation.prompts import load_prompt
from copydesk.generation.tasks import WrittenReply


def steps(*stages: str) -> list[list[str]]:
    return [[str(stage) for stage in step.stages] for step in fuse([Capability(s) for s in stages])]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (["parse", "rewrite", "polish"], [["parse"], ["rewrite", "polish"]]),
        (["rewrite", "improve", "reply"], [["rewrite", "improve", "reply"]]),
        (["summarize", "polish"], [["summarize"], ["polish"]]),
        (["story", "summarize"], [["story"], ["summarize"]]),
        (["polish", "social", "reply"], [["polish"], ["social"], ["reply"]]),
        (["polish", "parse", "polish"], [["polish"], ["parse"], ["polish"]]),
    ],
)
def test_neighbours_share_a_step_where_no_words_are_needed_in_between(
    stages: list[str], expected: list[list[str]]
) -> None:
    assert steps(*stages) == expected


@pytest.mark.parametrize(
    ("stages", "consolidated"),
    [
        (["rewrite", "polish"], True),
        (["polish", "rewrite"], True),
        (["rewrite_and_polish", "summarize"], True),
        (["rewrite"], False),
        (["rewrite_and_polish", "story"], False),
        (["rewrite", "polish", "improve"], False),
    ],
)
def test_the_consolidated_prompt_does_what_it_can(stages: list[str], consolidated: bool) -> None:
    (step,) = fuse([Capability(stage) for stage in stages])
    assert step.is_consolidated is consolidated


@pytest.mark.parametrize(
    "capability", [c for c in Capability if c is not Capability.PARSE] + ["transform"]
)
def test_every_capability_of_a_model_has_a_versioned_prompt(capability: str) -> None:
    assert load_prompt(capability, 1).name == f"{capability}.v1"


def test_the_frame_describes_every_field_of_the_reply_in_order() -> None:
    frame = load_prompt("transform", 1)
    places = [frame.system.index(f"- `{field}`:") for field in WrittenReply.model_fields]
    assert places == sorted(places)
