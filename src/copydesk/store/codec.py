"""Domain values to JSON columns and back, by their type annotations."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(kind: Any, value: Any) -> Any:
    """Return `value` (of annotation `kind`) as plain JSON data."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: Any, data: Any) -> Any:
    """Return JSON data as a value of annotation `kind`; raises `pydantic.ValidationError`."""
    return _adapter(kind).validate_python(data)
