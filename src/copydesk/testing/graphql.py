"""As much of GraphQL as a fake server needs: reading a document, and answering from plain objects.

Objects are mappings; a value that is callable is a field with arguments. Asking for what an object
does not have is refused before anything is done, as servers do. Fragments and inline values other
than numbers, strings and booleans are not read; nothing of ours uses them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|[$@]?\w+|-?\d+|[{}()\[\]:!=]')


class GraphQLError(Exception):
    """An error of the answer, with the code that its `extensions` name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Field:
    """One selected field. `given_if` names the variable that decides whether it is asked for."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    given_if: str = ""
    fields: list[Field] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """Return how many levels there are from here on."""
        return 1 + max((child.depth for child in self.fields), default=0)


@dataclass(slots=True)
class Operation:
    """What a document asks for: `kind` is query or mutation."""

    kind: str
    name: str
    fields: list[Field]

    @property
    def depth(self) -> int:
        """Return how deep the selection is."""
        return max(child.depth for child in self.fields)


def read_operation(document: str) -> Operation:
    """Return the one operation of `document`. Raises `GraphQLError` when it cannot be read."""
    tokens = _TOKEN.findall(re.sub(r"#.*", "", document))
    try:
        kind, name = tokens[0], tokens[1]
        reader = _Reader(tokens, tokens.index("{"))
        operation = Operation(kind, name, reader.selection())
    except (IndexError, ValueError) as error:
        raise GraphQLError("GRAPHQL_PARSE_FAILED", f"Syntax Error: {error}") from error
    if kind not in {"query", "mutation"} or reader.position != len(tokens):
        raise GraphQLError("GRAPHQL_PARSE_FAILED", "Syntax Error: unexpected token")
    return operation


def answer(
    fields: list[Field], of: Mapping[str, Any], variables: Mapping[str, Any], type_name: str
) -> dict[str, Any]:
    """Return what `fields` select of the object `of`, which is of the type `type_name`.

    Raises `GraphQLError`, before any field is resolved when the object does not have one of them.
    """
    for selected in fields:
        if selected.name not in of:
            raise GraphQLError(
                "GRAPHQL_VALIDATION_FAILED",
                f'Cannot query field "{selected.name}" on type "{type_name}".',
            )
    found: dict[str, Any] = {}
    for selected in fields:
        if selected.given_if and not variables.get(selected.given_if):
            continue
        value = of[selected.name]
        if callable(value):
            value = value(
                **{name: _value(text, variables) for name, text in selected.arguments.items()}
            )
        found[selected.name] = _selected(value, selected, variables)
    return found


def _selected(value: Any, selected: Field, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_selected(item, selected, variables) for item in value]
    if isinstance(value, Mapping) and selected.fields:
        return answer(selected.fields, value, variables, selected.name)
    return value


def _value(text: str, variables: Mapping[str, Any]) -> Any:
    if text.startswith("$"):
        return variables.get(text[1:])
    if text in {"true", "false"}:
        return text == "true"
    return text[1:-1] if text.startswith('"') else int(text)


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    position: int

    def take(self, expected: str = "") -> str:
        token = self.tokens[self.position]
        if expected and token != expected:
            raise ValueError(f"expected {expected}, found {token}")
        self.position += 1
        return token

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def selection(self) -> list[Field]:
        self.take("{")
        fields: list[Field] = []
        while self.peek() != "}":
            fields.append(self.one())
        self.take("}")
        return fields

    def one(self) -> Field:
        found = Field(self.take())
        if self.peek() == "(":
            found.arguments = self.arguments()
        if self.peek() == "@include":
            self.take()
            found.given_if = self.arguments()["if"].lstrip("$")
        if self.peek() == "{":
            found.fields = self.selection()
        return found

    def arguments(self) -> dict[str, str]:
        self.take("(")
        found: dict[str, str] = {}
        while self.peek() != ")":
            name = self.take()
            self.take(":")
            found[name] = self.take()
        self.take(")")
        return found
