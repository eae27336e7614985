"""The sitemap (https://www.sitemaps.org/protocol.html) and robots.txt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final
from xml.etree import ElementTree as ET

from copydesk.platforms.site.config import SiteConfig
from copydesk.platforms.site.records import Record
from copydesk.platforms.site.tags import Tag
from copydesk.platforms.site.xml_files import xml_file

#: The protocol's bound for one file; beyond it an index lists several.
MAX_URLS: Final = 50_000
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemaps(
    ordered: Sequence[Record], tags: Sequence[Tag], config: SiteConfig, bound: int = MAX_URLS
) -> dict[str, Callable[[], str]]:
    """Return path → maker: one sitemap, or an index with parts of at most `bound` addresses.

    Posts whose original is elsewhere are left out: a sitemap lists canonical addresses only.
    """
    entries = _entries(ordered, tags, config)
    if len(entries) <= bound:
        return {"sitemap.xml": partial(_urls, entries)}
    parts = [entries[start : start + bound] for start in range(0, len(entries), bound)]
    files: dict[str, Callable[[], str]] = {
        f"sitemap-{number}.xml": partial(_urls, part) for number, part in enumerate(parts, start=1)
    }
    places = [f"{config.url}{name}" for name in files]
    return {"sitemap.xml": partial(_index, places), **files}


def robots(config: SiteConfig) -> str:
    """Return robots.txt: everything may be read, the sitemap is here."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {config.url}sitemap.xml\n"


def _entries(
    ordered: Sequence[Record], tags: Sequence[Tag], config: SiteConfig
) -> list[tuple[str, str]]:
    newest = max(record.updated for record in ordered).isoformat()
    entries = [(config.url, newest)]
    for record in ordered:
        url = config.url + record.page
        if record.payload["canonical_url"] in {"", url}:
            entries.append((url, record.updated.isoformat()))
    entries.append((f"{config.url}tags/", newest))
    for tag in tags:
        changed = max(record.updated for record in tag.records).isoformat()
        entries.append((f"{config.url}tags/{tag.slug}/", changed))
    return entries


def _urls(entries: Iterable[tuple[str, str]]) -> str:
    root = ET.Element("urlset", xmlns=_NAMESPACE)
    for location, changed in entries:
        url = ET.SubElement(root, "url")
        ET.SubElement(url, "loc").text = location
        ET.SubElement(url, "lastmod").text = changed
    return xml_file(root)


def _index(locations: Iterable[str]) -> str:
    root = ET.Element("sitemapindex", xmlns=_NAMESPACE)
    for location in locations:
        ET.SubElement(ET.SubElement(root, "sitemap"), "loc").text = location
    return xml_file(root)
