"""Front matter: the YAML (`---`) or TOML (`+++`) block at the head of a Markdown file.

Reading uses safe loaders only and keeps dates as dates. Writing is deterministic, quotes every
string and never emits a tab, so that no generator can take a word for a number, a date or "no".
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import yaml

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding

_FENCES: Final = {"---": ("---", "..."), "+++": ("+++",)}
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
#: Words YAML 1.1 readers take for booleans or null; as keys they are quoted.
_YAML_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def read_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Split `text` into its front matter and body; a file without any gives `({}, text)`.

    A byte order mark is removed and line ends become `\\n`. Raises `ContentInvalid` naming the line
    of the file and the problem when the block is not closed, not valid or not a mapping.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    fence = lines[0].rstrip()
    if fence not in _FENCES:
        return {}, text
    end = next(
        (n for n, line in enumerate(lines[1:], start=1) if line.rstrip() in _FENCES[fence]), None
    )
    if end is None:
        if fence == "---" and not _looks_like_yaml(lines[1:]):
            return {}, text  # a thematic break at the top of a plain document
        raise _invalid(1, f"the block opened with {fence} is not closed", f"Close it with {fence}.")
    block = "\n".join(lines[1:end])
    body = "\n".join(lines[end + 1 :])
    return (_read_yaml(block) if fence == "---" else _read_toml(block)), body.lstrip("\n")


def write_front_matter(mapping: Mapping[str, Any], body: str) -> str:
    """Return `body` with `mapping` as YAML front matter, in the mapping's own order.

    Values may be strings, numbers, booleans, None, dates, aware datetimes, and lists or mappings of
    these. Raises `ValueError` for a naive datetime and `TypeError` for anything else.
    """
    lines = ["---"]
    for key, value in mapping.items():
        lines.extend(_entry(str(key), value, ""))
    lines.append("---")
    return "\n".join(lines) + "\n\n" + body.lstrip("\n")


def _looks_like_yaml(lines: Sequence[str]) -> bool:
    return bool(lines) and re.match(r"[A-Za-z_][\w-]*\s*:(\s|$)", lines[0]) is not None


def _read_yaml(block: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(block)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + 2
        problem = " ".join(str(error.problem or error.context or "it cannot be read").split())
        raise _invalid(
            line, problem, "Quote values that contain : or #, or start with @ or `."
        ) from error
    except yaml.reader.ReaderError as error:
        line = block[: error.position].count("\n") + 2
        raise _invalid(line, f"the character {error.character!r} is not allowed", "") from error
    except (ValueError, RecursionError) as error:
        # PyYAML builds dates itself and lets `2026-13-40` fall through as a ValueError
        raise _invalid(_line_of_date(block), str(error), "Write dates as 2026-11-21.") from error
    return _as_mapping(data)


def _read_toml(block: str) -> dict[str, Any]:
    try:
        return _as_mapping(tomllib.loads(block))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) + 1 if found else block.count("\n") + 2
        raise _invalid(line, re.sub(r"\s*\(at .*\)$", "", str(error)), "") from error
    except RecursionError as error:
        raise _invalid(2, "it is nested too deeply", "") from error


def _as_mapping(data: object) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _invalid(2, "it is not a list of `key: value` lines", "Start each line with a key.")
    return {str(key): value for key, value in data.items()}


def _line_of_date(block: str) -> int:
    for number, line in enumerate(block.split("\n"), start=2):
        for found in re.findall(r"\b\d{4}-\d{1,2}-\d{1,2}\b", line):
            try:
                date(*map(int, found.split("-")))
            except ValueError:
                return number
    return 2


def _invalid(line: int, problem: str, remedy: str) -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code="front_matter_invalid",
                field="front matter",
                message=f"line {line}: {problem}",
                remedy=remedy,
            )
        ]
    )


def _entry(key: str, value: Any, indent: str) -> list[str]:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _YAML_WORDS
    head = f"{indent}{key if plain else _quoted(key)}:"
    if isinstance(value, Mapping) and value:
        return [head, *(x for k, v in value.items() for x in _entry(str(k), v, indent + "  "))]
    if isinstance(value, list | tuple) and value:
        return [head, *(x for item in value for x in _element(item, indent + "  "))]
    return [f"{head} {_scalar(value)}"]


def _element(value: Any, indent: str) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines = [x for k, v in value.items() for x in _entry(str(k), v, indent + "  ")]
        return [f"{indent}- {lines[0].lstrip()}", *lines[1:]]
    if isinstance(value, list | tuple) and value:
        lines = [x for item in value for x in _element(item, indent + "  ")]
        return [f"{indent}- {lines[0].lstrip()}", *lines[1:]]
    return [f"{indent}- {_scalar(value)}"]


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return json.dumps(value, allow_nan=False)
        case str():
            return _quoted(value)
        case datetime():
            if value.utcoffset() is None:
                raise ValueError(f"{value.isoformat()} has no time zone")
            text = value.isoformat(timespec="seconds")
            return text.removesuffix("+00:00") + "Z" if value.utcoffset() == _ZERO else text
        case date():
            return value.isoformat()
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
        case _:
            raise TypeError(f"front matter cannot hold a {type(value).__name__}")


_ZERO: Final = UTC.utcoffset(None)


def _quoted(text: str) -> str:
    """Return `text` as a double-quoted scalar; JSON's escapes are a subset of YAML's."""
    quoted = json.dumps(text, ensure_ascii=False)
    # characters YAML readers refuse or read as line breaks even inside quotes
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        quoted,
    )
