"""Support and contact forms: a JSON object, a form-encoded body, or a CSV file with one row.

The message is what stands in the field that says so; all other fields become metadata, none is
dropped. A form has no quotes or signatures to cut: everything in the message is the author's.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Attachment, ParsedMessage, Source, ThreadRef
from copydesk.intake import charsets
from copydesk.intake.html import html_to_text, looks_like_html
from copydesk.intake.segmentation import segment_post

_MAX_FIELDS: Final = 1000
_MAX_NESTING: Final = 20

_MESSAGE: Final = frozenset({
    "message", "body", "text", "description", "comment", "comments", "content", "details",
    "question", "feedback", "inquiry", "enquiry", "issue", "problem", "request", "how_can_we_help",
    "your_message", "what_happened", "nachricht", "anliegen", "beschreibung", "mensaje",
    "descripcion", "comentario", "descripción", "message_body", "mensagem", "messaggio", "bericht",
    "wiadomosc", "wiadomość", "meddelande", "сообщение", "内容", "お問い合わせ内容",
})  # fmt: skip
_SUBJECT: Final = frozenset({
    "subject", "title", "topic", "summary", "betreff", "asunto", "objet", "sujet", "oggetto",
    "onderwerp", "assunto", "temat",
})  # fmt: skip
_NAME: Final = frozenset({
    "name", "full_name", "fullname", "your_name", "author", "customer", "customer_name",
    "from_name", "nombre", "nom", "vorname_nachname",
})  # fmt: skip
_EMAIL: Final = frozenset({
    "email", "e_mail", "mail", "email_address", "your_email", "reply_to", "from", "customer_email",
    "sender", "correo",
})  # fmt: skip
_DATE: Final = frozenset({
    "date", "sent_at", "submitted_at", "created_at", "created", "timestamp", "time", "received_at",
    "submitted",
})  # fmt: skip
_ID: Final = frozenset({
    "id", "submission_id", "message_id", "entry_id", "ticket_id",
})  # fmt: skip
_FILES: Final = frozenset({"attachments", "files"})
_ADDRESS = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}")


def parse_form(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the form submission in `raw`.

    Raises `InputRefused`: `bad_json`, `bad_form`, `bad_csv`, `undecodable`, `no_text`.
    """
    decoded = charsets.decode(raw, what="The form")
    text = decoded.text.strip()
    notes = list(decoded.notes)
    files: tuple[Attachment, ...] = ()
    if text[:1] in "{[" or filename.lower().endswith(".json"):
        fields, files = _json_fields(text, notes)
    elif filename.lower().endswith((".csv", ".tsv")):
        fields = _csv_fields(text)
    else:
        fields = _encoded_fields(raw, notes)
    return _message(fields, files, notes)


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


# -- reading the three shapes


def load_json(text: str) -> object:
    """Return the JSON value in `text`; a name that occurs twice in an object becomes two entries.

    Raises `InputRefused` (`bad_json`) with the line and column of the fault.
    """
    try:
        return json.loads(text, object_pairs_hook=_keep_all)
    except json.JSONDecodeError as error:
        raise InputRefused(
            "bad_json",
            f"The JSON is not valid at line {error.lineno}, column {error.colno}: {error.msg}.",
            remedy="Correct it and send it again.",
        ) from error
    except (RecursionError, ValueError) as error:
        raise InputRefused(
            "bad_json",
            "The JSON is nested too deeply or holds a number that is too long.",
            remedy="Send one flat object with the fields of the form.",
        ) from error


def _keep_all(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        unique, count = name, 2
        while unique in found and count < _MAX_FIELDS:
            unique, count = f"{name}#{count}", count + 1
        found[unique] = value
    return found


def _json_fields(text: str, notes: list[str]) -> tuple[dict[str, str], tuple[Attachment, ...]]:
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
    fields: dict[str, str] = {}
    _flatten({k: v for k, v in value.items() if not files or k not in _FILES}, "", fields, 0)
    return fields, files


def _flatten(value: object, path: str, fields: dict[str, str], depth: int) -> None:
    if depth > _MAX_NESTING or len(fields) > _MAX_FIELDS:
        raise InputRefused(
            "bad_json",
            f"The JSON has more than {_MAX_FIELDS} fields or {_MAX_NESTING} levels.",
            remedy="Send one flat object with the fields of the form.",
        )
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}" if path else str(name), fields, depth + 1)
    elif isinstance(value, list):
        if all(isinstance(item, str | int | float) for item in value):
            fields[path] = ", ".join(str(item) for item in value)
            return
        for index, inner in enumerate(value):
            _flatten(inner, f"{path}.{index}", fields, depth + 1)
    elif value is not None:
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        fields[path] = charsets.storable(plain)


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
        safe = name.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")[:200]
        found.append(Attachment(filename=safe, content_type=kind, data=content))
    return tuple(found)


