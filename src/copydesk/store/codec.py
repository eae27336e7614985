"""Domain values to JSON columns and back, by their type annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from copydesk.store.tables import storable


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(kind: Any, value: Any) -> Any:
    """Return `value` (of annotation `kind`) as plain JSON data."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: Any, data: Any) -> Any:
    """Return JSON data as a value of annotation `kind`; raises `pydantic.ValidationError`."""
    return _adapter(kind).validate_python(data)


def to_json_text(value: Any) -> str:
    """Return JSON for a column. PostgreSQL takes an escaped NUL in but cannot give it out again."""
    text = json.dumps(value)
    # a cheap look first: an escaped NUL or surrogate is rare
    return json.dumps(_storable(value)) if "\\u0000" in text or "\\ud" in text else text


def as_kept(value: Any) -> Any:
    """Return JSON data as it comes back out of a column."""
    return json.loads(to_json_text(value))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case Mapping():
            return {_storable(key): _storable(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_storable(entry) for entry in value]
        case _:
            return value
