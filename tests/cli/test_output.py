"""What commands print cannot be made to steer the terminal it is printed on."""

from __future__ import annotations

import pytest
import typer

from copydesk.cli.output import fail, hint, show
from copydesk.core.errors import ConfigError, ContentInvalid, CopydeskError
from copydesk.core.findings import Finding

#: Clears the screen, renames the window, writes over the line, and the same in one C1 character.
STEERING = "a\x1b[2Jb\x1b]0;mine\x07c\rd\x9b2Je\x08f\x7f"


@pytest.mark.parametrize(
    "error",
    [
        CopydeskError(STEERING, remedy=STEERING),
        ConfigError([STEERING]),
        ContentInvalid([Finding(code="x", field="body", message=STEERING, remedy=STEERING)]),
    ],
    ids=["plain", "config", "findings"],
)
def test_errors_with_the_words_of_strangers_are_only_words(
    error: CopydeskError, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        fail(error)
    said = capsys.readouterr().err
    assert "mine" in said
    assert all(character.isprintable() or character in "\n\ufffd" for character in said)


def test_results_and_hints_are_only_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    hint(f"Open {STEERING}")
    show({}, as_json=False, words=lambda: [STEERING, "kept:\tä 👩‍💻 \r\n as it is"])
    out, err = capsys.readouterr()
    for said in (out, err):
        assert "\x1b" not in said
        assert "\x9b" not in said
        assert "\x07" not in said
    assert "kept:\tä 👩‍💻 \r\n as it is" in out
