"""RSS and Atom as XML: made well-formed first, then read by feedparser.

Only XML that a strict parser takes is handed on, so that feedparser never falls back to its lenient
one, whose patterns take quadratic time on hostile input. A feed that breaks off or goes wrong in
the middle keeps the entries before the fault, and says so.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.entities import html5
from typing import Any, Final
from urllib.parse import urljoin
from xml.parsers import expat

from copydesk.core.errors import InputRefused
from copydesk.core.feed import Skips
from copydesk.core.submission import Doubt
from copydesk.intake import charsets
from copydesk.intake.feed import MAX_ENTRIES, Entry, Feed, too_many, words
from copydesk.intake.html import looks_like_html

#: Bytes of one feed: a reader of XML needs seconds for each megabyte of marks.
_MAX_BYTES: Final = 10_000_000
_MAX_DEPTH: Final = 200
#: Characters of an element that is no text: feedparser searches these with slow patterns.
_MAX_SHORT: Final = 20_000
_PROSE: Final = frozenset({"description", "summary", "content", "encoded", "body", "subtitle",
                           "div", "p", "fulltext"})  # fmt: skip
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:\-]{1,40})")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,500}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,2000}(\[[^\]]{0,20000}\]\s{0,100})?>", re.IGNORECASE)
_ROOT = re.compile(r"<(?:rss|feed|(?:\w+:)?rdf|channel|(?:\w+:)feed)\b", re.IGNORECASE)
#: Controls that XML has no place for.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)(\w{2,32};)?")
_ENTRY_END = re.compile(r"</(?:[\w-]{1,40}:)?(?:item|entry)\s*>")
_ADDRESS = re.compile(r"[^\s@<>()]{1,64}@[^\s@<>()]{1,255}")
_PERIODS: Final = {
    "hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30), "yearly": timedelta(days=365),
}  # fmt: skip
#: RSS lists hours in UTC and days in English; feedparser keeps the last of each (6.0.12).
_SKIPPED = re.compile(
    r"<skip(hours|days)\s*>([^!]{0,2000}?)</skip(?:hours|days)\s*>", re.IGNORECASE
)
_HOUR = re.compile(r"<hour\s*>\s*(\d{1,2})\s*</hour\s*>", re.IGNORECASE)
_DAY = re.compile(r"<day\s*>\s*(mon|tues|wednes|thurs|fri|satur|sun)day\s*</day\s*>", re.IGNORECASE)
_DAYS: Final = ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
_ZONE = re.compile(r"(?:Z|[A-Z]{1,5}|[+-]\d{2}:?\d{2})\s*(?:\([^)]*\))?$", re.IGNORECASE)


def read_xml(raw: bytes) -> Feed:
    """Return the RSS or Atom feed in `raw`.

    Raises `InputRefused`: `bad_feed`, `feed_bomb`, `undecodable`.
    """
    if len(raw) > _MAX_BYTES:
        raise _bomb(f"The feed has {len(raw):,} bytes; {_MAX_BYTES:,} are read")
    declared = _DECLARED.search(raw[:400])
    decoded = charsets.decode(raw, declared.group(1).decode() if declared else "", what="The feed")
    notes = list(decoded.notes)
    text = _well_formed(decoded.text, notes)
    import feedparser  # 60 ms that other sources need not wait for

    try:
        found: Any = feedparser.parse(
            # a stream: given bytes, feedparser would first try them as an address and a file name
            io.BytesIO(text.encode("utf-8")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # seen for white space inside the name of a namespace (6.0.12)
        raise _bad_feed(f"The feed cannot be read ({error})") from error
    if not found.version and not found.entries:
        raise _bad_feed("The XML is not an RSS or Atom feed")
    url = _feed_url(found.feed)
    return Feed(
        title=words(found.feed.get("title")),
        url=url,
        rests=_rests(found.feed),
        skips=_skips(text),
        # plain dictionaries: feedparser's own guess at what was meant, and warn that they do
        entries=tuple(
            _doubted(_entry(dict(each), url, dict(found.feed)), decoded.notes)
            for each in found.entries
        ),
        notes=tuple(notes),
    )


# -- making it well-formed


def _well_formed(text: str, notes: list[str]) -> str:
    root = _ROOT.search(text)
    prolog = text[: root.start()] if root else text
    if "<!ENTITY" in prolog.upper():
        raise InputRefused(
            "feed_bomb",
            "The feed declares entities of its own, as attacks do and feeds never need to.",
            remedy="Ask its publisher for a feed without <!ENTITY>.",
        )
    if root is None:
        raise _bad_feed("The XML is not an RSS or Atom feed")
    text = _DECLARATION.sub("", _DOCTYPE.sub("", text, count=1), count=1).lstrip()
    fault = _check(text)
    if fault is None:
        return text
    # names of HTML and bare ampersands are in every tenth feed; nobody needs to hear of it
    text = _AMPERSAND.sub(_as_number, _CONTROLS.sub("\ufffd", text))
    fault = _check(text)
    if fault is None:
        return text
    shortened = _before(text, fault)
    if shortened is None or _check(shortened) is not None:
        raise _bad_feed(f"The XML of the feed is broken: {fault}")
    notes.append(
        Doubt(f"The XML of the feed is broken ({fault}); the entries before that were read.")
    )
    return shortened


def _as_number(match: re.Match[str]) -> str:
    name = match.group(1)
    meant = html5.get(name) if name else None
    if meant is None:
        return f"&amp;{name or ''}"
    return "".join(f"&#{ord(char)};" for char in meant)


class _Checker:
    """Bounds what a feed may hold while a strict parser goes over it."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.entries = 0
        self.size = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.open.append(name.rpartition(" ")[2].lower())
        self.size = sum(map(len, attributes.values()))
        self.entries += self.open[-1] in ("item", "entry")
        if len(self.open) > _MAX_DEPTH:
            raise _bomb(f"The feed nests more than {_MAX_DEPTH} elements")
        if self.entries > MAX_ENTRIES:
            raise too_many(self.entries)

    def end(self, _name: str) -> None:
        self.open.pop()
        self.size = 0

    def text(self, data: str) -> None:
        self.size += len(data)
        if self.size > _MAX_SHORT and not _PROSE.intersection(self.open):
            raise _bomb(f"<{self.open[-1]}> of the feed has more than {_MAX_SHORT:,} characters")


