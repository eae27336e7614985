"""Feeds and sitemap, checked by an independent reader and by the rules of their validators."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest

from copydesk.core.delivery import Action
from copydesk.platforms.site.build import newest_first
from copydesk.platforms.site.config import read_config
from copydesk.platforms.site.feeds import ATOM, CONTENT, DUBLIN_CORE
from copydesk.platforms.site.folder import Folder
from copydesk.platforms.site.records import read_records
from copydesk.platforms.site.sitemap import sitemaps
from tests.platforms.site.sites import URL, Site, media

DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
RFC_822 = re.compile(DAY + r", \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    site = Site(
        tmp_path / "public", {"description": "All of it", "author": "Ada", "language": "en"}
    )
    posts = [site.outgoing(n, tags=("A & B",)) for n in range(1, 54)]
    posts.append(
        site.outgoing(
            54,
            title="Last <one> \x0b& more",
            body="See [here](../post-1/?a=1&b=2#c) ![A pixel](pixel.png) \x00 ]]> <b>x</b>",
            media=(media(),),
            authors=("Grace", "Ada"),
            language="de",
            canonical_url="https://elsewhere.example/last",
        )
    )
    await site.client().commit_batch(posts)
    await site.client().commit(site.outgoing(53, revision=2, action=Action.UPDATE))
    return site


def feed(site: Site, name: str) -> Any:
    parsed = feedparser.parse((site.path / name).read_bytes())
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


@pytest.mark.parametrize(("name", "version"), [("feed.xml", "rss20"), ("atom.xml", "atom10")])
def test_an_independent_reader_understands_the_feed(site: Site, name: str, version: str) -> None:
    parsed = feed(site, name)
    assert parsed.version == version
    assert parsed.feed.title == "Notes"
    assert len(parsed.entries) == 50
    first, second = parsed.entries[:2]
    assert first.link == f"{URL}posts/post-54/"
    assert first.id == "tag:example.com,2026-11-03:pst_54"
    body = first.content[0].value
    assert f'href="{URL}posts/post-1/?a=1&amp;b=2#c"' in body
    assert f'src="{URL}posts/post-54/pixel.png"' in body
    assert [tag.term for tag in second.tags] == ["News"]
    times = [entry.published_parsed for entry in parsed.entries]
    assert times == sorted(times, reverse=True)


def test_rss_keeps_the_rules(site: Site) -> None:
    root = ET.fromstring(site.read("feed.xml"))
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    for name in ("title", "link", "description", "lastBuildDate", "language"):
        assert len(channel.findall(name)) == 1
    (own,) = channel.findall(f"{{{ATOM}}}link")
    assert own.attrib == {"href": f"{URL}feed.xml", "rel": "self", "type": "application/rss+xml"}
    assert RFC_822.fullmatch(channel.findtext("lastBuildDate", ""))
    items = channel.findall("item")
    guids = [item.findtext("guid") for item in items]
    assert len(items) == len(set(guids)) == 50
    for item in items:
        (guid,) = item.findall("guid")
        assert guid.get("isPermaLink") == "false"
        assert RFC_822.fullmatch(item.findtext("pubDate", ""))
        assert item.findtext("title")
        assert item.findtext("description")
        assert item.findtext("link", "").startswith(URL)
        assert item.find("author") is None, "author would have to be an address"
        assert item.findtext(f"{{{CONTENT}}}encoded")
        assert len(item.findall(f"{{{CONTENT}}}encoded")) == 1
    assert [e.text for e in items[0].findall(f"{{{DUBLIN_CORE}}}creator")] == ["Grace", "Ada"]
    built = parsedate_to_datetime(channel.findtext("lastBuildDate", ""))
    assert built >= max(parsedate_to_datetime(i.findtext("pubDate", "")) for i in items)


def test_atom_keeps_the_rules(site: Site) -> None:
    root = ET.fromstring(site.read("atom.xml"))
    name = partial("{{{}}}{}".format, ATOM)
    assert root.tag == name("feed")
    for required in ("id", "title", "updated"):
        assert len(root.findall(name(required))) == 1
    assert root.findtext(f"{name('author')}/{name('name')}") == "Ada"
    rels = [(link.get("rel"), link.get("type")) for link in root.findall(name("link"))]
    assert rels == [("self", "application/atom+xml"), ("alternate", "text/html")]
    entries = root.findall(name("entry"))
    ids = [entry.findtext(name("id")) for entry in entries]
    assert len(set(ids)) == 50
    for entry in entries:
        for required in ("id", "title", "updated", "published", "content"):
            assert len(entry.findall(name(required))) == 1
        born = datetime.fromisoformat(entry.findtext(name("published"), ""))
        assert born.tzinfo is not None
        assert datetime.fromisoformat(entry.findtext(name("updated"), "")) >= born
        content = entry.find(name("content"))
        assert content is not None
        assert content.get("type") == "html"
    updated = entries[1].findtext(name("updated"), "")
    published = entries[1].findtext(name("published"), "")
    assert datetime.fromisoformat(updated) - datetime.fromisoformat(published) == timedelta(days=1)


def test_json_feed_keeps_the_rules(site: Site) -> None:
    data = json.loads(site.read("feed.json"))
    assert data["version"] == "https://jsonfeed.org/version/1.1"
    assert data["home_page_url"] == URL
    assert data["feed_url"] == f"{URL}feed.json"
    assert "author" not in data
    assert data["authors"] == [{"name": "Ada"}]
    items = data["items"]
    assert len({item["id"] for item in items}) == len(items) == 50
    for item in items:
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert item["url"].startswith(URL)
        assert "<" not in item.get("summary", "")
    assert items[0]["external_url"] == "https://elsewhere.example/last"
    assert items[0]["image"] == f"{URL}posts/post-54/pixel.png"
    assert items[0]["title"] == "Last <one> & more"
    assert items[0]["language"] == "de"


def test_the_sitemap_lists_canonical_addresses_once(site: Site) -> None:
    root = ET.fromstring(site.read("sitemap.xml"))
    assert root.tag == f"{SITEMAP}urlset"
    places = [url.findtext(f"{SITEMAP}loc", "") for url in root]
    assert len(places) == len(set(places))
    assert all(place.startswith(URL) for place in places)
    assert {URL, f"{URL}tags/", f"{URL}tags/a-and-b/", f"{URL}posts/post-53/"} <= set(places)
    assert f"{URL}posts/post-54/" not in places, "its original is elsewhere"
    for url in root:
        assert datetime.fromisoformat(url.findtext(f"{SITEMAP}lastmod", "")).tzinfo is not None
    assert f"Sitemap: {URL}sitemap.xml" in site.read("robots.txt")


def test_more_addresses_than_a_sitemap_may_have_make_an_index(site: Site) -> None:
    ordered = newest_first(read_records(Folder(site.path)))
    files = sitemaps(ordered, [], read_config(site.account.settings), bound=20)
    assert list(files) == ["sitemap.xml", "sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml"]
    index = ET.fromstring(files["sitemap.xml"]())
    assert index.tag == f"{SITEMAP}sitemapindex"
    assert [s.findtext(f"{SITEMAP}loc") for s in index] == [
        f"{URL}sitemap-{n}.xml" for n in (1, 2, 3)
    ]
    assert sum(len(ET.fromstring(files[f"sitemap-{n}.xml"]())) for n in (1, 2, 3)) == 55
