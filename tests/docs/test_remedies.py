"""What people are told to do is a whole sentence, wherever it is told."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import copydesk

SOURCE = Path(copydesk.__file__).parent

#: Outcomes whose remedy may stand without its name, and where it stands then.
POSITIONS = {"Misconfigured": 1, "Refused": 2}


def remedies(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every remedy that is written out, with its line; what is filled in shows as `{}`."""
    for node in ast.walk(tree):
        # what `doctor` tells to do is a command, to be copied whole
        if not isinstance(node, ast.Call) or ast.unparse(node.func) == "Examined":
            continue
        given = [word.value for word in node.keywords if word.arg == "remedy"]
        position = POSITIONS.get(ast.unparse(node.func).rpartition(".")[2])
        if position is not None:
            given += node.args[position : position + 1]
        for value in given:
            for words in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                if text := written(words):
                    yield words.lineno, text


def written(value: ast.expr) -> str:
    if isinstance(value, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}"  # type: ignore[misc]
            for part in value.values
        )
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def is_sentence(text: str) -> bool:
    # a command or an address at the end is copied whole: no full stop in it
    ends = text.endswith((".", "…", "{}", "`", "'"))
    return ends and (text[0].isupper() or text.startswith(("`", "{}")))


def test_every_remedy_is_a_sentence() -> None:
    found = [
        f"{file.relative_to(SOURCE)}:{line}: {text}"
        for file in sorted(SOURCE.rglob("*.py"))
        for line, text in remedies(ast.parse(file.read_text(encoding="utf-8")))
        if not is_sentence(text)
    ]
    assert found == []


def test_a_fragment_would_be_found() -> None:
    tree = ast.parse('Refused("body", "it is long", "shorten it"); Finding(remedy="--to NAME")')
    assert [text for _, text in remedies(tree) if not is_sentence(text)] == [
        "shorten it",
        "--to NAME",
    ]