def _check(text: str) -> expat.ExpatError | None:
    checker = _Checker()
    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler = checker.start
    parser.EndElementHandler = checker.end
    parser.CharacterDataHandler = checker.text
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        return error
    return None


def _before(text: str, fault: expat.ExpatError) -> str | None:
    """Return the feed up to its last whole entry before a fault, with its elements closed."""
    position = 0
    for _ in range(fault.lineno - 1):
        position = text.index("\n", position) + 1
    # the column counts bytes, so it is at or behind the character: a look back corrects that
    limit = min(len(text), position + fault.offset)
    last = None
    for match in _ENTRY_END.finditer(text, 0, limit):
        last = match
    if last is None:
        return None
    whole = text[: last.end()]
    opened = _open_elements(whole)
    return whole + "".join(f"</{name}>" for name in reversed(opened)) if opened else None


def _open_elements(text: str) -> list[str]:
    """Return the elements still open at the end of `text`, as they were written."""
    names: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: names.append(name)
    parser.EndElementHandler = lambda _: names.__delitem__(-1)
    try:
        parser.Parse(text.encode("utf-8"), False)
    except expat.ExpatError:
        return []
    return names


# -- what feedparser found


def _feed_url(feed: Mapping[str, Any]) -> str:
    links = [link for link in feed.get("links", ()) if link.get("href")]
    own = next((link["href"] for link in links if link.get("rel") == "self"), "")
    return words(own or feed.get("id") or feed.get("link"))[:2000]


def _doubted(entry: Entry, about_charset: Iterable[str]) -> Entry:
    """Return an entry with what is doubtful about its characters, where it has other than ASCII."""
    doubts = [note for note in about_charset if isinstance(note, Doubt)]
    if not doubts or (entry.title + entry.html + entry.text).isascii():
        return entry
    return replace(entry, notes=tuple(dict.fromkeys((*entry.notes, *doubts))))


def _rests(feed: Mapping[str, Any]) -> timedelta | None:
    """Return what `ttl` (minutes) or the syndication module ask for, the longer of both, and no
    more than that module can say: whoever writes a longer `ttl` means nothing by it."""
    asked: list[timedelta] = []
    minutes = _count(feed.get("ttl"))
    if minutes:
        asked.append(timedelta(minutes=minutes))
    period = _PERIODS.get(words(feed.get("sy_updateperiod")).lower())
    if period is not None:
        asked.append(period / (_count(feed.get("sy_updatefrequency")) or 1))
    return min(max(asked), _PERIODS["yearly"]) if asked else None


