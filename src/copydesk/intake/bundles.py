"""Files that hold several messages, taken apart: exports, feeds, mailboxes, archives.

What comes out are pieces, each the bytes of one message that can be parsed by itself. A piece's
key is made of what the channel says tells messages apart, so that the same export given again,
grown, brings the new ones only. Pieces are made while they are asked for: none waits in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Source
from copydesk.intake import charsets, slack
from copydesk.intake.answers import Fields, fields_of, load_json
from copydesk.intake.archives import is_archive, open_archive
from copydesk.intake.chat import is_chat_export
from copydesk.intake.chat_exports import is_chat_table
from copydesk.intake.feed import Entry, Feed, as_json_feed, is_feed, read_feed
from copydesk.intake.fields import roles_of
from copydesk.intake.mailboxes import is_mailbox, read_mailbox
from copydesk.intake.tables import Row, Table, read_table, write_fault, write_row

#: JSON with so many bytes is read at once; a larger list of forms has to come as CSV or JSON lines.
_MAX_JSON: Final = 25_000_000
#: "[12:01] ann: hi" begins with a bracket as well, and is a chat.
_LIST = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_JSON_LINES: Final = ("jsonl", "ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message out of several. `key` is "" where only its bytes tell it from others."""

    raw: bytes
    filename: str
    source: Source | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a file holds in one word ("rows"), its messages, and what has to be said about them."""

    what: str
    pieces: Iterator[Piece]
    notes: tuple[str, ...] = ()


def unpack(raw: bytes, *, filename: str = "", source: Source | None = None) -> Bundle | None:
    """Return the messages of a file that holds several, or None for one that is a message itself.

    Raises `InputRefused` for a file that looks like several messages and cannot be read at all.
    """
    suffix = _suffix(filename)
    if is_archive(raw):
        return _archive(raw)
    if source in (None, Source.EMAIL) and is_mailbox(raw, suffix):
        mails = read_mailbox(raw)
        return _several("mails", (_mail(data, filename, n) for n, data in enumerate(mails, 1)))
    if source is Source.FEED or (source is None and is_feed(raw)):
        feed = read_feed(raw)
        shared = _shared_ids(feed)
        entries = (
            Piece(
                raw=as_json_feed(feed, entry),
                filename=_numbered(filename or "feed", number, "json"),
                source=Source.FEED,
                key="" if entry.id in shared else feed_entry_key(feed, entry),
            )
            for number, entry in enumerate(feed.entries, start=1)
        )
        return _several("entries", entries, feed.notes)
    if source not in (None, Source.FORM):
        return None
    if suffix in ("csv", "tsv"):
        return _table(raw, filename)
    if suffix in _JSON_LINES:
        return _several("lines", _json_lines(raw, filename))
    if _LIST.match(raw[:100]) and len(raw) <= _MAX_JSON:
        return _json_list(raw, filename)
    return None


def key_of_one(raw: bytes, *, filename: str, source: Source | None) -> str:
    """Return the key that a message would have as a piece of a larger file, or "" for its bytes'.

    So a first export with one row or entry is known again in a later one. Never raises: what is
    broken about an input is found when it is parsed.
    """
    if len(raw) > _MAX_JSON:
        return ""
    try:
        if source in (None, Source.FORM) and _suffix(filename) in ("csv", "tsv"):
            table = read_table(raw)
            row, more = next(table.rows, None), next(table.rows, None)
            return _row_key(row, Counter()) if row and not more else ""
        if source is Source.FEED or (source is None and is_feed(raw)):
            feed = read_feed(raw)
            if len(feed.entries) == 1:
                return feed_entry_key(feed, feed.entries[0])
    except InputRefused:
        return ""
    return ""


def feed_entry_key(feed: Feed, entry: Entry) -> str:
    """Return the key of an entry: its feed and its id. "" for one without an id."""
    scope = _digest(feed.url or feed.title)[:16]
    return f"feed:{scope}:{_short(entry.id)}" if entry.id else ""


def _shared_ids(feed: Feed) -> set[str]:
    """Return the ids that several entries have: such an id tells nothing apart."""
    return {id for id, count in Counter(entry.id for entry in feed.entries).items() if count > 1}


def _several(what: str, pieces: Iterable[Piece], notes: tuple[str, ...] = ()) -> Bundle | None:
    """Return a bundle where there are at least two pieces."""
    iterator = iter(pieces)
    first, second = next(iterator, None), next(iterator, None)
    if first is None or second is None:
        return None

    def whole() -> Iterator[Piece]:
        yield from (first, second)
        yield from iterator

    return Bundle(what=what, pieces=whole(), notes=notes)


# -- forms


def _table(raw: bytes, filename: str) -> Bundle | None:
    table = read_table(raw)
    if is_chat_table(table.columns):
        return None
    return _several("rows", _row_pieces(table, filename), table.notes)


def _row_pieces(table: Table, filename: str) -> Iterator[Piece]:
    seen: Counter[str] = Counter()
    for number, row in enumerate(table.rows, start=1):
        yield Piece(
            raw=write_fault(table, row) if row.fault else write_row(table.columns, row.cells),
            filename=_numbered(filename or "rows", number, "csv"),
            source=Source.FORM,
            key="" if row.fault else _row_key(row, seen),
        )


def _row_key(row: Row, seen: Counter[str]) -> str:
    return _form_key(Fields({k: charsets.storable(v) for k, v in row.cells.items()}), seen)


def _form_key(found: Fields, seen: Counter[str]) -> str:
    """Return what tells a form from others: its id and message; without an id who wrote and when.

    Other columns may change between two exports (a status, a rating). Of two that say the same
    the second counts as a second one, unless it has the same id.
    """
    fields, roles = found.texts, roles_of(found.texts, found.long)
    message = [fields[path] for path in roles.message]
    if roles.id:
        return f"form:{_digest(fields[roles.id], *message)}"
    told = [fields.get(path, "") for path in (*roles.name, roles.email, roles.date, roles.subject)]
    digest = _digest("", *told, *message) if message else _digest("", *fields.values())
    seen[digest] += 1
    return f"form:{digest}" + (f":{seen[digest]}" if seen[digest] > 1 else "")


def _json_list(raw: bytes, filename: str) -> Bundle | None:
    value = load_json(charsets.decode(raw, what="The form").text.strip())
    if not isinstance(value, list) or len(value) < 2 or is_chat_export(value):
        return None
    if not all(isinstance(item, dict) for item in value):
        return None
    return _several("forms", _forms(value, filename))


def _json_lines(raw: bytes, filename: str) -> Iterator[Piece]:
    seen: Counter[str] = Counter()
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = load_json(charsets.decode(line).text.strip())
        except InputRefused:
            value = None
        key = _json_key(value, seen) if isinstance(value, dict) else ""
        yield Piece(raw=line, filename=_numbered(filename, number, "json"), key=key)


def _forms(values: list[object], filename: str) -> Iterator[Piece]:
    seen: Counter[str] = Counter()
    for number, value in enumerate(values, start=1):
        try:
            raw = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        except RecursionError as error:
            raise InputRefused(
                "bad_json",
                f"Form {number} of the list is nested too deeply.",
                remedy="Send flat objects with the fields of the form.",
            ) from error
        yield Piece(
            raw=raw,
            filename=_numbered(filename or "forms", number, "json"),
            source=Source.FORM,
            key=_json_key(value, seen),
        )


def _json_key(value: object, seen: Counter[str]) -> str:
    try:
        return _form_key(fields_of(value), seen) if isinstance(value, dict) else ""
    except InputRefused:
        return ""


# -- files and mails


def _archive(raw: bytes) -> Bundle:
    archive = open_archive(raw)
    if slack.is_export(archive.paths):
        channels = slack.channels(archive.paths, archive.load)
        pieces = (
            Piece(raw=data, filename=f"{name}.json", source=Source.CHAT) for name, data in channels
        )
        return Bundle(what="channels", pieces=pieces, notes=archive.notes)
    files = (_file(path, archive.load(path)) for path in archive.paths)
    return Bundle(what="files", pieces=files, notes=archive.notes)


def _file(name: str, data: bytes) -> Piece:
    return Piece(raw=data, filename=name.rsplit("/", 1)[-1])


def _mail(data: bytes, filename: str, number: int) -> Piece:
    return Piece(
        raw=data, filename=_numbered(filename or "mail", number, "eml"), source=Source.EMAIL
    )


def _numbered(filename: str, number: int, suffix: str) -> str:
    stem = filename.rsplit(".", 1)[0] if "." in filename else filename
    return f"{stem[:200]}-{number}.{suffix}"


def _suffix(filename: str) -> str:
    return filename.rsplit(".", 1)[-1].lower() if "." in filename else ""


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:40]


def _short(identifier: str) -> str:
    return identifier if len(identifier) <= 300 else _digest(identifier)
