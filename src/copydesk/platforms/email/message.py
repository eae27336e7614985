"""The message itself: the same delivery gives the same bytes on every try."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from copydesk.core.delivery import Outgoing
from copydesk.platforms.email.addresses import Address, parse_address
from copydesk.platforms.email.headers import (
    LONGEST_LINE,
    address_value,
    message_ids,
    message_policy,
    set_headers,
    text_value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message ready to hand over: envelope, id (without angle brackets) and bytes."""

    sender: Address
    recipient: Address
    message_id: str
    data: bytes
    needs_utf8: bool


class Unwritable(ValueError):
    """The message cannot be written; `field` is what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


def message_id(outgoing: Outgoing, sender: Address) -> str:
    """Return the id of the message, without angle brackets: derived from the delivery's key."""
    return f"{outgoing.key}@{sender.domain}"


def compose(outgoing: Outgoing, files: Mapping[str, bytes]) -> Letter:
    """Return the letter for `outgoing`; `files` has the bytes of its media by name.

    Raises `Unwritable` for anything that cannot go into a header or an envelope.
    """
    payload = outgoing.payload
    sender = _address(payload["from"], "from")
    recipient = _address(outgoing.recipient or payload["to"], "to")
    needs_utf8 = sender.needs_utf8 or recipient.needs_utf8
    own_id = message_id(outgoing, sender)
    message = EmailMessage(policy=message_policy(utf8=needs_utf8))
    try:
        set_headers(
            message,
            {
                "From": address_value(sender),
                "To": recipient.spec,
                "Reply-To": address_value(parse_address(payload["reply_to"]))
                if payload["reply_to"]
                else "",
                "Subject": text_value(payload["subject"], "the subject"),
                "Date": format_datetime(outgoing.intended_at),
                "Message-ID": f"<{own_id}>",
                "In-Reply-To": message_ids(tuple(payload["in_reply_to"])),
                "References": message_ids(tuple(payload["references"])),
                "List-Id": payload["list_id"],
                "List-Unsubscribe": ", ".join(f"<{uri}>" for uri in payload["unsubscribe"]),
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"
                if payload["one_click"]
                else "",
                "Precedence": "bulk" if payload["mode"] == "newsletter" else "",
                "Auto-Submitted": "auto-generated" if payload["mode"] == "newsletter" else "",
                "Content-Language": payload["language"],
            },
        )
    except ValueError as error:
        raise Unwritable("title", str(error)) from error
    _add_parts(message, outgoing, files)
    data = message.as_bytes()
    if any(len(line) > LONGEST_LINE for line in data.split(b"\r\n")):
        raise Unwritable("body", f"a line is longer than {LONGEST_LINE} bytes")
    return Letter(
        sender=sender, recipient=recipient, message_id=own_id, data=data, needs_utf8=needs_utf8
    )


def _add_parts(message: EmailMessage, outgoing: Outgoing, files: Mapping[str, bytes]) -> None:
    payload = outgoing.payload
    types = {media.name: _content_type(media.content_type) for media in outgoing.media}
    try:
        message.set_content(payload["text"])
        message.add_alternative(payload["html"], subtype="html")
    except UnicodeEncodeError as error:
        raise Unwritable("body", "the text contains half a character") from error
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    for image in payload["images"]:
        main, sub = types[image["name"]]
        html.add_related(
            files[image["name"]],
            maintype=main,
            subtype=sub,
            cid=f"<{image['cid']}>",
            disposition="inline",
            filename=image["filename"],
        )
    for attachment in payload["attachments"]:
        main, sub = types[attachment["name"]]
        message.add_attachment(
            files[attachment["name"]],
            maintype=main,
            subtype=sub,
            filename=attachment["filename"],
        )
    # `email` would choose boundaries at random
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            digest = hashlib.sha256(f"{outgoing.key} {number}".encode()).hexdigest()[:24]
            part.set_boundary(f"=_{digest}")


def _content_type(text: str) -> tuple[str, str]:
    """Return both halves of a media type; what cannot be one, or would be parsed, is just bytes."""
    found = re.fullmatch(r"([a-z]+)/([a-z0-9][a-z0-9.+-]*)", text.lower())
    if found is None or found[1] in {"multipart", "message"}:
        return "application", "octet-stream"
    return found[1], found[2]


def _address(text: str, field: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise Unwritable(field, str(error)) from error