def _skips(text: str) -> Skips:
    """Return when the publisher wishes no poll; wishes that leave no hour of a week are none."""
    hours: set[int] = set()
    days: set[int] = set()
    for kind, inner in _SKIPPED.findall(text):
        if kind.lower() == "hours":
            # 24 is midnight by the older of two specifications
            hours |= {int(hour) % 24 for hour in _HOUR.findall(inner) if int(hour) <= 24}
        else:
            days |= {_DAYS.index(day.lower()) for day in _DAY.findall(inner)}
    return Skips(
        hours=frozenset(hours if len(hours) < 24 else ()),
        days=frozenset(days if len(days) < 7 else ()),
    )


def _count(value: object) -> int:
    written = words(value)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else 0


def _entry(entry: Mapping[str, Any], base: str, feed: Mapping[str, Any]) -> Entry:
    notes: list[str] = []
    contents = [c for c in (*entry.get("content", ()), entry.get("summary_detail")) if c]
    contents = [c for c in contents if str(c.get("value", "")).strip()]
    chosen = contents[0] if contents else {}
    value = charsets.storable(str(chosen.get("value", "")))
    is_html = chosen.get("type") in ("text/html", "application/xhtml+xml") and (
        looks_like_html(value) or re.search(r"&#?\w{2,32};", value) is not None
    )
    url = urljoin(base, words(entry.get("link"))) if entry.get("link") else ""
    author, address = _author(words(entry.get("author") or feed.get("author")))
    title = words(entry.get("title"))
    return Entry(
        id=words(entry.get("id")) or url or f"{title} {words(entry.get('published'))}".strip(),
        url=url,
        title=title,
        html=value if is_html else "",
        text="" if is_html else value,
        author=author,
        address=address,
        at=_moment(entry, notes),
        language=words(chosen.get("language") or feed.get("language")),
        meta=_meta(entry),
        notes=tuple(dict.fromkeys(notes)),
    )


def _author(written: str) -> tuple[str, str]:
    """Return name and address; RSS has "ann@mail.example (Ann)". feedparser tells the two apart
    too, but cuts addresses whose last part has more than four letters (6.0.12)."""
    found = _ADDRESS.search(written)
    if found is None:
        return written, ""
    name = written.replace(found.group(), "").strip(" ()<>\"'")
    return name or found.group(), found.group().lower()


def _moment(entry: Mapping[str, Any], notes: list[str]) -> datetime | None:
    for name in ("published", "updated"):
        written, read = words(entry.get(name)), entry.get(f"{name}_parsed")
        if not written:
            continue
        if read is None:
            notes.append(f"The entry's date cannot be read: “{written[:60]}”.")
        elif not _ZONE.search(written[-60:]):
            notes.append(f"The entry's date names no zone and was left open: “{written[:60]}”.")
        else:
            try:
                return datetime.fromtimestamp(timegm(read), UTC)
            except (ValueError, OverflowError):
                notes.append(f"The entry's date cannot be read: “{written[:60]}”.")
    return None


def _meta(entry: Mapping[str, Any]) -> dict[str, str]:
    meta: dict[str, str] = {}
    tags = [words(tag.get("term") or tag.get("label")) for tag in entry.get("tags", ())]
    if any(tags):
        meta["tags"] = ", ".join(tag for tag in tags if tag)
    hanging = [link for link in entry.get("links", ()) if link.get("rel") == "enclosure"]
    hanging += [{**each, "href": each.get("url")} for each in entry.get("media_content", ())]
    addresses = dict.fromkeys(
        " ".join(words(link.get(name)) for name in ("href", "type") if link.get(name))
        for link in hanging[:100]
    )
    for number, address in enumerate(addresses, start=1):
        meta[f"enclosure.{number}"] = address
    for name in ("comments", "license"):
        if words(entry.get(name)):
            meta[name] = words(entry[name])
    return meta


def _bad_feed(message: str) -> InputRefused:
    return InputRefused(
        "bad_feed", f"{message}.", remedy="Save the feed again, or name another source."
    )


def _bomb(message: str) -> InputRefused:
    return InputRefused(
        "feed_bomb", f"{message}.", remedy="Ask its publisher for a feed of ordinary entries."
    )
