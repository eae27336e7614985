"""Support and contact forms: a JSON object, an encoded or multipart body, or a CSV with one row.

The message is what stands in the field that says so; all other fields become metadata, none is
dropped. A form has no quotes or signatures to cut: everything in the message is the author's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes
from email.policy import compat32
from typing import Final
from urllib.parse import parse_qsl

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
from copydesk.intake.answers import MAX_FIELDS, Fields, fields_of, keep_all, load_json
from copydesk.intake.dates import read_moment
from copydesk.intake.fields import ADDRESS, Roles, roles_of
from copydesk.intake.html import html_to_text, looks_like_html
from copydesk.intake.segmentation import segment_post
from copydesk.intake.tables import bad_csv, read_table

QUESTION = "the form's own words above an answer"
_FILES: Final = frozenset({"attachments", "files"})
_MULTIPART = re.compile(rb"--([^\r\n]{1,200})\r?\n[Cc]ontent-[Dd]isposition:[ \t]*form-data")


def parse_form(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the form submission in `raw`.

    Raises `InputRefused`: `bad_json`, `bad_form`, `bad_csv`, `undecodable`, `no_text`.
    """
    files: tuple[Attachment, ...] = ()
    notes: list[str] = []
    if filename.lower().endswith((".csv", ".tsv")):
        return _message(Fields(_only_row(raw, notes)), files, notes)
    if is_multipart(raw):
        fields, files = _parts(raw, notes)
        return _message(Fields(fields), files, notes)
    decoded = charsets.decode(raw, what="The form")
    notes += decoded.notes
    text = decoded.text.strip()
    if text[:1] in "{[" or filename.lower().endswith(".json"):
        found, files = _json_fields(text, notes)
    else:
        found = Fields(_encoded_fields(raw, notes))
    return _message(found, files, notes)


def is_multipart(raw: bytes) -> bool:
    """Whether `raw` is the body of a `multipart/form-data` request."""
    return _MULTIPART.match(raw[:400].lstrip()) is not None


def is_form_encoded(text: str) -> bool:
    """Whether `text` is one line of `name=value&name=value`."""
    line = text.strip()
    first = line.split("&", 1)[0]
    name, separator, _ = first.partition("=")
    return bool(
        separator
        and "\n" not in line
        and " " not in line
        and re.fullmatch(r"[\w.\-\[\]%+]{1,100}", name)
    )


# -- reading the shapes


def _json_fields(text: str, notes: list[str]) -> tuple[Fields, tuple[Attachment, ...]]:
    value = load_json(text)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        several = isinstance(value, list) and len(value) > 1
        raise InputRefused(
            "bad_json",
            "The JSON holds several submissions." if several else "The JSON is not an object.",
            remedy="Send one JSON object per submission, with the form's fields.",
        )
    files = _files(value, notes)
    return fields_of({k: v for k, v in value.items() if not files or k not in _FILES}), files


def _files(value: Mapping[str, object], notes: list[str]) -> tuple[Attachment, ...]:
    """Return files given as objects with `filename` and base64 `data`; all of them or none."""
    listed = next((value[name] for name in _FILES if isinstance(value.get(name), list)), None)
    if not isinstance(listed, list):
        return ()
    found: list[Attachment] = []
    for item in listed:
        if not isinstance(item, dict):
            return ()
        data = item.get("data", item.get("content"))
        name = str(item.get("filename", item.get("name", "")))
        if not isinstance(data, str):
            return ()
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            notes.append(f"The file “{name[:80]}” is not valid base64 and was kept as a field.")
            return ()
        kind = str(item.get("content_type", item.get("type", "application/octet-stream")))
        found.append(Attachment(filename=_safe_name(name), content_type=kind, data=content))
    return tuple(found)


def _encoded_fields(raw: bytes, notes: list[str]) -> dict[str, str]:
    try:
        # Latin-1 carries every byte through unharmed; parse_qsl takes bytes only if they are ASCII
        found = parse_qsl(
            raw.strip().decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise _too_many_fields() from error
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in found]
    if not pairs or b"=" not in raw:
        raise InputRefused(
            "bad_form",
            "The input is not form-encoded (name=value&name=value).",
            remedy="Send a JSON object, or name another source.",
        )
    charset = next((v.decode("ascii", "ignore") for k, v in pairs if k == b"_charset_"), "utf-8")
    decoded: list[tuple[str, object]] = []
    for name, value in pairs:
        read = charsets.decode(value, charset, what="A field of the form")
        notes.extend(read.notes)
        decoded.append((charsets.decode(name).text, read.text))
    return {name: str(value) for name, value in keep_all(decoded).items()}


