"""The input of a pipeline as a message: parsed, or taken as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source
from copydesk.generation.material import ContextMessage, Material
from copydesk.intake.charsets import decode, refuse_binary
from copydesk.intake.cleanup import Cleaned
from copydesk.intake.language import detect_language
from copydesk.intake.parsing import MAX_BYTES
from copydesk.work.writing.writing_up import material_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a step works on: the author's own text before clean-up, and the material after it."""

    source: str
    material: Material


def as_it_is(raw: bytes) -> ParsedMessage:
    """Return a text as a message of one segment. Raises `InputRefused` for what is no text."""
    if len(raw) > MAX_BYTES:
        raise InputRefused("too_large", f"The input has {len(raw):,} of {MAX_BYTES:,} bytes.")
    refuse_binary(raw)
    decoded = decode(raw, what="The input")
    if not decoded.text.strip():
        raise InputRefused("empty", "The input is empty.", remedy="Send a text.")
    return plain_message(decoded.text, language=detect_language(decoded.text))


def plain_message(text: str, *, subject: str = "", language: str = "") -> ParsedMessage:
    """Return `text` as a message that is all its author's own."""
    whole = Segment(kind=SegmentKind.AUTHORED, start=0, end=len(text), rule="as_it_is")
    return ParsedMessage(
        # the source that cuts nothing
        source=Source.COMMUNITY,
        text=text,
        segments=(whole,) if text else (),
        subject=subject,
        language=language,
    )


def read_material(
    message: ParsedMessage, cleaned: Cleaned, context: tuple[ContextMessage, ...]
) -> Reading:
    """Return what is worked on: `message` as `cleaned` left it, with what was said before it."""
    source = "".join(message.text[s.start : s.end] for s in message.segments if s.kept)
    return Reading(source=source, material=material_of(message, cleaned, context))


def described(message: ParsedMessage) -> Mapping[str, Any]:
    """Return how a message was read, for people and programs."""
    return {
        "source": message.source.value,
        "language": message.language,
        "subject": message.subject,
        "author": message.author,
        "segments": [
            {
                "kind": segment.kind.value,
                "start": segment.start,
                "end": segment.end,
                "text": message.text[segment.start : segment.end],
                **({"dropped_because": segment.dropped_because} if not segment.kept else {}),
            }
            for segment in message.segments
        ],
        "participants": list(message.thread.participants),
    }
