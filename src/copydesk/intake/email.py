"""E-mail (RFC 5322 and MIME): headers, bodies, attachments, and the author's own text.

Which of its texts is read is `copydesk.intake.alternatives`' decision, what kind of automatic mail
it is `copydesk.intake.automatic`'s.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt, ParsedMessage, Source, ThreadRef
from copydesk.intake import charsets
from copydesk.intake.alternatives import best_text, open_embedded, read_invitation, take_packed
from copydesk.intake.automatic import ABSENCE, BOUNCE, RECEIPT, automatic_kind
from copydesk.intake.community import is_html
from copydesk.intake.headers import Headers
from copydesk.intake.mime import Contents, collect, read

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
    message = read(raw, is_page=lambda: _is_page(raw, filename))
    contents = Contents()
    collect(message, contents)
    take_packed(contents)
    headers = Headers(message)
    subject = headers.text("subject")
    name, address = headers.sender()
    sender = tuple(dict.fromkeys(part for part in (name, address) if part))
    forwarded = _FORWARD_SUBJECT.match(subject) is not None
    text, segmented = best_text(contents, sender, forwarded)
    sent_at, date_note = _date(headers.text("date"))
    notes = [*contents.notes, *segmented.notes, *([date_note] if date_note else [])]
    if not segmented.own_text and contents.embedded:
        text, segmented = open_embedded(text, segmented, contents.embedded)
        notes.extend(segmented.notes)
    if not segmented.own_text and not text.strip():
        text, segmented = read_invitation(text, segmented, contents.calendars)
        notes.extend(segmented.notes)
    if not segmented.own_text:
        raise _without_text(text, subject, contents)
    meta = _meta(message, headers)
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
        thread=_thread(headers),
        attachments=tuple(contents.attachments),
        meta=meta,
        notes=tuple(dict.fromkeys(notes)),
    )


def _is_page(raw: bytes, filename: str) -> bool:
    """Whether a mail without headers is HTML; only its beginning is looked at."""
    return b"<" in raw[:_SAMPLE] and is_html(charsets.decode(raw[:_SAMPLE]).text, filename)


def _thread(headers: Headers) -> ThreadRef:
    own = headers.ids("message-id")
    parents = headers.ids("references")
    for parent in headers.ids("in-reply-to")[:1]:
        # the direct parent stands last, whether or not References names it
        parents = [each for each in parents if each != parent] + [parent]
    return ThreadRef(
        message_id=own[0] if own else "",
        references=tuple(dict.fromkeys(parents)),
        participants=headers.addresses("from", "to", "cc", "reply-to"),
    )


def _date(value: str) -> tuple[datetime | None, str]:
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


def _meta(message: Message, headers: Headers) -> dict[str, str]:
    found = {
        "to": ", ".join(headers.addresses("to")),
        "cc": ", ".join(headers.addresses("cc")),
        "list": headers.text("list-id"),
        "auto_submitted": headers.text("auto-submitted"),
        "automatic": automatic_kind(message, headers),
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
