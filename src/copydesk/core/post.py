"""Canonical content: posts, their revisions and media. Every platform's rendition starts here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from copydesk.core.account import Account
from copydesk.core.findings import Finding
from copydesk.core.states import PostState


class Tier(StrEnum):
    """What wrote a text. Shown wherever the text is shown."""

    RULES = "rules"
    LIGHT = "light"
    CAPABLE = "capable"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that belongs to a post. `name` is how the body refers to it (a relative path).

    `width` and `height` are in pixels, 0 where they are not known or there are none. `findings` are
    what whoever publishes the file has to know about it.
    """

    name: str
    content_type: str
    sha256: str
    size: int
    alt: str = ""
    width: int = 0
    height: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTarget:
    """The message a post answers: RFC 5322 ids without angle brackets, and whom to write to."""

    message_id: str
    references: tuple[str, ...] = ()
    address: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """A post written anew for one platform: its texts in order (several make a thread), what wrote
    them, and with which model and prompt version."""

    texts: tuple[str, ...]
    tier: Tier
    model: str = ""
    prompt_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The canonical content of one revision.

    `body` is CommonMark + GFM without front matter. `published_at` is an aware UTC time that is
    frozen when the post is first distributed, so that repeated renditions are byte-identical.
    `overrides` maps a platform or account name to fields that win there. `announce_after` names
    what has to be there before other accounts announce the post: accounts by name, or `link`, its
    canonical URL. `cover` is the post's main image: the name of one of `media`, or a web address.
    `series` names what the post is a part of, `campaign` the campaign its links are tagged with.
    `adaptations` maps a platform to what was written for it; an author's override goes before it.
    """

    title: str
    body: str
    slug: str
    summary: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    canonical_url: str = ""
    authors: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    reply_to: ReplyTarget | None = None
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    announce_after: tuple[str, ...] = ()
    cover: str = ""
    series: str = ""
    campaign: str = ""
    adaptations: Mapping[str, Adaptation] = field(default_factory=dict)

    def override_for(self, account: Account) -> dict[str, Any]:
        """Return the fields that win on `account`: its own go before those of its platform."""
        of_platform = self.overrides.get(account.platform, {})
        return {**of_platform, **self.overrides.get(account.name, {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change made to the author's text and the rule behind it; `start` in code points."""

    rule: str
    before: str
    after: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one authored segment in the rewritten text.

    `fate` is `kept`, `merged` (into segment `into`) or `dropped` (with a `reason`).
    """

    segment: int
    fate: str
    into: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable version of a post's content and what produced it.

    `route` says which models were asked and why, in words; `degraded_because` why the rules wrote
    a text that a model should have written, "" where they did not have to.
    """

    id: str
    post_id: str
    number: int
    content: Content
    tier: Tier
    created_at: datetime
    created_by: str
    prompt_version: str = ""
    model: str = ""
    edits: tuple[Edit, ...] = ()
    fates: tuple[Fate, ...] = ()
    omitted: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    route: str = ""
    degraded_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as a row. `source_key` (submission id or file path) is unique in its workspace."""

    id: str
    workspace_id: str
    source_key: str
    state: PostState
    revision_id: str
    created_at: datetime
    published_at: datetime | None = None
    submission_id: str | None = None
