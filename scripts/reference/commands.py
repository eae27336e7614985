"""The page of the command line, from the typer app."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from copydesk.cli.main import EXIT_CODES, app
from reference.markdown import page, paragraphs, table


def commands() -> str:
    """Return the page: every command with its usage, arguments and options."""
    sections = [_section(name, command) for name, command in walk("copydesk", root())]
    codes = [part.strip().split(" ", 1) for part in EXIT_CODES.split(":", 1)[1].split("·")]
    return page(
        "Command line",
        "src/copydesk/cli",
        "Every command takes `--home` for the project folder, and most take `--json`, which prints"
        " one JSON document on standard output. Errors go to standard error.",
        *sections,
        "## Exit codes",
        table(
            ("code", "meaning"),
            ((code, " ".join(words.split()).rstrip(".")) for code, words in codes),
        ),
    )


def root() -> Any:
    """Return the whole command line as typer's command object."""
    return typer.main.get_command(app)


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield each command that is shown with its full name, in the order `--help` lists them."""
    for child, sub in getattr(command, "commands", {}).items():
        if sub.hidden:
            continue
        if hasattr(sub, "commands"):
            if sub.invoke_without_command:  # it is a command of its own, too
                yield f"{name} {child}", sub
            yield from walk(f"{name} {child}", sub)
        else:
            yield f"{name} {child}", sub


def _section(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            label = f"`{parameter.metavar or parameter.name}`"
        else:
            label = ", ".join(f"`{option}`" for option in parameter.opts)
            if parameter.metavar:
                label += f" `{parameter.metavar}`"
        rows.append((label, " ".join([(parameter.help or "").strip(), *_notes(parameter)])))
    return "\n\n".join(
        [f"## {name}", f"```text\n{usage}\n```", paragraphs(command.help), table(("", ""), rows)]
    )


def _notes(parameter: Any) -> Iterator[str]:
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield f"One of: {', '.join(f'`{choice.value}`' for choice in kind)}."
    default = parameter.default
    if parameter.required:
        yield "Required."
    elif default not in (None, False, "", ()) and not callable(default):
        yield f"Default: `{getattr(default, 'value', default)}`."
