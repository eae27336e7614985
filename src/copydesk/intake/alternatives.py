"""Which of a mail's texts is read: plain or HTML, and what stands in for a text that is missing.

Where both are there and the author's words differ, the longer one is taken and lines that only the
other has are added with a note. A mail without a text is read as what it forwards or invites to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from copydesk.core.submission import Attachment, Doubt, Segment, SegmentKind
from copydesk.intake.calendar import invitation_text
from copydesk.intake.mime import Contents, collect
from copydesk.intake.segmentation import Segmented, segment_mail, segment_post

#: Forwarded mails inside forwarded mails that are opened.
_MAX_EMBEDDED: Final = 3

_WORD = re.compile(r"\w+")
_NOT_WORDS = re.compile(
    r"\[(?:image|cid)[^\]]*\]|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|https?://\S+|<[^<>\s]*[@:][^<>\s]*>|"
    r"mailto:\S+",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://[^\s<>)\]\"']+")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One version of the text with its segments."""

    text: str
    segmented: Segmented

    @property
    def own(self) -> str:
        """Return the author's text of this version."""
        kept = (s for s in self.segmented.segments if s.kept)
        return "".join(self.text[s.start : s.end] for s in kept)


def take_packed(contents: Contents) -> None:
    """Take in the text that Outlook packed into winmail.dat, where the mail has none beside it.

    A packed text with words that the mail's own lacks is added as a file, and said.
    """
    for packed in contents.packed:
        texts = [text for text in (packed.plain, packed.html) if text.strip()]
        if not texts:
            continue
        if not any(text.strip() for text in (*contents.plain, *contents.html)):
            contents.plain, contents.html = [texts[0]], [texts[-1]]
            contents.twice = len(texts) > 1
            continue
        own = _words("\n".join((*contents.plain, *contents.html)))
        if set(_words(texts[0])) - set(own):
            contents.attachments.append(
                Attachment(
                    filename="winmail.txt",
                    content_type="text/plain",
                    data="\n\n".join(texts).encode("utf-8", "replace"),
                )
            )
            contents.notes.append(
                Doubt("winmail.dat holds a text with other words than the mail: see winmail.txt.")
            )


def best_text(
    contents: Contents, sender: tuple[str, ...], forwarded: bool
) -> tuple[str, Segmented]:
    """Return the text of a mail and its segments.

    `sender` holds its author's names and addresses; `forwarded` says that its subject calls it so.
    """
    plain = _reading(contents.plain, sender, forwarded)
    if not contents.twice:
        return plain.text, plain.segmented
    html = _reading(contents.html, sender, forwarded)
    plain_words, html_words = _words(plain.own), _words(html.own)
    if not plain_words or not html_words:
        only = plain if plain_words or not html.segmented.own_text else html
        return only.text, only.segmented
    links = set(_LINK.findall(html.own)) - set(_LINK.findall(plain.own))
    if set(plain_words) == set(html_words):
        same = html if links else plain
        return same.text, same.segmented
    longer, other = (html, plain) if len(html_words) >= len(plain_words) else (plain, html)
    if longer is plain and links and set(plain_words) <= set(html_words):
        longer, other = html, plain
    taken = "HTML" if longer is html else "plain"
    note = (
        f"The plain and the HTML text of the mail differ; the {taken} one was taken because it "
        "says more."
    )
    missing = _only_in(other, longer)
    if not missing:
        segmented = longer.segmented
        notes = (*segmented.notes, note)
        return longer.text, Segmented(segmented.segments, notes, segmented.own_text)
    return _joined(longer, missing, note)


def _reading(texts: list[str], sender: tuple[str, ...], forwarded: bool) -> _Reading:
    text = "\n".join(texts)
    return _Reading(text, segment_mail(text, sender=sender, forwarded=forwarded))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_NOT_WORDS.sub(" ", text))]


def _only_in(one: _Reading, other: _Reading) -> list[str]:
    """Return the author's lines of `one` that have a word `other` does not have."""
    known = set(_words(other.own))
    return [line for line in one.own.split("\n") if set(_words(line)) - known]


def _joined(longer: _Reading, missing: list[str], note: str) -> tuple[str, Segmented]:
    base = longer.text.rstrip("\n") + "\n\n"
    addition = "\n".join(missing) + "\n"
    last = longer.segmented.segments[-1]
    stretched = Segment(
        kind=last.kind,
        start=last.start,
        end=len(base),
        rule=last.rule,
        rule_version=last.rule_version,
        confidence=last.confidence,
        dropped_because=last.dropped_because,
        speaker=last.speaker,
    )
    added = Segment(
        kind=SegmentKind.UNKNOWN,
        start=len(base),
        end=len(base) + len(addition),
        rule="other-alternative",
        confidence=0.4,
    )
    notes = (
        *longer.segmented.notes,
        note,
        f"{len(missing)} line(s) only the other one has were added at the end.",
    )
    segments = (*longer.segmented.segments[:-1], stretched, added)
    return base + addition, Segmented(segments, notes, True)


def open_embedded(
    text: str, segmented: Segmented, embedded: list[Message]
) -> tuple[str, Segmented]:
    """Return the text with mails that were forwarded as attachments, all of it kept."""
    texts: list[str] = []
    for message in embedded[:_MAX_EMBEDDED]:
        inner = Contents()
        collect(message, inner)
        take_packed(inner)
        texts.append("\n".join(inner.html if inner.twice else inner.plain))
    forwarded = "\n".join(texts)
    if not forwarded.strip():
        return text, segmented
    base = text.rstrip("\n") + "\n" if text.strip() else ""
    segments = list(segment_mail(base).segments) if base else []
    segments.append(
        Segment(
            kind=SegmentKind.FORWARDED,
            start=len(base),
            end=len(base) + len(forwarded),
            rule="attached-message",
            confidence=0.6,
        )
    )
    note = "The mail only forwards another one, attached to it; that one's text was kept."
    return base + forwarded, Segmented(tuple(segments), (note,), True)


def read_invitation(text: str, segmented: Segmented, calendars: list[str]) -> tuple[str, Segmented]:
    """Return what the invitations of a mail without other text say."""
    said = "\n\n".join(filter(None, map(invitation_text, calendars)))
    if not said:
        return text, segmented
    note = "The mail is an invitation without a text; what its calendar entry says was taken."
    return said, Segmented(segment_post(said).segments, (note,), True)
