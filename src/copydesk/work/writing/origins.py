"""Where a revision comes from: the author's own text and its segments, in the form a post has.

Worked out anew from rows: the parsed message, and the edits of clean-up kept with the revision.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.post import Content, Edit, Revision, Tier
from copydesk.core.submission import ParsedMessage, Segment, Submission
from copydesk.core.suggestion import Base
from copydesk.generation.material import Material
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.rules import compose, derive_title
from copydesk.intake.cleanup import Cleaned
from copydesk.transformation.plain import plain_to_markdown
from copydesk.work.writing.drafting import content_of
from copydesk.work.writing.writing_up import material_of


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a revision comes from: the author's own text, and that text as rules cleaned it, both
    in the form a post has. They are the revision itself where no message stands behind it."""

    own: Base
    cleaned: Base
    message: ParsedMessage | None = None


@dataclass(frozen=True, slots=True)
class _ByRules:
    """A message put in order without a model."""

    parsed: ParsedMessage
    material: Material
    rewrite: Rewrite


def origins_of(submission: Submission | None, revision: Revision) -> Origins:
    """Return where `revision` comes from."""
    parsed = submission.parsed if submission else None
    if submission is None or parsed is None or revision.tier is Tier.PERSON:
        text = base_of(revision.content)
        return Origins(text, text)
    source = "".join(parsed.text[s.start : s.end] for s in parsed.segments if s.kept)

    def by_rules(cleaned: Cleaned, written: Callable[[Material], Rewrite]) -> Base:
        material = material_of(parsed, cleaned)
        made = _ByRules(parsed, material, written(material))
        return base_of(content_of(submission, made, revision.content.media))

    if revision.tier is Tier.RULES:
        cleaned = base_of(revision.content)
    else:
        cleaned = by_rules(Cleaned(_edited(source, revision.edits), revision.edits), compose)
    # titles and summaries are made, not written: there is nothing of the author's to put back
    own = by_rules(Cleaned(source), _body_alone)
    return Origins(replace(cleaned, body=own.body), cleaned, parsed)


def _body_alone(material: Material) -> Rewrite:
    # a body depends on the title, where it opens with it; on the rest it does not
    return Rewrite(
        title=derive_title(material),
        body=material.text,
        summary="",
        tags=(),
        category="",
        fates=(),
        tier=Tier.RULES,
    )


def base_of(content: Content) -> Base:
    """Return the texts of a content that suggestions are about."""
    return Base(title=content.title, summary=content.summary, body=content.body)


def _edited(source: str, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += [source[position : edit.start], edit.after]
        position = edit.start + len(edit.before)
    return "".join([*parts, source[position:]])


_FIRST_WORDS: Final = re.compile(r"\S+(?:[^\S\n]+\S+){0,5}")


class Places:
    """Where the segments of a message begin in the author's text of its post."""

    def __init__(self, origins: Origins) -> None:
        self._starts: list[int] = []
        self._segments: list[int] = []
        message = origins.message
        if message is None:
            return
        position = 0
        for number, segment in enumerate(message.segments):
            if not segment.kept:
                continue
            start = _find(origins.own.body, message, segment, position)
            if start is not None:
                self._starts.append(start)
                self._segments.append(number)
                position = start + 1

    def segment_at(self, place: int) -> int | None:
        """Return the segment that a place in the body belongs to, None where it is not known."""
        at = bisect_right(self._starts, place) - 1
        if at < 0:
            return self._segments[0] if self._segments else None
        return self._segments[at]


def _find(body: str, message: ParsedMessage, segment: Segment, position: int) -> int | None:
    words = _FIRST_WORDS.search(plain_to_markdown(message.text[segment.start : segment.end]))
    at = body.find(words[0], position) if words else -1
    return at if at >= 0 else None
