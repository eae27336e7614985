"""E-mail (RFC 5322 and MIME): headers, bodies, attachments, and the author's own text.

A mail often carries its text twice, as plain text and as HTML. Both are read; when the author's
words differ, the longer one is taken and lines that only the other has are added with a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import (
    Attachment,
    ParsedMessage,
    Segment,
    SegmentKind,
    Source,
    ThreadRef,
)
from copydesk.intake import charsets
from copydesk.intake.html import html_to_text
from copydesk.intake.segmentation import Segmented, segment_mail

#: MIME parts one mail may hold. Every level of multipart costs the reader another check per line.
_MAX_PARTS: Final = 1000
_MAX_MULTIPARTS: Final = 100
#: Forwarded mails inside forwarded mails that are opened.
_MAX_EMBEDDED: Final = 3

_HEADER_LINE = re.compile(rb"([!-9;-~]{1,100}):|[ \t]|From ")
_KNOWN_HEADERS: Final = frozenset(
    b"bcc cc content-transfer-encoding content-type date delivered-to dkim-signature from "
    b"in-reply-to message-id mime-version received references reply-to return-path sender subject "
    b"to user-agent x-mailer list-id".split()
)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
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


@dataclass(slots=True)
class _Contents:
    """What was found inside a mail: its text in up to two versions, and its files."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    twice: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    embedded: list[Message] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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


def has_mail_headers(raw: bytes) -> bool:
    """Whether `raw` begins with a block of mail headers.

    Every line down to the first blank one must be a header, and one a header mail really uses:
    "Two: …" at the top of a bare text is not a header, and must not be read away as one.
    """
    known = False
    for line in raw[:200_000].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines():
        if not line.strip():
            break
        match = _HEADER_LINE.match(line)
        if match is None:
            return False
        known = known or (match.group(1) or b"").lower() in _KNOWN_HEADERS
    return known