def _parts(raw: bytes, notes: list[str]) -> tuple[dict[str, str], tuple[Attachment, ...]]:
    """Return the fields and files of a multipart body, told apart by whether there is a name."""
    opened = _MULTIPART.match(raw.lstrip())
    boundary = opened.group(1).strip() if opened else b""
    if raw.count(b"--" + boundary) > MAX_FIELDS:
        raise _too_many_fields()
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    message = message_from_bytes(head + raw.lstrip(), policy=compat32)
    fields: list[tuple[str, object]] = []
    files: list[Attachment] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        data = data if isinstance(data, bytes) else b""
        name = str(part.get_param("name", "", "content-disposition") or "")
        given = part.get_filename()
        if given is not None:
            if data or given:
                files.append(Attachment(
                    filename=_safe_name(given), content_type=part.get_content_type(), data=data
                ))  # fmt: skip
            continue
        read = charsets.decode(data, part.get_content_charset("utf-8"), what="A field of the form")
        notes.extend(read.notes)
        fields.append((charsets.storable(name) or "field", read.text))
    if not fields:
        raise InputRefused(
            "bad_form",
            "The multipart form has no fields in it.",
            remedy="Send the whole body of the request, from its first boundary on.",
        )
    return {name: str(value) for name, value in keep_all(fields).items()}, tuple(files)


def _only_row(raw: bytes, notes: list[str]) -> dict[str, str]:
    table = read_table(raw)
    notes.extend(table.notes)
    row = next(table.rows, None)
    more = row is not None and next(table.rows, None) is not None
    if row is None or more:
        count = "more than one row" if more else "no row"
        raise InputRefused(
            "bad_csv",
            f"The CSV has {count} below its header; one submission is one row.",
            remedy="Send every row as a submission of its own, under the same header.",
        )
    if row.fault:
        raise bad_csv(f"The row cannot be read: {row.fault}.")
    notes.extend(row.notes)
    return dict(row.cells)


def _too_many_fields() -> InputRefused:
    return InputRefused(
        "bad_form",
        f"The form has more than {MAX_FIELDS} fields.",
        remedy="Send the fields of one submission only.",
    )


def _safe_name(name: str) -> str:
    return charsets.storable(name).replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")[:200]


# -- from fields to a message


def _message(found: Fields, files: tuple[Attachment, ...], notes: list[str]) -> ParsedMessage:
    fields = found.texts
    roles = roles_of(fields, found.long)
    if roles.guessed and roles.message:
        notes.append(f"No field is called message; “{roles.message[0][:60]}” was taken for it.")
    elif roles.prose:
        named = ", ".join(f"“{path[:60]}”" for path in roles.prose[:5])
        notes.append(f"There is more text in {named}: it was kept beside the message.")
    text, segments = _answers(fields, roles, notes)
    if not text.strip():
        raise InputRefused(
            "no_text",
            "The form has no message in it.",
            remedy="Send the message in a field called “message”.",
        )
    address = ADDRESS.search(fields.get(roles.email, ""))
    return ParsedMessage(
        source=Source.FORM,
        text=text,
        segments=segments,
        subject=" ".join(fields.get(roles.subject, "").split()),
        author=" ".join(" ".join(fields[path] for path in roles.name).split()),
        author_address=address.group().lower() if address else "",
        sent_at=read_moment(fields.get(roles.date, ""), "The form's", notes),
        thread=ThreadRef(message_id=fields.get(roles.id, "")),
        attachments=files,
        meta={
            path: value
            for path, value in fields.items()
            if path not in roles.message and path not in (roles.subject, "_charset_") and value
        },
        notes=tuple(dict.fromkeys(notes)),
    )


def _answers(
    fields: Mapping[str, str], roles: Roles, notes: list[str]
) -> tuple[str, tuple[Segment, ...]]:
    """Return the message and its segments. Of several answers each stands below its question."""
    questions = len(roles.message) > 1 and any(" " in path for path in roles.message)
    text = ""
    segments: list[Segment] = []
    for number, path in enumerate(roles.message):
        answer = _plain(fields[path], notes)
        answer += "\n\n" if number < len(roles.message) - 1 else ""
        if questions:
            start, text = len(text), f"{text}{path}\n"
            segments.append(Segment(
                kind=SegmentKind.HEADER, start=start, end=len(text), rule="question",
                dropped_because=QUESTION,
            ))  # fmt: skip
        segmented = segment_post(answer)
        notes.extend(segmented.notes)
        for segment in segmented.segments:
            by = len(text)
            segments.append(replace(segment, start=segment.start + by, end=segment.end + by))
        text += answer
    return text, tuple(segments)


def _plain(value: str, notes: list[str]) -> str:
    value = charsets.storable(value)
    if not looks_like_html(value):
        return value
    rendered = html_to_text(value)
    notes.extend(rendered.notes)
    return rendered.text
