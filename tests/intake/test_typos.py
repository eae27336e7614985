"""Misspellings are found in one call for many texts; without the program nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from copydesk.intake.typos import Typo, find_typos, typos_program

needs_program = pytest.mark.skipif(typos_program() is None, reason="the typos program is absent")


@needs_program
async def test_finds_are_placed_in_their_own_text_in_code_points() -> None:
    report = await find_typos(
        ["Grüße 😀 teh end\n\nI recieve it", "", "all is well", "x\0 adn\r\ny"]
    )
    assert report.skipped_because == ""
    assert report.found == (
        (Typo(8, "teh", "the"), Typo(19, "recieve", "receive")),
        (),
        (),
        (Typo(3, "adn", "and"),),
    )


@needs_program
async def test_parts_of_identifiers_and_doubtful_words_are_left_alone() -> None:
    report = await find_typos(["teh_value @teh #teh a/teh recieveAll wnat"])
    assert report.found == ((),)


async def test_a_missing_program_is_said() -> None:
    report = await find_typos(["teh"], program="/nonexistent/typos")
    assert report.found == ((),)
    assert "did not start" in report.skipped_because


async def test_a_failing_program_is_said(tmp_path: Path) -> None:
    program = tmp_path / "typos"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    report = await find_typos(["teh"], program=str(program))
    assert report.skipped_because == "the typos program ended with 3: broken"


async def test_a_hanging_program_is_stopped(tmp_path: Path) -> None:
    program = tmp_path / "typos"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    report = await find_typos(["teh"], program=str(program), timeout=0.2)
    assert "took more than 0.2 s" in report.skipped_because


async def test_no_texts_start_no_program() -> None:
    assert (await find_typos([], program="/nonexistent/typos")).skipped_because == ""