def parse_email(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the mail in `raw`; a text without headers is read as the body of one.

    Raises `InputRefused`: `broken_mime`, `html_bomb`, `undecodable`, `no_text`.
    """
    message = _read(raw)
    contents = _Contents()
    _collect(message, contents)
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


def decoded_header(message: Message, name: str) -> str:
    """Return a header as one line of text: encoded words, raw UTF-8 and Latin bytes decoded."""
    value = next((v for n, v in message.raw_items() if n.lower() == name.lower()), None)
    return "" if value is None else _decode_value(str(value))


# -- headers


def _decode_value(value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape")
    text = charsets.decode(raw, "utf-8").text
    pieces: list[str] = []
    if "=?" in text:
        try:
            for part, charset in decode_header(" ".join(text.split())):
                if isinstance(part, bytes):
                    part = charsets.decode(part, charset or "utf-8").text
                pieces.append(part)
            text = "".join(pieces)
        except ValueError:
            # a broken encoded word: better to read it as it stands than not at all
            pass
    return " ".join(charsets.storable(text).split())


def _first_address(message: Message, *names: str) -> tuple[str, str]:
    for header in names:
        value = next((v for n, v in message.raw_items() if n.lower() == header.lower()), None)
        if value is None:
            continue
        # encoded words are decoded after the split: a decoded comma must not divide a name
        raw = charsets.decode(str(value).encode("utf-8", "surrogateescape"), "utf-8").text
        for name, address in getaddresses([" ".join(raw.split())]):
            if "@" in address:
                return _decode_value(name), address.lower()
    return "", ""


def _addresses(message: Message, *names: str) -> tuple[str, ...]:
    values = [str(v) for n, v in message.raw_items() if n.lower() in names]
    plain = [v.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for v in values]
    return tuple(
        dict.fromkeys(address.lower() for _, address in getaddresses(plain) if "@" in address)
    )


def _thread(message: Message) -> ThreadRef:
    own = _MESSAGE_ID.findall(_ids(message, "Message-ID"))
    parents = _MESSAGE_ID.findall(_ids(message, "References"))
    for parent in _MESSAGE_ID.findall(_ids(message, "In-Reply-To"))[:1]:
        # the direct parent stands last, whether or not References names it
        parents = [each for each in parents if each != parent] + [parent]
    return ThreadRef(
        message_id=own[0] if own else "",
        references=tuple(dict.fromkeys(parents)),
        participants=_addresses(message, "from", "to", "cc", "reply-to"),
    )


def _ids(message: Message, name: str) -> str:
    value = next((v for n, v in message.raw_items() if n.lower() == name.lower()), "")
    return charsets.storable(str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


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


# -- bodies


def _read(raw: bytes) -> Message:
    start = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not has_mail_headers(start):
        message = Message()
        message["Content-Type"] = "text/plain"
        message["Content-Transfer-Encoding"] = "8bit"
        message.set_payload(raw.decode("ascii", "surrogateescape"))
        return message
    lowered = start.lower()
    if (
        lowered.count(b"content-type:") > _MAX_PARTS
        or lowered.count(b"multipart/") > _MAX_MULTIPARTS
    ):
        raise _broken("The mail holds more parts than any real one does.")
    try:
        return message_from_bytes(start)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _broken("The structure of the mail cannot be read.") from error


def _broken(message: str) -> InputRefused:
    return InputRefused(
        "broken_mime",
        message,
        remedy="Ask for the message again, or save it anew from the mail program as .eml.",
    )


def _collect(part: Message, contents: _Contents) -> None:
    """Gather texts and files of `part`, in order."""
    kind = part.get_content_type()
    if part.get_content_maintype() == "multipart":
        children = part.get_payload()
        if not isinstance(children, list):
            raise _broken("The mail says it has several parts, but their boundary is missing.")
        defects = {type(defect).__name__ for defect in part.defects}
        if "CloseBoundaryNotFoundDefect" in defects:
            contents.notes.append("The mail ends in the middle of a part: something may be missing.")
        both = kind == "multipart/alternative" and _offers_both(children)
        contents.twice = contents.twice or both
        for child in children:
            if isinstance(child, Message):
                _collect_child(child, contents, both)
        return
    _collect_child(part, contents, False)


def _offers_both(children: list[Message]) -> bool:
    kinds = {leaf.get_content_type() for child in children for leaf in _leaves(child)}
    return {"text/plain", "text/html"} <= kinds


def _leaves(part: Message) -> Iterator[Message]:
    if part.get_content_maintype() == "multipart":
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _leaves(child)
    else:
        yield part


def _collect_child(part: Message, contents: _Contents, both: bool) -> None:
    if part.get_content_maintype() == "multipart":
        if not both:
            _collect(part, contents)
            return
        for leaf in _leaves(part):
            _collect_child(leaf, contents, both)
        return
    kind = part.get_content_type()
    name = _filename(part)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            contents.embedded.append(inner[0])
            data = inner[0].as_bytes()
            contents.attachments.append(_attachment(part, name or "forwarded.eml", kind, data))
        return
    if attached or kind not in ("text/plain", "text/html"):
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and kind != "text/x-amp-html":
            contents.attachments.append(_attachment(part, name, kind, data))
        return
    _collect_text(part, kind, contents, both)


def _attachment(part: Message, name: str, kind: str, data: bytes) -> Attachment:
    ids = _MESSAGE_ID.findall(_ids(part, "Content-ID"))
    return Attachment(
        filename=name, content_type=kind, data=data, content_id=ids[0] if ids else ""
    )


def _filename(part: Message) -> str:
    try:
        value = part.get_filename()
    except (ValueError, LookupError, TypeError):
        return ""
    if not value:
        return ""
    text = _decode_value(collapse_rfc2231_value(value))
    # a name, not a path: what follows decides where a file is written
    return text.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")[:200]


def _collect_text(part: Message, kind: str, contents: _Contents, both: bool) -> None:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return
    if any("Base64" in type(defect).__name__ for defect in part.defects):
        contents.notes.append("A part of the mail has broken base64: some of it may be missing.")
    declared = part.get_param("charset") or ""
    charset = collapse_rfc2231_value(declared) if declared else ""
    what = "The HTML part" if kind == "text/html" else "The text"
    decoded = charsets.decode(data, charset, what=what)
    contents.notes.extend(decoded.notes)
    if kind == "text/html":
        rendered = html_to_text(decoded.text)
        contents.notes.extend(rendered.notes)
        text = rendered.text
    else:
        text = _unflow(part, decoded.text)
    if kind == "text/html" or not both:
        contents.html.append(text)
    if kind == "text/plain" or not both:
        contents.plain.append(text)


def _unflow(part: Message, text: str) -> str:
    """Return text/plain with `format=flowed` (RFC 3676) as whole paragraphs, quote by quote."""
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    del_space = str(part.get_param("delsp") or "").lower() == "yes"
    out: list[str] = []
    joining: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]
        soft = content.endswith(" ") and content != "-- "
        if soft and del_space:
            content = content[:-1]
        if joining == depth and content != "-- ":
            out[-1] += content
        else:
            out.append(f"{'>' * depth} {content}" if depth else content)
        joining = depth if soft else None
    return "\n".join(out)


# -- which text


def _best(contents: _Contents, sender: tuple[str, ...], forwarded: bool) -> tuple[str, Segmented]:
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
    note = (
        f"The plain and the HTML text of the mail differ; the {'HTML' if longer is html else 'plain'}"
        " one was taken because it says more."
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
        inner = _Contents()
        _collect(message, inner)
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


def _without_text(text: str, subject: str, contents: _Contents) -> InputRefused:
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
