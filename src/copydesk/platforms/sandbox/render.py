"""The sandbox takes a post whole: as Markdown, as HTML and as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.delivery import Rendition
from copydesk.platforms.kit.contract import Subject
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.html import to_html
from copydesk.transformation.text import to_text


def render(subject: Subject, parts: int = 1) -> Rendition:
    """Return everything `subject` has; nothing is lost.

    As a thread of several `parts` each has a share of the text, and the first has the rest as well.
    """
    content = subject.content
    document = parse_markdown(content.body)
    text, _ = to_text(document)
    whole = "\n\n".join(part for part in (content.title, text) if part)
    payload = {
        "title": content.title,
        "summary": content.summary,
        "markdown": content.body,
        "html": to_html(document),
        "text": whole,
        "tags": list(content.tags),
        "url": content.canonical_url,
        "language": content.language,
        "authors": list(content.authors),
        "published_at": subject.published_at,
        "images": [{"name": media.name, "alt": media.alt} for media in content.media],
    }
    if parts > 1:
        payload |= {"parts": _shares(whole, parts)}
    return Rendition(payload=payload, text=whole)


def part_of(payload: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return what is sent for part `number` (from 0) of a payload; all of one without parts."""
    parts = payload.get("parts")
    if not parts:
        return dict(payload)
    rest = {name: value for name, value in payload.items() if name != "parts"}
    return {**(rest if number == 0 else {"title": payload["title"]}), **parts[number]}


def _shares(text: str, parts: int) -> list[dict[str, Any]]:
    size = -(-len(text) // parts)
    return [
        {"part": number + 1, "of": parts, "text": text[number * size : (number + 1) * size]}
        for number in range(parts)
    ]
