"""The pages of settings, errors and states, each from the table it describes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import copydesk
from copydesk.config import KEYS, SETTINGS_FILE, is_secret
from copydesk.core import errors as core_errors
from copydesk.core.errors import CopydeskError
from copydesk.core.states import SETTLED, TRANSITIONS, DeliveryState
from reference.markdown import page, paragraphs, table


def settings() -> str:
    """Return the page of settings."""
    rows = [
        (
            f"`{key}`",
            f"`COPYDESK_{key.upper()}`",
            "no" if is_secret(key) else "yes",
            meaning,
        )
        for key, meaning in KEYS.items()
    ]
    return page(
        "Settings",
        "src/copydesk/config.py",
        f"A flag goes before the environment, the environment before `{SETTINGS_FILE}` in the"
        " project folder, that before the default. `copydesk config show` prints each value and"
        " where it comes from, secrets masked. All mistakes are reported together.",
        table(("setting", "environment", f"in {SETTINGS_FILE}", "meaning"), rows),
        "Two more variables are read:",
        table(
            ("variable", "meaning"),
            [
                ("`COPYDESK_HOME`", "the project folder, where `--home` is not given"),
                (
                    "`COPYDESK_SECRET_NAME`",
                    "a secret for `copydesk accounts add`, named after the platform's setting",
                ),
            ],
        ),
    )


def errors() -> str:
    """Return the page of errors: those everybody shares, then those a package has to itself."""
    rows = [
        (f"`{c.__name__}`", f"`{c.code}`", c.exit_code, c.status, paragraphs(c.__doc__))
        for c in vars(core_errors).values()
        if _is_error(c)
    ]
    heads = ("class", "code", "exit code", "HTTP status", "meaning")
    return page(
        "Errors",
        "src/copydesk/core/errors.py",
        "What a caller did wrong, or what broke. The command line prints the message and the"
        " remedy on standard error and ends with the exit code; the HTTP API answers with the"
        " status and a problem document that carries the code. What a *platform* answered is not"
        " an error but an outcome, and stands on the delivery.",
        table(heads, rows),
        "## Within one package",
        table(heads, _errors_elsewhere()),
    )


def _errors_elsewhere() -> Iterator[tuple[object, ...]]:
    """Yield the error classes outside `core`. Read from the text: importing them costs seconds."""
    root = Path(copydesk.__file__).parent
    shared = vars(core_errors)
    for path in sorted(root.rglob("*.py")):
        if path.is_relative_to(root / "core"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef):
                continue
            bases = [shared.get(base.id) for base in node.bases if isinstance(base, ast.Name)]
            base = next((b for b in bases if _is_error(b)), None)
            if base is None:
                continue
            own = {
                step.targets[0].id: step.value.value
                for step in node.body
                if isinstance(step, ast.Assign)
                and isinstance(step.targets[0], ast.Name)
                and isinstance(step.value, ast.Constant)
            }
            yield (
                f"`{node.name}`",
                f"`{own.get('code', base.code)}`",
                own.get("exit_code", base.exit_code),
                own.get("status", base.status),
                paragraphs(ast.get_docstring(node)),
            )


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, CopydeskError)


def states() -> str:
    """Return the page of states and transitions."""
    parts = []
    for kind, steps in TRANSITIONS.items():
        noun = kind.__name__.removesuffix("State")
        rows = [
            (
                f"`{state}`" + (" (start)" if state is first(kind) else ""),
                _listed(kind, steps[state]),
            )
            for state in kind
        ]
        parts += [f"## {noun}", paragraphs(kind.__doc__), diagram(kind)]
        parts.append(table(("state", "may become"), rows))
    settled = ", ".join(f"`{state}`" for state in DeliveryState if state in SETTLED)
    return page(
        "States",
        "src/copydesk/core/states.py",
        "A step that is not in these tables raises `TransitionNotAllowed`, whoever asks. Each step"
        " appends an event: who, when, why, from, to. `copydesk status ID` prints them.",
        *parts,
        f"A delivery that is {settled} needs nothing more from the engine.",
    )


def first(kind: type[StrEnum]) -> StrEnum:
    """Return the state everything of this kind begins in."""
    return next(iter(kind))


def diagram(kind: type[StrEnum]) -> str:
    """Return a Mermaid state diagram of one kind of thing."""
    lines = [f"    [*] --> {first(kind)}"]
    for state in kind:
        lines += [f"    {state} --> {to}" for to in kind if to in TRANSITIONS[kind][state]]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _listed(kind: type[StrEnum], found: frozenset[StrEnum]) -> str:
    return ", ".join(f"`{state}`" for state in kind if state in found) or "(the end)"
