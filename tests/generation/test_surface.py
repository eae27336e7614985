"""The one door through which models are asked."""

from __future__ import annotations

import ast
from pathlib import Path

from copydesk import generation

FOLDER = Path(generation.__file__).parent


def test_only_attempts_asks_a_model_so_that_no_reply_passes_unguarded() -> None:
    callers = {
        file.name
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "complete"
    }
    # a fallback is a model itself: it hands on what it was asked, and what it was told
    assert callers == {"attempts.py", "fallback.py"}
