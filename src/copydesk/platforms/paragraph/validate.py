"""What Paragraph would refuse, and a mail that nobody allowed, said before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.public_files import not_public

_FIELDS: Final = {
    "title": "Shorten it, or give Paragraph a title of its own (override paragraph.title).",
    "subtitle": "Shorten the override paragraph.subtitle.",
    "slug": "Shorten it, or set the override paragraph.slug.",
}


def validate(rendition: Rendition, account: Account, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    findings = [
        Finding(
            code=f"{field}_too_long",
            field=field,
            message=f"{len(payload[field])} of {limits[field].value} {limits[field].unit}",
            remedy=remedy,
        )
        for field, remedy in _FIELDS.items()
        if len(payload[field]) > limits[field].value
    ]
    if not payload["title"].strip():
        findings.append(
            Finding(
                code="title_missing",
                field="title",
                message="Paragraph takes no post without a title",
                remedy="Write `title:` or a # heading.",
            )
        )
    if not payload["markdown"].strip():
        findings.append(
            Finding(
                code="empty",
                field="body",
                message="there is no text",
                remedy="Write something below the title.",
            )
        )
    if len(payload["author_ids"]) > limits["authors"].value:
        findings.append(
            Finding(
                code="authors_too_many",
                field="author_ids",
                message=f"{len(payload['author_ids'])} authors of {limits['authors'].value}",
                remedy="Name fewer in author_ids.",
            )
        )
    if payload["newsletter"] and account.settings.get("newsletter", "never") == "never":
        findings.append(
            Finding(
                code="newsletter_not_allowed",
                field="overrides.paragraph.newsletter",
                message="the post asks to be mailed, and the account sends no mails",
                remedy="Set the account's newsletter to `when asked`, or take the override out.",
            )
        )
    return [*findings, *(not_public(name, "Paragraph") for name in payload["not_public"])]