def _encoded_fields(raw: bytes, notes: list[str]) -> dict[str, str]:
    try:
        # Latin-1 carries every byte through unharmed; parse_qsl takes bytes only if they are ASCII
        found = parse_qsl(
            raw.strip().decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError as error:
        raise InputRefused(
            "bad_form",
            f"The form has more than {_MAX_FIELDS} fields.",
            remedy="Send the fields of one submission only.",
        ) from error
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
    return {name: str(value) for name, value in _keep_all(decoded).items()}


def _csv_fields(text: str) -> dict[str, str]:
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(text.split("\n"), dialect, strict=True) if any(row)]
    except csv.Error as error:
        raise InputRefused(
            "bad_csv", f"The CSV cannot be read: {error}.", remedy="Save it as CSV (UTF-8) again."
        ) from error
    if len(rows) != 2 or len(rows[1]) > len(rows[0]):
        raise InputRefused(
            "bad_csv",
            f"The CSV has {max(0, len(rows) - 1)} rows; one submission is one row below a header.",
            remedy="Send every row as a submission of its own, under the same header.",
        )
    pairs: list[tuple[str, object]] = list(zip(rows[0], rows[1], strict=False))
    return {name: str(value) for name, value in _keep_all(pairs).items()}


# -- from fields to a message


def _key(path: str) -> str:
    last = path.rsplit(".", 1)[-1].split("#", 1)[0]
    return re.sub(r"[^\w]+", "_", last.strip().lower()).strip("_")


def _message(
    fields: Mapping[str, str], files: tuple[Attachment, ...], notes: list[str]
) -> ParsedMessage:
    chosen = [path for path in fields if _key(path) in _MESSAGE and fields[path].strip()]
    if not chosen:
        chosen = _longest(fields)
        if chosen:
            notes.append(f"No field is called message; “{chosen[0][:60]}” was taken for it.")
    text = "\n\n".join(_plain(fields[path], notes) for path in chosen)
    if not text.strip():
        raise InputRefused(
            "no_text",
            "The form has no message in it.",
            remedy="Send the message in a field called “message”.",
        )
    subject = _first(fields, _SUBJECT, chosen)
    address_field = _first(fields, _EMAIL, chosen)
    address = _ADDRESS.search(fields.get(address_field, ""))
    segmented = segment_post(text)
    meta = {
        path: value
        for path, value in fields.items()
        if path not in chosen and path not in (subject, "_charset_") and value
    }
    identifier = _first(fields, _ID, chosen)
    return ParsedMessage(
        source=Source.FORM,
        text=text,
        segments=segmented.segments,
        subject=" ".join(fields.get(subject, "").split()),
        author=" ".join(fields.get(_first(fields, _NAME, chosen), "").split()),
        author_address=address.group().lower() if address else "",
        sent_at=_moment(fields.get(_first(fields, _DATE, chosen), ""), notes),
        thread=ThreadRef(message_id=fields.get(identifier, "")),
        attachments=files,
        meta=meta,
        notes=tuple(dict.fromkeys((*notes, *segmented.notes))),
    )


def _first(fields: Mapping[str, str], names: frozenset[str], taken: Sequence[str]) -> str:
    return next(
        (path for path in fields if _key(path) in names and path not in taken and fields[path]), ""
    )


def _longest(fields: Mapping[str, str]) -> list[str]:
    known = _NAME | _EMAIL | _DATE | _ID | _SUBJECT
    prose = [
        path for path, value in fields.items() if _key(path) not in known and len(value.split()) > 2
    ]
    return [max(prose, key=lambda path: len(fields[path]))] if prose else []


def _plain(value: str, notes: list[str]) -> str:
    value = charsets.storable(value)
    if not looks_like_html(value):
        return value
    rendered = html_to_text(value)
    notes.extend(rendered.notes)
    return rendered.text


def _moment(value: str, notes: list[str]) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        notes.append(f"The form's date cannot be read: “{value[:60]}”.")
        return None
    if moment.tzinfo is None:
        notes.append(f"The form's date names no time zone and was left open: “{value[:60]}”.")
        return None
    return moment.astimezone(UTC)
