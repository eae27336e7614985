"""The MIME side of a mail: texts and files gathered part by part.

Python's reader does the parsing; this module bounds it, decodes what it leaves raw, and says in
notes what was broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Attachment, Doubt
from copydesk.intake import charsets
from copydesk.intake.headers import Headers, decoded_value
from copydesk.intake.html import html_to_text
from copydesk.intake.tnef import Packed, unpack_tnef

#: MIME parts one mail may hold. Every level of multipart costs the reader another check per line.
_MAX_PARTS: Final = 1000
_MAX_MULTIPARTS: Final = 100

_HEADER_LINE = re.compile(rb"([!-9;-~]{1,100}):|[ \t]|From ")
_LINE_END = r"(?:\r\n|\r(?!\n)|\n)"
_BLANK_LINE = re.compile(rf"{_LINE_END}[ \t\v\f]*(?:[\r\n]|\Z)".encode())
#: A header as the reader takes it: its name, and its value over as many lines as it is folded to.
_HEADER = re.compile(rf"([!-9;-~]+):[ \t]*([^\r\n]*(?:{_LINE_END}[ \t][^\r\n]*)*){_LINE_END}")
_END_OF_HEADERS = re.compile(_LINE_END)
_ONLY_IN_MAIL: Final = frozenset({
    b"content-transfer-encoding", b"content-type", b"delivered-to", b"dkim-signature",
    b"message-id", b"mime-version", b"received", b"return-path", b"x-mailer",
})  # fmt: skip


@dataclass(slots=True)
class Contents:
    """What was found inside a mail: its text in up to two versions, and its files."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    twice: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    embedded: list[Message] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    packed: list[Packed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def has_mail_headers(raw: bytes) -> bool:
    """Whether `raw` begins with a block of mail headers.

    Every line down to the first blank one must be a header, and among them one that only mail has.
    "Two: …" or "Subject: …" at the top of a bare text must not be read away as a header.
    """
    proved = False
    start = raw[:200_000].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    blank = _BLANK_LINE.search(start)
    for line in (start[: blank.start()] if blank else start).splitlines():
        if not line.strip():
            break
        match = _HEADER_LINE.match(line)
        if match is None:
            return False
        name = (match.group(1) or b"").lower()
        proved = proved or name in _ONLY_IN_MAIL or (name == b"from" and b"@" in line)
    return proved


def read(raw: bytes, *, is_page: Callable[[], bool]) -> Message:
    """Return the mail in `raw`; without headers, a mail with `raw` as its body.

    `is_page` is only asked about such a body, and says whether it is HTML.
    Raises `InputRefused` (`broken_mime`).
    """
    start = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not has_mail_headers(start):
        message = Message()
        message["Content-Type"] = "text/html" if is_page() else "text/plain"
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
        if b"multipart/" not in lowered and b"message/" not in lowered:
            whole = _in_one_part(start.decode("ascii", "surrogateescape"))
            if whole is not None:
                return whole
        return message_from_bytes(start)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _broken("The structure of the mail cannot be read.") from error


def _in_one_part(text: str) -> Message | None:
    """Return a mail that has no parts as the reader would, None where only the reader can tell.

    It goes through bodies line by line and puts them together again, and a body is most of a mail.
    """
    message = Message()
    end = 0
    while header := _HEADER.match(text, end):
        message.set_raw(*header.groups())
        end = header.end()
    blank = _END_OF_HEADERS.match(text, end)
    if blank is None:
        return None
    message.set_payload(text[blank.end() :])
    return message


def _broken(message: str) -> InputRefused:
    return InputRefused(
        "broken_mime",
        message,
        remedy="Ask for the message again, or save it anew from the mail program as .eml.",
    )


def collect(part: Message, contents: Contents) -> None:
    """Gather the texts and files of `part` in order. Raises `InputRefused` (`broken_mime`)."""
    kind = part.get_content_type()
    if _is_multipart(kind):
        children = part.get_payload()
        if not isinstance(children, list):
            raise _broken("The mail says it has several parts, but their boundary is missing.")
        defects = {type(defect).__name__ for defect in part.defects}
        if "CloseBoundaryNotFoundDefect" in defects:
            contents.notes.append(
                Doubt("The mail ends in the middle of a part: something may be missing.")
            )
        both = kind == "multipart/alternative" and _offers_both(children)
        contents.twice = contents.twice or both
        for child in children:
            if isinstance(child, Message):
                _collect_child(child, child.get_content_type(), contents, both)
        return
    _collect_child(part, kind, contents, False)


def _offers_both(children: Sequence[Message | str]) -> bool:
    kinds = {
        leaf.get_content_type()
        for child in children
        if isinstance(child, Message)
        for leaf in _leaves(child)
    }
    return {"text/plain", "text/html"} <= kinds


def _is_multipart(kind: str) -> bool:
    return kind.startswith("multipart/")


def _leaves(part: Message) -> Iterator[Message]:
    if _is_multipart(part.get_content_type()):
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _leaves(child)
    else:
        yield part


def _collect_child(part: Message, kind: str, contents: Contents, both: bool) -> None:
    if _is_multipart(kind):
        if not both:
            collect(part, contents)
            return
        for leaf in _leaves(part):
            _collect_child(leaf, leaf.get_content_type(), contents, both)
        return
    name = _filename(part)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            contents.embedded.append(inner[0])
            whole = inner[0].as_bytes()
            contents.attachments.append(_attachment(part, name or "forwarded.eml", kind, whole))
        return
    if attached or kind not in ("text/plain", "text/html"):
        data = part.get_payload(decode=True)
        if kind == "text/calendar" and isinstance(data, bytes):
            name = name or "invitation.ics"
            # the text of an invitation beside it says the same; alone, the entry is the message
            contents.calendars.append(charsets.decode(data, what="The invitation").text)
        if isinstance(data, bytes) and (
            kind in ("application/ms-tnef", "application/vnd.ms-tnef")
            or name.lower() == "winmail.dat"
        ):
            packed = unpack_tnef(data)
            contents.packed.append(packed)
            contents.attachments.extend(packed.files)
            contents.notes.extend(packed.notes)
            if not packed.notes:
                return  # all that is in it is out
        if isinstance(data, bytes) and kind != "text/x-amp-html":
            contents.attachments.append(_attachment(part, name, kind, data))
        return
    _collect_text(part, kind, contents, both)


def _attachment(part: Message, name: str, kind: str, data: bytes) -> Attachment:
    ids = Headers(part).ids("content-id")
    return Attachment(filename=name, content_type=kind, data=data, content_id=ids[0] if ids else "")


def _filename(part: Message) -> str:
    # each parameter that is asked for is a header read anew, and most parts have no name
    headers = Headers(part)
    told = headers.raw("content-disposition") + headers.raw("content-type")
    if "name" not in told.lower():
        return ""
    try:
        value = part.get_filename()
    except (ValueError, LookupError, TypeError):
        return ""
    if not value:
        return ""
    text = decoded_value(collapse_rfc2231_value(value))
    # a name, not a path: what follows decides where a file is written
    return text.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")[:200]


def _collect_text(part: Message, kind: str, contents: Contents, both: bool) -> None:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return
    if any("Base64" in type(defect).__name__ for defect in part.defects):
        contents.notes.append(
            Doubt("A part of the mail has broken base64: some of it may be missing.")
        )
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
    if "flowed" not in Headers(part).raw("content-type").lower():
        return text
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
