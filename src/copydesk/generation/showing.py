"""How material is written into a prompt: fenced records, the same for every prompt."""

from __future__ import annotations

import json
from typing import Final

from copydesk.generation.budget import estimate_tokens
from copydesk.generation.fence import fence
from copydesk.generation.material import AuthoredSegment, ContextMessage, Material, Reference

#: The kind of passages that come from the style guide.
STYLE: Final = "style"


def show(material: Material, delimiter: str) -> dict[str, str]:
    """Return the fenced blocks of `material` by the place they have in a prompt.

    `references` are passages of our own texts, `conversation` what was said before, `material` the
    message itself. Raises `ValueError` as `fence` does.
    """
    references = [reference_record(reference) for reference in material.references]
    earlier: list[dict[str, object]] = []
    if material.left_out:
        earlier.append({"not_shown": "; ".join(material.left_out)})
    earlier += [context_record(message) for message in material.context]
    return {
        "references": fence("references", references, delimiter=delimiter),
        "conversation": fence("conversation so far", earlier, delimiter=delimiter),
        "material": fence("material", _message(material), delimiter=delimiter),
    }


def version_of(prompt: str, material: Material) -> str:
    """Return what evidence calls a prompt with the version of the style guide it was shown."""
    styled = any(reference.kind == STYLE for reference in material.references)
    return f"{prompt}+{material.style}" if styled and material.style else prompt


def segment_record(segment: AuthoredSegment) -> dict[str, object]:
    """Return a segment of the message as the prompt shows it."""
    record: dict[str, object] = {"segment": f"s{segment.index}"}
    if segment.speaker:
        record["from"] = segment.speaker
    return {**record, "text": segment.text}


def reference_record(reference: Reference) -> dict[str, object]:
    """Return a passage as the prompt shows it."""
    record: dict[str, object] = {"id": reference.id, "kind": reference.kind}
    if reference.title:
        record["title"] = reference.title
    return {**record, "text": reference.text}


def context_record(message: ContextMessage) -> dict[str, object]:
    """Return an earlier message as the prompt shows it."""
    record: dict[str, object] = {"from": message.author, "text": message.text}
    if message.not_shown:
        record["not_shown"] = f"its first {message.not_shown} characters"
    return record


def record_tokens(record: object) -> int:
    """Return how many tokens a record takes as a line of the prompt."""
    return estimate_tokens(json.dumps(record, ensure_ascii=False)) + 1


def _message(material: Material) -> list[dict[str, object]]:
    about: dict[str, object] = {
        "subject": material.subject,
        "language": material.language,
        "participants": list(material.participants),
        **{f"meta {key}": value for key, value in material.metadata.items()},
    }
    records: list[dict[str, object]] = [{key: value for key, value in about.items() if value}]
    if part := material.part:
        records.append({"part": f"{part.number} of {part.of}"})
        records.append({"before": [context_record(message) for message in part.before]})
        records.append({"earlier_parts_hold": list(part.ledger)})
    records += [segment_record(segment) for segment in material.segments]
    records.append({"keep": list(material.protected)})
    return records
