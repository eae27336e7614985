"""What the package shows, and the one door through which models are asked."""

from __future__ import annotations

import ast
from pathlib import Path

from copydesk import generation

FOLDER = Path(generation.__file__).parent


def test_the_public_names_are_sorted_and_there() -> None:
    assert generation.__all__ == sorted(generation.__all__)
    assert all(hasattr(generation, name) for name in generation.__all__)


def test_only_attempts_asks_a_model_so_that_no_reply_passes_unguarded() -> None:
    callers = {
        file.name
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "complete"
    }
    assert callers == {"attempts.py"}
