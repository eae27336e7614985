"""E-mail (RFC 5322 and MIME): headers, bodies, attachments, and the author's own text.

A mail often carries its text twice, as plain text and as HTML. Both are read; when the author's
words differ, the longer one is taken and lines that only the other has are added with a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import (
    ParsedMessage,
    Segment,
    SegmentKind,
    Source,
    ThreadRef,
)
from copydesk.intake import charsets
from copydesk.intake.community import is_html
from copydesk.intake.mime import (
    MESSAGE_ID,
    Contents,
    collect,
    decoded_header,
    decoded_value,
    raw_ids,
    read,
)
from copydesk.intake.segmentation import Segmented, segment_mail

#: Forwarded mails inside forwarded mails that are opened.
_MAX_EMBEDDED: Final = 3

_SAMPLE: Final = 64_000
_FORWARD_SUBJECT = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vs|vb|pd|přep|vl)\s?:|\s*\[fwd:", re.IGNORECASE
)
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


def parse_email(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the mail in `raw`; a text or page without headers is read as the body of one.

    Raises `InputRefused`: `broken_mime`, `html_bomb`, `undecodable`, `no_text`.
    """
    message = read(raw, html=_is_page(raw, filename))
    contents = Contents()
    collect(message, contents)
    subject = decoded_header(message, "Subject")
    name, address = _first_address(message, "From", "Reply-To", "Sender")
    sender = tuple(dict.fromkeys(part for part in (name, address) if part))
    forwarded = _FORWARD_SUBJECT.match(subject) is not None
    text, segmented = _best(contents, sender, forwarded)
    sent_at, date_note = _date(message)
    notes = [*contents.notes, *segmented.notes, *([date_note] if date_note else [])]
    if not segmented.own_text and contents.embedded:
        text, segmented = _open_embedded(text, segmented, contents.embedded)
        notes.extend(segmented.notes)
    if not segmented.own_text:
        raise _without_text(text, subject, contents)
    return ParsedMessage(
        source=Source.EMAIL,
        text=text,
        segments=segmented.segments,
        subject=subject,
        author=name,
        author_address=address,
        sent_at=sent_at,
        thread=_thread(message),
        attachments=tuple(contents.attachments),
        meta=_meta(message),
        notes=tuple(dict.fromkeys(notes)),
    )


def _is_page(raw: bytes, filename: str) -> bool:
    """Whether a mail without headers is HTML; only its beginning is looked at."""
    return b"<" in raw[:_SAMPLE] and is_html(charsets.decode(raw[:_SAMPLE]).text, filename)


# -- headers


def _first_address(message: Message, *names: str) -> tuple[str, str]:
    for header in names:
        value = next((v for n, v in message.raw_items() if n.lower() == header.lower()), None)
        if value is None:
            continue
        # encoded words are decoded after the split: a decoded comma must not divide a name
        raw = charsets.decode(str(value).encode("utf-8", "surrogateescape"), "utf-8").text
        for name, address in getaddresses([" ".join(raw.split())]):
            if "@" in address:
                return decoded_value(name), address.lower()
    return "", ""


def _addresses(message: Message, *names: str) -> tuple[str, ...]:
    values = [str(v) for n, v in message.raw_items() if n.lower() in names]
    plain = [v.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for v in values]
    return tuple(
        dict.fromkeys(address.lower() for _, address in getaddresses(plain) if "@" in address)
    )


def _thread(message: Message) -> ThreadRef:
    own = MESSAGE_ID.findall(raw_ids(message, "Message-ID"))
    parents = MESSAGE_ID.findall(raw_ids(message, "References"))
    for parent in MESSAGE_ID.findall(raw_ids(message, "In-Reply-To"))[:1]:
        # the direct parent stands last, whether or not References names it
        parents = [each for each in parents if each != parent] + [parent]
    return ThreadRef(
        message_id=own[0] if own else "",
        references=tuple(dict.fromkeys(parents)),
        participants=_addresses(message, "from", "to", "cc", "reply-to"),
    )


def _date(message: Message) -> tuple[datetime | None, str]:
    value = decoded_header(message, "Date")
    if not value:
        return None, ""
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            # RFC 5322 writes "-0000" when only the UTC time is known; Python makes that naive
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC), ""
    except (ValueError, TypeError, OverflowError, IndexError):
        return None, f"The date of the mail cannot be read: “{value[:60]}”."


def _meta(message: Message) -> dict[str, str]:
    found = {
        "to": ", ".join(_addresses(message, "to")),
        "cc": ", ".join(_addresses(message, "cc")),
        "list": decoded_header(message, "List-Id"),
        "auto_submitted": decoded_header(message, "Auto-Submitted"),
    }
    return {name: value for name, value in found.items() if value}


# -- which text


def _best(contents: Contents, sender: tuple[str, ...], forwarded: bool) -> tuple[str, Segmented]:
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


def _open_embedded(
    text: str, segmented: Segmented, embedded: list[Message]
) -> tuple[str, Segmented]:
    """Return the text with mails that were forwarded as attachments, all of it kept."""
    texts: list[str] = []
    for message in embedded[:_MAX_EMBEDDED]:
        inner = Contents()
        collect(message, inner)
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


def _without_text(text: str, subject: str, contents: Contents) -> InputRefused:
    if text.strip():
        what = "Everything in the mail is quoted, a signature or a footer"
    elif contents.attachments:
        what = "The mail has attachments but no text"
    else:
        what = "The mail has no text"
    about = f" (its subject is “{subject[:120]}”)" if subject else ""
    return InputRefused(
        "no_text",
        f"{what}{about}.",
        remedy="Read the original: if it matters, enter its text by hand.",
    )
