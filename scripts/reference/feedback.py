"""The page of what leaves in exports and what a case file holds, from the models of both."""

from __future__ import annotations

import json
from typing import Any

from copydesk.work.feedback.corpus import CASE_SCHEMA
from copydesk.work.feedback.lines import LINES
from reference.markdown import page, paragraphs, table


def feedback() -> str:
    """Return the page of feedback lines and case files."""
    parts = []
    for form, line in LINES.items():
        schema = line.model_json_schema(by_alias=True)
        parts += [f"## {form}: `{form.schema}`", paragraphs(line.__doc__), *_fields(schema)]
    return page(
        "Feedback and cases",
        "src/copydesk/work/feedback/lines.py and corpus.py",
        "`copydesk export feedback --as FORM` and `GET /v1/feedback?as=FORM` print one JSON object"
        " a line. All lines of a file have the same `schema`, and a `key` of their own that is the"
        " same in every export. How to use them: [learn from"
        " decisions](../how-to/learn-from-decisions.md).",
        *parts,
        "## Case files",
        "`copydesk eval export FOLDER` writes one JSON file a case; `copydesk eval --corpus FOLDER`"
        " reads them. By hand a `schema` and a `text` are enough: facts and questions are then"
        " taken from the text.",
        *_fields(CASE_SCHEMA),
    )


def _fields(schema: dict[str, Any]) -> list[str]:
    needed = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", _kind(field), "yes" if name in needed else "", field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    block = f"```json\n{json.dumps(schema, indent=1)}\n```"
    return [
        table(("field", "type", "required", "meaning"), rows),
        f"<details><summary>JSON schema</summary>\n\n{block}\n\n</details>",
    ]


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2].strip("_")
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    return str(field.get("type", ""))
