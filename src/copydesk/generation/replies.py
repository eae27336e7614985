"""The agreed form of the consolidated reply, and reading it with helpful errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import regex
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from copydesk.core.errors import ModelReplyInvalid
from copydesk.core.post import Fate
from copydesk.generation.port import Completion, ReplySchema

_FENCED: Final = regex.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", regex.DOTALL)
_ID: Final = regex.compile(r"s(\d{1,9})")
_RANGE: Final = regex.compile(r"s(\d{1,9})-s?(\d{1,9})")


class SegmentFate(BaseModel):
    """What the model says became of one segment."""

    model_config = ConfigDict(extra="forbid")

    segment: str
    fate: str = Field(description='"kept", "merged_into:<segment>" or "dropped:<reason>"')


class RewriteReply(BaseModel):
    """The consolidated reply.

    The order matters: the text comes first and the required `confidence` last, so a reply that was
    cut and then patched into valid JSON still shows that its end is missing.
    """

    model_config = ConfigDict(extra="ignore")

    rewritten: str = Field(min_length=1)
    title: str = Field(min_length=1)
    summary: str = ""
    tags: list[str] = Field(default_factory=list)
    category: str = "other"
    segment_map: list[SegmentFate]
    omitted: list[str]
    open_questions: list[str] = Field(default_factory=list)
    confidence: float = Field(ge=0, le=1)

    @field_validator("segment_map", mode="before")
    @classmethod
    def _accept_every_form(cls, value: Any) -> Any:
        # servers without schema support send any of them: same meaning, so no refusal
        if isinstance(value, Mapping):
            return [{"segment": key, "fate": fate} for key, fate in value.items()]
        if isinstance(value, list):
            return [_of_line(entry) if isinstance(entry, str) else entry for entry in value]
        return value

    @field_validator("rewritten", "title")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be blank")
        return value.strip()


def _of_line(line: str) -> dict[str, str]:
    segment, _, fate = line.strip().partition(" ")
    return {"segment": segment.removesuffix(":"), "fate": fate}


def _with_lines(schema: Mapping[str, Any]) -> dict[str, Any]:
    lines = {
        "type": "array",
        "items": {
            "type": "string",
            "description": '"<segment> kept", "<segment> merged_into:<segment>" or '
            '"<segment> dropped:<reason>"; "<first>-<last> kept" for several',
        },
    }
    plain = {name: value for name, value in schema.items() if name != "$defs"}
    return {**plain, "properties": {**schema["properties"], "segment_map": lines}}


_OBJECTS: Final = RewriteReply.model_json_schema()

#: What is asked for by a prompt whose `segment_map` is of that form. Either is read.
REWRITE_SCHEMAS: Final[Mapping[str, ReplySchema]] = {
    "objects": ReplySchema(name="rewrite_and_polish", json_schema=_OBJECTS),
    "lines": ReplySchema(name="rewrite_and_polish", json_schema=_with_lines(_OBJECTS)),
}


def json_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that `text` is (also inside a Markdown code fence), else None."""
    fenced = _FENCED.match(text)
    try:
        value = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_rewrite(completion: Completion) -> RewriteReply:
    """Return the consolidated reply in `completion`.

    Raises `ModelReplyInvalid` naming every field that is wrong.
    """
    if completion.object is None:
        raise ModelReplyInvalid("The reply is not a JSON object.")
    try:
        return RewriteReply.model_validate(completion.object)
    except ValidationError as error:
        raise ModelReplyInvalid(f"The reply breaks the agreed form: {faults_of(error)}") from error


def faults_of(error: ValidationError) -> str:
    """Return what is wrong with a reply, field by field, without repeating what it says."""
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    )


def read_fates(entries: list[SegmentFate], expected: frozenset[int]) -> tuple[Fate, ...]:
    """Return one fate per segment of `expected`, ordered by segment.

    Raises `ModelReplyInvalid` naming every segment that is missing, unknown or named twice, and
    every fate that is not one of the three.
    """
    faults: list[str] = []
    fates: dict[int, Fate] = {}
    for entry in entries:
        named = _segments(entry.segment, expected)
        if not named:
            faults.append(f"{entry.segment} is not a segment of the message")
        for index in named:
            if index in fates:
                faults.append(f"s{index} is named twice")
            elif (fate := _fate(index, entry.fate, expected)) is None:
                faults.append(f"s{index}: {entry.fate!r} is not a fate")
            else:
                fates[index] = fate
    faults += [f"s{index} is not accounted for" for index in sorted(expected - fates.keys())]
    faults += _endless_merges(fates)
    if faults:
        raise ModelReplyInvalid(f"The segment map is wrong: {'; '.join(faults)}")
    return tuple(fates[index] for index in sorted(fates))


def _segments(name: str, expected: frozenset[int]) -> list[int]:
    """Return those of `expected` that `name` names: one, or all from one to another."""
    if (one := _segment(name)) is not None:
        return [one] if one in expected else []
    several = _RANGE.fullmatch(name.strip())
    ends = [int(end) for end in several.groups()] if several else []
    if not expected.issuperset(ends):
        return []
    return [index for index in sorted(expected) if ends and ends[0] <= index <= ends[1]]


def _segment(name: str) -> int | None:
    match = _ID.fullmatch(name.strip())
    return int(match[1]) if match else None


def _fate(index: int, said: str, expected: frozenset[int]) -> Fate | None:
    word, _, rest = said.strip().partition(":")
    match word:
        case "kept" if not rest:
            return Fate(segment=index, fate="kept")
        case "merged_into":
            into = _segment(rest)
            if into is None or into == index or into not in expected:
                return None
            return Fate(segment=index, fate="merged", into=into)
        case "dropped" if rest.strip():
            return Fate(segment=index, fate="dropped", reason=rest.strip())
        case _:
            return None


def _endless_merges(fates: Mapping[int, Fate]) -> list[str]:
    """Name the segments whose merges never arrive at a text that was kept."""
    faults = []
    for index, fate in fates.items():
        seen = {index}
        while fate.into is not None and fate.into in fates and fate.into not in seen:
            seen.add(fate.into)
            fate = fates[fate.into]
        if fates[index].fate == "merged" and fate.fate != "kept":
            faults.append(f"s{index} is merged into nothing")
    return faults
