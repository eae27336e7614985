"""Forms as JSON: flat objects, nested ones, and the questions with answers that form services send.

Whatever the shape, what comes out are fields: a name and a text. A question keeps its own words as
the field's name; where the service tells that several lines could be written, that is told too.
Shapes as their makers documented them in November 2026: Typeform (`form_response`), Tally
(`data.fields`), Jotform (`answers`), Google Forms (`namedValues`, `responses[].answers`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.intake import charsets

MAX_FIELDS: Final = 1000
_MAX_NESTING: Final = 20
_LABELS: Final = ("label", "question", "title", "text", "name", "key", "field", "id")
_VALUES: Final = ("value", "answer", "answers", "response", "values")
_LONG: Final = frozenset({"textarea", "long_text", "longtext", "paragraph", "paragraph_text",
                          "control_textarea", "text_area", "multiline"})  # fmt: skip


@dataclass(slots=True)
class Fields:
    """The fields of a form by name, and the names of those with room for several lines."""

    texts: dict[str, str] = field(default_factory=dict)
    long: set[str] = field(default_factory=set)


def load_json(text: str) -> object:
    """Return the JSON value in `text`; a name that occurs twice in an object becomes two entries.

    Raises `InputRefused` (`bad_json`) with the line and column of the fault.
    """
    try:
        return json.loads(text, object_pairs_hook=keep_all)
    except json.JSONDecodeError as error:
        raise InputRefused(
            "bad_json",
            f"The JSON is not valid at line {error.lineno}, column {error.colno}: {error.msg}.",
            remedy="Correct it and send it again.",
        ) from error
    except (RecursionError, ValueError) as error:
        raise InputRefused(
            "bad_json",
            "The JSON is nested too deeply or holds a number that is too long.",
            remedy="Send one flat object with the fields of the form.",
        ) from error


def keep_all(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return pairs as an object; the second of two with one name is called `name#2`."""
    found: dict[str, object] = {}
    for name, value in pairs:
        unique, count = name, 2
        while unique in found and count < MAX_FIELDS:
            unique, count = f"{name}#{count}", count + 1
        found[unique] = value
    return found


def fields_of(value: Mapping[str, object]) -> Fields:
    """Return the fields of one submission. Raises `InputRefused` (`bad_json`) beyond the bounds."""
    found = Fields()
    _flatten(_with_titles(value), "", found, 0)
    return found


def _with_titles(value: Mapping[str, object]) -> Mapping[str, object]:
    """Return a Typeform response whose answers carry the questions; anything else as it is."""
    response = value.get("form_response")
    if not isinstance(response, dict) or not isinstance(response.get("answers"), list):
        return value
    definition = response.get("definition")
    asked = definition.get("fields") if isinstance(definition, dict) else None
    questions = {
        str(each.get("id")): each for each in asked or () if isinstance(each, dict)
    }  # fmt: skip
    answers: list[object] = []
    for each in response["answers"]:
        of = each.get("field") if isinstance(each, dict) else None
        if not isinstance(of, dict):
            answers.append(each)
            continue
        question = questions.get(str(of.get("id")), {})
        kind = str(each.get("type", ""))
        given = each.get(kind, each.get("value"))
        if isinstance(given, dict):
            given = given.get("label", given.get("labels", given.get("other", given)))
        title = question.get("title") or of.get("ref") or of.get("id") or kind
        answers.append({"label": title, "type": of.get("type", kind), "value": given})
    rest = {name: inner for name, inner in response.items() if name != "definition"}
    return {**value, "form_response": {**rest, "answers": answers}}


def _flatten(value: object, path: str, found: Fields, depth: int) -> None:
    if depth > _MAX_NESTING or len(found.texts) > MAX_FIELDS:
        raise InputRefused(
            "bad_json",
            f"The JSON has more than {MAX_FIELDS} fields or {_MAX_NESTING} levels.",
            remedy="Send one flat object with the fields of the form.",
        )
    if isinstance(value, dict):
        answered = _answer(value)
        if answered is not None:
            label, given = answered
            # the question is the name; where it stood among the others says nothing
            _put(label, given, found, depth, long=str(value.get("type", "")).lower() in _LONG)
            return
        for name, inner in value.items():
            _flatten(inner, f"{path}.{_plain_name(name)}" if path else str(name), found, depth + 1)
    elif isinstance(value, list):
        if all(isinstance(item, str | int | float) for item in value):
            _add(path, ", ".join(str(item) for item in value), found)
            return
        for index, inner in enumerate(value):
            _flatten(inner, f"{path}.{index}", found, depth + 1)
    elif value is not None:
        _add(path, str(value).lower() if isinstance(value, bool) else str(value), found)


def _answer(value: Mapping[str, object]) -> tuple[str, object] | None:
    """Return question and answer where an object is nothing but these and what is about them."""
    given = value.get("textAnswers")
    if isinstance(given, dict) and isinstance(given.get("answers"), list):
        texts = [a.get("value") for a in given["answers"] if isinstance(a, dict)]
        return str(value.get("questionId", "answer")), [str(t) for t in texts if t is not None]
    answer = next((name for name in _VALUES if name in value), "")
    label = next(
        (str(value[name]) for name in _LABELS if isinstance(value.get(name), str) and value[name]),
        "",
    )
    if not answer or not label or len(value) > 12:
        return None
    chosen = value[answer]
    options = value.get("options")
    if isinstance(options, list) and isinstance(chosen, list):
        # Tally sends the ids of what was chosen, and the texts beside them (seen 2026-11-22)
        words = {str(o.get("id")): str(o.get("text", "")) for o in options if isinstance(o, dict)}
        chosen = [words.get(str(each), str(each)) for each in chosen]
    return label, chosen


def _put(label: str, given: object, found: Fields, depth: int, *, long: bool) -> None:
    name = _plain_name(label)
    if isinstance(given, dict):
        parts = [str(part) for part in given.values() if isinstance(part, str | int | float)]
        if len(parts) == len(given):
            _add(name, " ".join(parts), found)
            return
    if isinstance(given, str) and given and long:
        found.long.add(_free(name, found))
    _flatten(given, _free(name, found), found, depth + 1)


def _add(path: str, text: str, found: Fields) -> None:
    found.texts[_free(path, found)] = charsets.storable(text)


def _free(name: str, found: Fields) -> str:
    unique, count = name, 2
    while unique in found.texts and count <= MAX_FIELDS:
        unique, count = f"{name}#{count}", count + 1
    return unique


def _plain_name(name: str) -> str:
    """Return a name that can stand in a path: a question's full stops would divide it."""
    words = " ".join(charsets.storable(str(name)).split())
    return words.replace(".", " ").strip() if " " in words else words
