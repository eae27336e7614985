"""The feeds: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, as their validators want them.

Addresses in bodies are absolute, ids never change, times never go back, and characters XML 1.0
forbids are removed. Newest first; the caller bounds the number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from copydesk import __version__
from copydesk.platforms.site.config import SiteConfig
from copydesk.platforms.site.records import Record
from copydesk.platforms.site.xml_files import xml_file
from copydesk.transformation.characters import without_controls
from copydesk.transformation.html import absolute_urls

ATOM: Final = "http://www.w3.org/2005/Atom"
CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
_XML: Final = "http://www.w3.org/XML/1998/namespace"


def rss(records: Sequence[Record], config: SiteConfig) -> str:
    """Return the RSS 2.0 feed of `records`."""
    for prefix, namespace in (("atom", ATOM), ("content", CONTENT), ("dc", DUBLIN_CORE)):
        ET.register_namespace(prefix, namespace)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", config.title)
    _add(channel, "link", config.url)
    _add(channel, "description", config.description or config.title)
    _add(channel, "language", config.language)
    _add(channel, "generator", f"copydesk {__version__}")
    _add(channel, "lastBuildDate", format_datetime(max(record.updated for record in records)))
    href = f"{config.url}feed.xml"
    ET.SubElement(channel, f"{{{ATOM}}}link", href=href, rel="self", type="application/rss+xml")
    for record in records:
        item = ET.SubElement(channel, "item")
        _add(item, "title", record.payload["title"])
        _add(item, "link", _url(record, config))
        _add(item, "guid", record.feed_id).set("isPermaLink", "false")
        _add(item, "pubDate", format_datetime(record.published))
        for name in _authors(record, config):
            _add(item, f"{{{DUBLIN_CORE}}}creator", name)
        for tag in record.payload["tags"]:
            _add(item, "category", tag)
        _add(item, "description", record.payload["summary"] or record.payload["title"])
        _add(item, f"{{{CONTENT}}}encoded", _body(record, config))
    return xml_file(root)


def atom(records: Sequence[Record], config: SiteConfig) -> str:
    """Return the Atom feed of `records`."""
    root = ET.Element("feed", {"xmlns": ATOM, f"{{{_XML}}}lang": config.language})
    _add(root, "id", config.url)
    _add(root, "title", config.title)
    if config.description:
        _add(root, "subtitle", config.description)
    _add(root, "updated", max(record.updated for record in records).isoformat())
    ET.SubElement(
        root, "link", rel="self", type="application/atom+xml", href=f"{config.url}atom.xml"
    )
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=config.url)
    _add(ET.SubElement(root, "author"), "name", config.author or config.title)
    _add(root, "generator", "copydesk").set("version", __version__)
    for record in records:
        language = record.payload["language"]
        entry = ET.SubElement(root, "entry", {f"{{{_XML}}}lang": language} if language else {})
        _add(entry, "id", record.feed_id)
        _add(entry, "title", record.payload["title"])
        ET.SubElement(entry, "link", rel="alternate", type="text/html", href=_url(record, config))
        _add(entry, "published", record.published.isoformat())
        _add(entry, "updated", record.updated.isoformat())
        for name in record.payload["authors"]:
            _add(ET.SubElement(entry, "author"), "name", name)
        for tag in record.payload["tags"]:
            ET.SubElement(entry, "category", term=without_controls(tag))
        if record.payload["summary"]:
            _add(entry, "summary", record.payload["summary"])
        _add(entry, "content", _body(record, config)).set("type", "html")
    return xml_file(root)


def json_feed(records: Sequence[Record], config: SiteConfig) -> str:
    """Return the JSON Feed 1.1 of `records`."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": config.title,
        "home_page_url": config.url,
        "feed_url": f"{config.url}feed.json",
        "description": config.description,
        "language": config.language,
        "authors": [{"name": config.author}] if config.author else [],
    }
    items = [_json_item(record, config) for record in records]
    filled = {key: value for key, value in feed.items() if value}
    return json.dumps({**filled, "items": items}, ensure_ascii=False, indent=1) + "\n"


def _json_item(record: Record, config: SiteConfig) -> dict[str, Any]:
    payload = record.payload
    pictures = [m["file"] for m in payload["media"] if m["content_type"].startswith("image/")]
    url = _url(record, config)
    item: dict[str, Any] = {
        "id": record.feed_id,
        "url": url,
        "external_url": payload["canonical_url"] if payload["canonical_url"] != url else "",
        "title": without_controls(payload["title"]),
        "content_html": _body(record, config) or "<p></p>",
        "summary": without_controls(payload["summary"]),
        "image": url + quote(pictures[0]) if pictures else "",
        "date_published": record.published.isoformat(),
        "date_modified": record.updated.isoformat(),
        "authors": [{"name": without_controls(name)} for name in _authors(record, config)],
        "tags": [without_controls(tag) for tag in payload["tags"]],
        "language": payload["language"],
    }
    return {key: value for key, value in item.items() if value}


def _url(record: Record, config: SiteConfig) -> str:
    return config.url + record.page


def _authors(record: Record, config: SiteConfig) -> list[str]:
    return list(record.payload["authors"]) or ([config.author] if config.author else [])


def _body(record: Record, config: SiteConfig) -> str:
    return without_controls(absolute_urls(record.payload["html"], _url(record, config)))


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = without_controls(text)
    return element
