"""Prompt files: versioned, complete, and filled in one pass."""

from __future__ import annotations

import pytest

from copydesk.core.errors import ConfigError, NotFound
from copydesk.generation.prompts import fill, load_prompt, parse_prompt
from copydesk.generation.replies import RewriteReply

FILE = "+++\ntemperature = 0.2\nmax_title = 90\nmax_summary = 300\n+++\n\n# System\nA\n# User\nB\n"


def test_the_current_prompt_describes_every_field_of_the_reply_in_order() -> None:
    prompt = load_prompt("rewrite_and_polish", 1)
    assert prompt.name == "rewrite_and_polish.v1"
    places = [prompt.system.index(f"- `{field}`:") for field in RewriteReply.model_fields]
    assert places == sorted(places)


def test_a_version_that_does_not_exist() -> None:
    with pytest.raises(NotFound, match=r"rewrite_and_polish\.v99\.md"):
        load_prompt("rewrite_and_polish", 99)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# System\nA\n# User\nB", "expected"),
        (FILE.replace("# User", "# Other"), "expected"),
        (FILE.replace("0.2", "zero"), "x.v1.md"),
        (FILE.replace("0.2", "3.5"), "temperature"),
        (FILE.replace("max_title", "max_titel"), "max_titel"),
    ],
)
def test_a_broken_file_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_prompt(text, capability="x", number=1)


def test_filling_is_one_pass_and_complete() -> None:
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "2"}) == "{{b}} 2"
    with pytest.raises(ConfigError) as caught:
        fill("{{a}} {{b}}", {"b": "2", "c": "3"})
    assert caught.value.problems == ("nothing fills {{a}}", "no place for c")
