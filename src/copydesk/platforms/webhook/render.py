"""From canonical content to the event a receiver gets: everything a post has, in three forms.

Nothing is lost: the body goes along as the author wrote it, as HTML and as plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Rendition
from copydesk.core.findings import Finding, Loss, Severity
from copydesk.core.json_text import write_json
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import check_form, form_of
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.webhook import PLATFORM
from copydesk.transformation.condensing import Brief, condense
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.forms import Form
from copydesk.transformation.html import to_html
from copydesk.transformation.room import Room
from copydesk.transformation.text import to_text

_KINDS: Final = {
    Action.CREATE: "post.published",
    Action.UPDATE: "post.updated",
    Action.DELETE: "post.deleted",
}


def render(subject: Subject, account: Account) -> Rendition:
    """Return the event's `timestamp` and `data`; the client adds its `type`.

    Images are named, not embedded: `name` is how the body refers to them. Where a short form is
    asked for, it goes beside the article as `short`.
    """
    content = subject.content
    override = content.override_for(account)
    form = form_of(PLATFORM.manifest, account, override)
    document = parse_markdown(content.body)
    text, _ = to_text(document)
    data: dict[str, Any] = {
        "id": subject.post_id,
        "revision": subject.revision,
        "title": content.title,
        "slug": content.slug,
        "summary": content.summary,
        "html": to_html(document),
        "markdown": content.body,
        "text": text,
        "tags": list(content.tags),
        "url": content.canonical_url,
        "language": content.language,
        "authors": list(content.authors),
        "published_at": subject.published_at,
        "updated_at": subject.updated_at,
        "images": [
            {
                "name": media.name,
                "alt": media.alt,
                "content_type": media.content_type,
                "sha256": media.sha256,
                "size": media.size,
            }
            for media in content.media
        ],
    }
    shown = f"{content.title}\n\n{text}".strip()
    if form is not Form.ARTICLE:
        brief = Brief(
            platform="webhook", form=form, room=Room(()), override=override, link=subject.link
        )
        short = condense(content, subject.document, brief)
        shown = "\n\n".join(short.texts)
        data["short"] = {"form": form.value, "text": shown}
    payload = {"timestamp": subject.published_at, "data": data}
    losses = tuple(
        Loss(what=f"form {override['form']!r}", how="ignored", why=finding.remedy)
        for finding in check_form(PLATFORM.manifest, override)
    )
    return Rendition(payload=payload, text=shown, losses=losses)


def event_body(payload: Mapping[str, Any], action: Action) -> bytes:
    """Return the exact bytes to sign and send; the same payload always gives the same bytes."""
    event = {"type": _KINDS[action], **payload}
    return write_json(event)


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return a warning when the event is larger than receivers commonly take; they decide."""
    size, limit = len(event_body(rendition.payload, Action.CREATE)), limits["body"]
    if size <= limit.value:
        return []
    return [
        Finding(
            code="body_large",
            field="body",
            message=f"the event has {size:,} bytes; receivers commonly take {limit.value:,}",
            remedy="Make sure the receiver takes more, or shorten the post.",
            severity=Severity.WARNING,
        )
    ]
