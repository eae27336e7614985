"""The default composer: no model, no network. It puts a cleaned message in order, no more.

The body is the author's cleaned text, complete and unchanged. Only what a post needs and a message
lacks is derived: a title, a summary, tags, a category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

import regex

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.post import Fate, Tier
from copydesk.core.sentences import sentences
from copydesk.core.submission import SegmentKind
from copydesk.generation.keywords import label
from copydesk.generation.material import Material
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.telling import from_what_is_said, is_no_subject

MAX_TITLE: Final = 90
MAX_SUMMARY: Final = 300
_ELLIPSIS: Final = "…"

#: Kinds whose first line says what a message is about.
_TELLING: Final = frozenset({SegmentKind.AUTHORED, SegmentKind.UNKNOWN, SegmentKind.LIST})

# reply and forward marks as mail programs in many languages write them, also stacked and counted
_REPLY_MARK: Final = regex.compile(
    r"\A\s*(?:(?:re|aw|antw|sv|vs|ref|rif|odp|ynt|回复|答复|fw|fwd|wg|tr|rv|enc|doorst|pd|转发)"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+",
    regex.IGNORECASE,
)
_MARKUP: Final = regex.compile(
    r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+|\d+[.)]\s+)+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}"
)
_LINK: Final = regex.compile(r"!?\[([^\]\n]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_SPACE: Final = regex.compile(r"\s+")
#: Without one of these there is nothing to take out, or no space to make one of several.
_MAY_BE_MARKUP: Final = regex.compile(r"\s*[#>\-*+•\d]|.*?[*_`]", regex.DOTALL)
_WIDE_SPACE: Final = re.compile(r"[^\S ]|  ")
_CODE_BLOCK: Final = regex.compile(r"^(```|~~~).*?(?:^\1\s*$|\Z)", regex.DOTALL | regex.MULTILINE)
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")
_GRAPHEME: Final = regex.compile(r"\X")
_AFTER_TITLE: Final = " ,;:.、，。；：-–—"


def compose(material: Material) -> Rewrite:
    """Return `material` as a post: body unchanged, everything else derived from it.

    Raises `ContentInvalid` when there is no text to publish.
    """
    body = material.text
    if not body:
        raise ContentInvalid(
            [Finding(code="empty", field="body", message="the message has no text of its own")]
        )
    title = derive_title(material)
    tags, category = label(material.subject, body)
    return Rewrite(
        title=title,
        body=body,
        summary=derive_summary(material, title),
        tags=tags,
        category=category,
        fates=tuple(Fate(segment=s.index, fate="kept") for s in material.segments),
        tier=Tier.RULES,
    )


def derive_title(material: Material) -> str:
    """Return the subject without reply marks, or else the first sentence that says something, in
    at most 90 characters.

    A longer one ends at a word boundary with an ellipsis; the body keeps it in full.
    """
    subject = _plain(_REPLY_MARK.sub("", material.subject))
    if subject and not is_no_subject(subject):
        return shorten(subject, MAX_TITLE)
    first = next(_telling_sentences(material), "") or subject or _plain(material.text)
    return shorten(first.removesuffix(".").removesuffix("。") or first, MAX_TITLE)


def derive_summary(material: Material, title: str) -> str:
    """Return the first sentences that fit in 300 characters, "" when the title says it all."""
    telling = _telling_sentences(material)
    first = next(telling, "")
    if first.rstrip(".。") == title:
        first = next(telling, "")
    summary = ""
    for sentence in chain([first], telling):
        longer = f"{summary} {sentence}".strip()
        if len(longer) > MAX_SUMMARY:
            break
        summary = longer
        if len(summary) >= MAX_SUMMARY // 2:
            break
    return summary or shorten(first, MAX_SUMMARY)


def shorten(text: str, limit: int) -> str:
    """Return `text`, or its beginning with a visible ellipsis, in at most `limit` characters.

    Cuts between words, and where there are none between what a reader sees as characters.
    """
    if len(text) <= limit:
        return text
    room = limit - len(_ELLIPSIS)
    at = text.rfind(" ", limit // 2, room + 1)
    if at < 0:
        at = 0
        for grapheme in _GRAPHEME.finditer(text):
            if grapheme.end() > room:
                break
            at = grapheme.end()
    return text[:at].rstrip(_AFTER_TITLE) + _ELLIPSIS


def _telling_sentences(material: Material) -> Iterator[str]:
    telling = frozenset(s.index for s in material.segments if s.kind in _TELLING)
    text = _text_of(material, telling) or material.text
    if "```" in text or "~~~" in text:
        text = _CODE_BLOCK.sub("\n\n", text)
    # no sentence goes on after a blank line, and the first few are all that is ever asked for
    return from_what_is_said(
        sentence
        for block in _blocks(text)
        for start, end in sentences(block)
        if any(map(str.isalnum, sentence := _plain(block[start:end])))
    )


def _text_of(material: Material, indexes: frozenset[int]) -> str:
    """Return the text of the segments with these indexes; nobody ends the sentence of another."""
    if not any(segment.speaker for segment in material.segments):
        return material.text_of(indexes)
    return "\n\n".join(s.text.strip() for s in material.segments if s.index in indexes)


def _blocks(text: str) -> Iterator[str]:
    start = 0
    for blank in _BLANK_LINE.finditer(text):
        yield text[start : blank.start()]
        start = blank.end()
    yield text[start:]


def _plain(text: str) -> str:
    """Return `text` on one line without Markdown marks."""
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if _MAY_BE_MARKUP.match(text):
        text = _MARKUP.sub("", text)
    return (_SPACE.sub(" ", text) if _WIDE_SPACE.search(text) else text).strip()
