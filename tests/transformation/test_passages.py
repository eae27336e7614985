"""A text in passages: nothing is lost but headings, which stand beside them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.transformation.passages import LONGEST, passages_of


def test_paragraphs_stand_together_below_their_heading() -> None:
    rules = "Write 3 March.\nNever 3/3.\n\n- One.\n- Two."
    text = f"Lead.\n\n# Dates\n\n{rules}\n\n## Voice ##\n\nBe kind."
    assert passages_of(text) == [
        ("", "Lead."),
        ("Dates", rules),
        ("Voice", "Be kind."),
    ]


def test_a_heading_in_code_is_code() -> None:
    text = "# Setup\n\n```sh\n# install\n\nmake\n```"
    assert passages_of(text) == [("Setup", "```sh\n# install\n\nmake\n```")]


def test_a_long_paragraph_is_parted_between_sentences() -> None:
    text = "The harbour opens on Sunday at 9:00. " * 60
    found = passages_of(text)
    assert len(found) > 2
    assert all(len(piece) <= LONGEST and piece.endswith("9:00.") for _, piece in found)


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a heading"])
def test_what_says_nothing_has_no_passages(text: str) -> None:
    assert passages_of(text) == []


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab. \n#`-!é语", max_size=3_000))
def test_every_word_is_in_a_passage_or_a_heading(text: str) -> None:
    found = "\n".join(f"{heading}\n{piece}" for heading, piece in passages_of(text))
    headings = [line for line in text.split("\n") if line.lstrip().startswith("#")]
    kept = f"{found}\n{chr(10).join(headings)}".replace("#", " ").split()
    assert set(text.replace("#", " ").split()) <= set(kept)
