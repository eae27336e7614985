"""Community posts: Markdown or HTML as written in a forum, an issue or a comment.

A post is published as it stands, so nothing in it is cut: quotes are context, code is code. The
first heading is the post's subject.
"""

from __future__ import annotations

import re

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source
from copydesk.intake import charsets
from copydesk.intake.html import html_to_text, looks_like_html
from copydesk.intake.segmentation import segment_post

_HEADING = re.compile(r" {0,3}#{1,2}[ \t]+(.{1,300}?)[ \t#]*$")
_FRONT_MATTER = re.compile(
    r"---\n((?:[A-Za-z_][\w\-]{0,60}:[^\n]{0,500}\n|[ \t]*-[^\n]{0,300}\n){1,60})---\n"
)
_FIELD = re.compile(r"([\w\-]+):[ \t]*(.*)")
_WHOLE_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|div|p|article|section|h[1-6])\b", re.I)
#: Markdown that no HTML page has at the start of its lines.
_MARKDOWN = re.compile(r"(?m)^(?:#{1,6} |```|[-*+] |\d{1,3}\. |> )")


def parse_community(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the post in `raw`. Raises `InputRefused`: `html_bomb`, `undecodable`, `no_text`."""
    decoded = charsets.decode(raw, what="The post")
    text, notes = decoded.text, list(decoded.notes)
    if is_html(text, filename):
        rendered = html_to_text(text)
        text = rendered.text
        notes.extend(rendered.notes)
    meta, start = _front_matter(text)
    segments = list(segment_post(text[start:]).segments)
    if not text[start:].strip():
        raise InputRefused(
            "no_text", "The post has no text.", remedy="Send the text of the post as well."
        )
    shifted = [_shifted(segment, start) for segment in segments]
    if start:
        shifted.insert(
            0,
            Segment(
                kind=SegmentKind.HEADER,
                start=0,
                end=start,
                rule="front-matter",
                dropped_because="front matter, kept as the post's fields",
            ),
        )
    return ParsedMessage(
        source=Source.COMMUNITY,
        text=text,
        segments=tuple(shifted),
        subject=meta.get("title", "") or _title(text[start:]),
        author=meta.get("author", ""),
        meta=meta,
        notes=tuple(notes),
    )


def is_html(text: str, filename: str) -> bool:
    """Whether a post is HTML rather than Markdown, which may hold some HTML too."""
    if filename.lower().endswith((".html", ".htm", ".xhtml")):
        return True
    if filename.lower().endswith((".md", ".markdown")):
        return False
    if _WHOLE_PAGE.match(text):
        return True
    return looks_like_html(text) and _MARKDOWN.search(text[:20_000]) is None


def _front_matter(text: str) -> tuple[dict[str, str], int]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, 0
    found: dict[str, str] = {}
    last = ""
    for line in match.group(1).splitlines():
        field = _FIELD.match(line)
        if field:
            last = field.group(1)
            found[last] = field.group(2).strip().strip("\"'")
        elif last:
            item = line.strip().removeprefix("-").strip()
            found[last] = f"{found[last]}, {item}" if found[last] else item
    return found, match.end()


def _title(text: str) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "")
    match = _HEADING.match(first)
    return match.group(1).strip() if match else ""


def _shifted(segment: Segment, by: int) -> Segment:
    if not by:
        return segment
    return Segment(
        kind=segment.kind,
        start=segment.start + by,
        end=segment.end + by,
        rule=segment.rule,
        rule_version=segment.rule_version,
        confidence=segment.confidence,
        dropped_because=segment.dropped_because,
        speaker=segment.speaker,
    )
