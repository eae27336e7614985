"""One post in a short form: the author's own text for it, else what was written for the platform,
else as much of the post as a rule can take without changing a word.

Nothing is cut silently: what a short form leaves out is in its losses, and a text that has no room
stays too long, so that the platform's `validate` refuses it with the choices a person has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from copydesk.core.findings import Loss
from copydesk.core.post import Content, Tier
from copydesk.transformation.document import ImageReference
from copydesk.transformation.forms import Form
from copydesk.transformation.nodes import Document
from copydesk.transformation.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a short form has to be.

    `override` holds what the author set for the platform and the account: `text` (one text), `parts`
    (a list: a thread of the author's own), `form`. `platform` names the adaptation that may be used.
    `link` (already tagged) is what the text leads to, "" for nothing. `tags` are hashtags as the
    platform writes them. `most_parts` is 1 where there are no threads. `repeats_title`: whether the
    title stands in the text (platforms with a card of their own leave it there).
    """

    platform: str
    form: Form
    room: Room
    override: Mapping[str, Any]
    link: str = ""
    tags: str = ""
    most_parts: int = 1
    numbered: bool = False
    repeats_title: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A short form: its texts in order, the images that belong to each, what it leaves out, and
    what wrote it (`PERSON` for an override, `RULES` for an extract)."""

    texts: tuple[str, ...]
    images: tuple[tuple[ImageReference, ...], ...]
    losses: tuple[Loss, ...]
    tier: Tier
    is_whole: bool


def condense(content: Content, document: Document, brief: Brief) -> Short:
    """Return `content` (its body parsed as `document`) as `brief` asks for.

    The whole post where that fits; for a thread the whole post where it splits into `most_parts`;
    else an extract: title or summary first, then what each section says, the link last.
    """
    raise NotImplementedError
