"""The sandbox takes a post whole: as Markdown, as HTML and as plain text."""

from __future__ import annotations

from copydesk.core.delivery import Rendition
from copydesk.platforms.kit.contract import Subject
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.html import to_html
from copydesk.transformation.text import to_text


def render(subject: Subject) -> Rendition:
    """Return everything `subject` has; nothing is lost."""
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
    return Rendition(payload=payload, text=whole)
