"""Feeds: RSS, Atom and JSON Feed. Each entry is a message of its own, and the feed is its thread.

An entry's full content counts before its summary; a picture or a recording that hangs on it is
metadata. Several entries are taken apart (`bundles`): each goes on as a JSON Feed of one entry,
the plainest shape that holds them all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.feed import Skips
from copydesk.core.submission import Doubt, ParsedMessage, Source, ThreadRef
from copydesk.intake import charsets
from copydesk.intake.answers import load_json
from copydesk.intake.dates import read_moment
from copydesk.intake.html import html_to_text, looks_like_html
from copydesk.intake.segmentation import segment_post

JSON_FEED: Final = "https://jsonfeed.org/version/1.1"
MAX_ENTRIES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `html` and `text` are its content in up to two shapes, `at` is aware UTC.

    `meta` holds links, tags and what hangs on the entry, as words.
    """

    id: str = ""
    url: str = ""
    title: str = ""
    html: str = ""
    text: str = ""
    author: str = ""
    address: str = ""
    at: datetime | None = None
    language: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: its name, the address that tells it from others, and its entries as they stand.

    `rests` is how long it asks those who poll it to wait, None where it does not; `skips` are the
    times at which it wishes no poll.
    """

    title: str = ""
    url: str = ""
    rests: timedelta | None = None
    skips: Skips = field(default_factory=Skips)
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()


def is_feed(raw: bytes) -> bool:
    """Whether `raw` begins as a feed does."""
    start = raw[:4000].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith(b"{"):
        return b"jsonfeed.org/version" in start
    if not start.startswith((b"<?xml", b"<rss", b"<feed", b"<rdf:rdf", b"<!doctype rss", b"<!--")):
        return False
    return any(mark in start for mark in (b"<rss", b"<feed", b"<rdf:rdf", b"<channel"))


def read_feed(raw: bytes) -> Feed:
    """Return the feed in `raw`.

    Raises `InputRefused`: `bad_feed`, `feed_bomb`, `bad_json`, `undecodable`.
    """
    if raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        feed = _read_json(raw)
    else:
        from copydesk.intake.feed_xml import read_xml

        feed = read_xml(raw)
    if not feed.entries:
        raise InputRefused(
            "no_text", "The feed has no entries.", remedy="Look at its address: it may have moved."
        )
    return feed


def parse_feed(raw: bytes, *, filename: str = "") -> ParsedMessage:  # noqa: ARG001
    """Return the only entry of the feed in `raw`.

    Raises `InputRefused`: what `read_feed` raises, and `no_text`; `bad_feed` for several entries.
    """
    feed = read_feed(raw)
    if len(feed.entries) > 1:
        raise InputRefused(
            "bad_feed",
            f"The feed has {len(feed.entries):,} entries; one message is one entry.",
            remedy="Take the feed in as a whole: every entry becomes a message of its own.",
        )
    return _message(feed, feed.entries[0])


def as_json_feed(feed: Feed, entry: Entry) -> bytes:
    """Return a JSON Feed that holds nothing but `entry`; the same entry gives the same bytes."""
    item = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "content_text": entry.text,
        "date_published": entry.at.isoformat() if entry.at else "",
        "language": entry.language,
        "authors": [{"name": entry.author, "email": entry.address}],
        "_copydesk": {"meta": dict(entry.meta), "notes": list(entry.notes),
                      "doubts": [n for n in entry.notes if isinstance(n, Doubt)]},
    }  # fmt: skip
    whole = {
        "version": JSON_FEED, "title": feed.title, "feed_url": feed.url,
        "items": [{name: value for name, value in item.items() if value}],
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def _message(feed: Feed, entry: Entry) -> ParsedMessage:
    notes = [*feed.notes, *entry.notes]
    text = entry.text
    if entry.html:
        rendered = html_to_text(entry.html)
        notes.extend(rendered.notes)
        text = rendered.text if rendered.text.strip() or not text else text
    text = charsets.storable(text)
    if not text.strip():
        text = entry.title  # a microblog's entry may be nothing but its title
    if not text.strip():
        raise InputRefused(
            "no_text", "The entry has no text.", remedy="Look at it where it was published."
        )
    segmented = segment_post(text)
    author = entry.author or feed.title
    return ParsedMessage(
        source=Source.FEED,
        text=text,
        segments=segmented.segments,
        subject=entry.title,
        author=author,
        author_address=entry.address,
        sent_at=entry.at,
        thread=ThreadRef(
            message_id=entry.id,
            references=(feed.url,) if feed.url and feed.url != entry.id else (),
            participants=(author,) if author else (),
        ),
        meta={
            name: value
            for name, value in {"feed": feed.title, "url": entry.url, **entry.meta}.items()
            if value
        },
        notes=tuple(dict.fromkeys((*notes, *segmented.notes))),
    )


# -- JSON Feed


def _read_json(raw: bytes) -> Feed:
    decoded = charsets.decode(raw, what="The feed")
    value = load_json(decoded.text.lstrip())
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list):
        raise InputRefused(
            "bad_feed",
            "The JSON is not a JSON Feed: it has no “items”.",
            remedy="Check its address.",
        )
    if len(items) > MAX_ENTRIES:
        raise too_many(len(items))
    feed = Feed(
        title=words(value.get("title")),
        url=words(value.get("feed_url")) or words(value.get("home_page_url")),
        notes=decoded.notes,
    )
    return replace(feed, entries=tuple(_item(i, value) for i in items if isinstance(i, dict)))


def _item(item: Mapping[str, object], feed: Mapping[str, object]) -> Entry:
    kept = item.get("_copydesk")
    kept = kept if isinstance(kept, dict) else {}
    authors = item.get("authors") or feed.get("authors")
    author = authors[0] if isinstance(authors, list) and authors else item.get("author")
    author = author if isinstance(author, dict) else {}
    meta = {str(k): str(v) for k, v in kept["meta"].items()} if _is_map(kept.get("meta")) else {}
    doubts = kept.get("doubts") or ()
    notes = [Doubt(note) if note in doubts else str(note) for note in kept.get("notes") or ()]
    dated = item.get("date_published") or item.get("date_modified")
    at = read_moment(dated, "The entry's", notes) if isinstance(dated, str) else None
    tags = item.get("tags")
    if isinstance(tags, list):
        meta["tags"] = ", ".join(words(tag) for tag in tags)
    files = item.get("attachments")
    for number, each in enumerate(files if isinstance(files, list) else (), start=1):
        if isinstance(each, dict):
            meta[f"enclosure.{number}"] = " ".join(
                words(each.get(name)) for name in ("url", "mime_type") if each.get(name)
            )
    if item.get("image"):
        meta["image"] = words(item["image"])
    html, text = _text(item.get("content_html")), _text(item.get("content_text"))
    if not html and not text:
        summary = _text(item.get("summary"))
        html, text = (summary, "") if looks_like_html(summary) else ("", summary)
    return Entry(
        id=words(item.get("id")) or words(item.get("url")),
        url=words(item.get("url")),
        title=words(item.get("title")),
        html=html,
        text=text,
        author=words(author.get("name")),
        address=words(author.get("email")).lower(),
        at=at,
        language=words(item.get("language") or feed.get("language")),
        meta=meta,
        notes=tuple(notes),
    )


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


def _text(value: object) -> str:
    return charsets.storable(value) if isinstance(value, str) else ""


def words(value: object) -> str:
    """Return a scalar of a feed on one line, "" for anything else."""
    return " ".join(charsets.storable(str(value)).split()) if isinstance(value, str | int) else ""


def too_many(count: int) -> InputRefused:
    """Return the refusal of an endless feed."""
    return InputRefused(
        "feed_bomb",
        f"The feed has {count:,} entries; {MAX_ENTRIES:,} are allowed.",
        remedy="Take its newest entries alone.",
    )
