"""Domain values as columns keep them, and back: JSON by type annotations, lengths in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from math import isfinite
from typing import Any, Final

from pydantic import TypeAdapter

from copydesk.store.tables import storable

_ENCODER: Final = json.JSONEncoder(allow_nan=False)


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
    """Return JSON for a column.

    PostgreSQL takes an escaped NUL in but cannot give it out again, and refuses NaN and Infinity,
    which Python reads and writes as numbers: they become words.
    """
    try:
        text = _ENCODER.encode(value)
    except ValueError:
        return json.dumps(_storable(value))
    # a cheap look first: an escaped NUL or surrogate is rare
    return json.dumps(_storable(value)) if "\\u0000" in text or "\\ud" in text else text


def as_kept(value: Any) -> Any:
    """Return JSON data as it comes back out of a column."""
    return json.loads(to_json_text(value))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case float() if not isfinite(value):
            return str(value)
        case Mapping():
            return {_storable(key): _storable(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_storable(entry) for entry in value]
        case _:
            return value


def seconds_of(length: timedelta | None) -> int | None:
    """Return a length of time as a column of whole seconds keeps it."""
    return None if length is None else int(length.total_seconds())


def length_of(seconds: int | None) -> timedelta | None:
    """Return the length of time that a column of whole seconds holds."""
    return None if seconds is None else timedelta(seconds=seconds)
