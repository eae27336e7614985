"""E-mail (RFC 5322 and MIME): headers, bodies, attachments, and the author's own text.

Which of its texts is read is `copydesk.intake.alternatives`' decision, what kind of automatic mail
it is `copydesk.intake.automatic`'s.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt, ParsedMessage, Source, ThreadRef
from copydesk.intake import charsets
from copydesk.intake.alternatives import best_text, open_embedded, read_invitation, take_packed
from copydesk.intake.automatic import ABSENCE, BOUNCE, RECEIPT, automatic_kind
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

_ENCRYPTED: Final = frozenset({
    "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted",
})  # fmt: skip
_SAMPLE: Final = 64_000
_FORWARD_SUBJECT = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vs|vb|pd|přep|vl)\s?:|\s*\[fwd:", re.IGNORECASE
)


def parse_email(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the mail in `raw`; a text or page without headers is read as the body of one.

    Raises `InputRefused`: `broken_mime`, `html_bomb`, `undecodable`, `no_text`.
    """
    message = read(raw, html=_is_page(raw, filename))
    contents = Contents()
    collect(message, contents)
    take_packed(contents)
    subject = decoded_header(message, "Subject")
    name, address = _first_address(message, "From", "Reply-To", "Sender")
    sender = tuple(dict.fromkeys(part for part in (name, address) if part))
    forwarded = _FORWARD_SUBJECT.match(subject) is not None
    text, segmented = best_text(contents, sender, forwarded)
    sent_at, date_note = _date(message)
    notes = [*contents.notes, *segmented.notes, *([date_note] if date_note else [])]
    if not segmented.own_text and contents.embedded:
        text, segmented = open_embedded(text, segmented, contents.embedded)
        notes.extend(segmented.notes)
    if not segmented.own_text and not text.strip():
        text, segmented = read_invitation(text, segmented, contents.calendars)
        notes.extend(segmented.notes)
    if not segmented.own_text:
        raise _without_text(text, subject, contents)
    meta = _meta(message)
    if meta.get("automatic") in (ABSENCE, BOUNCE, RECEIPT):
        notes.append(Doubt(f"Nobody wrote this for the conversation: {meta['automatic']}."))
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
        meta=meta,
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
        "automatic": automatic_kind(message),
    }
    return {name: value for name, value in found.items() if value}


def _without_text(text: str, subject: str, contents: Contents) -> InputRefused:
    kinds = {attachment.content_type for attachment in contents.attachments}
    if _ENCRYPTED & kinds or "-----BEGIN PGP MESSAGE-----" in text:
        what = "The mail is encrypted or sealed (S/MIME or PGP), so its text cannot be read here"
    elif text.strip():
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
