"""Feeds: every entry is a message, in full, with its date; hostile feeds are refused with words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt, ParsedMessage, Source
from copydesk.intake import feed_xml
from copydesk.intake.bundles import unpack
from copydesk.intake.feed import JSON_FEED, as_json_feed, is_feed, parse_feed, read_feed
from copydesk.intake.parsing import parse
from copydesk.intake.sources import detect_source

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Lamp news</title>
<link>https://lamp.example/</link><atom:link rel="self" href="https://lamp.example/rss"/>
<item><title>New lamp &amp; desk</title><link>/new</link><guid isPermaLink="false">n-1</guid>
<description>Short.</description>
<content:encoded><![CDATA[<p>It is <b>bright</b>.</p><ul><li>one</li></ul>]]></content:encoded>
<pubDate>Sat, 21 Nov 2026 10:00:00 +0100</pubDate><author>ann@lamp.example (Ann Lee)</author>
<category>lamps</category><enclosure url="https://lamp.example/a.mp3" type="audio/mpeg"/></item>
<item><title>Old lamp</title><guid>https://lamp.example/old</guid>
<description>It was 3 &lt; 4 watts.</description><pubDate>2026-11-20 10:00</pubDate></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Lampen</title>
<id>urn:lampen</id><entry><id>urn:1</id><title type="html">Neu &amp;amp; gut</title>
<link href="https://l.example/1"/><author><name>Änne</name></author>
<updated>2026-11-21T09:00:00Z</updated><summary>kurz</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Sie ist <em>hell</em>.</p></div>
</content></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://l.example/"><title>Lamps</title><link>https://l.example/</link></channel>
<item rdf:about="https://l.example/1"><title>One</title><link>https://l.example/1</link>
<description>Hello there.</description><dc:creator>Bo</dc:creator><dc:date>2026-11-21T10:00:00+01:00
</dc:date></item></rdf:RDF>"""

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)


def entries(raw: bytes) -> list[ParsedMessage]:
    """What the messages of a feed say, each taken out and read by itself, as intake does it."""
    bundle = unpack(raw, filename="news.xml")
    if bundle is None:
        return [parse_feed(raw)]
    return [parse(p.raw, filename=p.filename, source=p.source) for p in bundle.pieces]


def test_rss_in_full() -> None:
    new, old = entries(RSS.encode())
    new.check_tiling()
    assert new.reply == "It is **bright**.\n\n- one"
    assert (new.subject, new.author, new.author_address) == (
        "New lamp & desk", "Ann Lee", "ann@lamp.example",
    )  # fmt: skip
    assert new.sent_at == NINE
    assert new.thread.message_id == "n-1"
    assert new.thread.root == old.thread.root == "https://lamp.example/rss"
    assert new.meta["url"] == "https://lamp.example/new"
    assert new.meta["enclosure.1"] == "https://lamp.example/a.mp3 audio/mpeg"
    assert old.reply == "It was 3 < 4 watts."
    assert old.sent_at is None, "a time without a zone is no moment"
    assert any("zone" in note for note in old.notes)


@pytest.mark.parametrize(("raw", "reply", "author"), [(ATOM, "Sie ist *hell*.", "Änne"),
                                                      (RDF, "Hello there.", "Bo")],
                         ids=["atom", "rdf"])  # fmt: skip
def test_the_other_kinds(raw: str, reply: str, author: str) -> None:
    assert detect_source(raw.encode(), "") is Source.FEED
    (message,) = entries(raw.encode())
    assert (message.reply, message.author, message.sent_at) == (reply, author, NINE)


def test_json_feed() -> None:
    raw = json.dumps({
        "version": JSON_FEED, "title": "Lamps", "home_page_url": "https://l.example/", "items": [
            {"id": "1", "content_html": "<p>One</p>", "authors": [{"name": "Bo"}],
             "date_published": "2026-11-21T10:00:00+01:00", "tags": ["a", "b"],
             "attachments": [{"url": "https://l.example/a.mp3", "mime_type": "audio/mpeg"}]},
            {"id": 2, "content_text": "Two <b>", "url": "https://l.example/2"},
        ],
    }).encode()  # fmt: skip
    one, two = entries(raw)
    assert (one.reply, one.author, one.sent_at) == ("One", "Bo", NINE)
    assert (one.meta["tags"], one.meta["enclosure.1"]) == (
        "a, b", "https://l.example/a.mp3 audio/mpeg",
    )  # fmt: skip
    assert (two.reply, two.author) == ("Two <b>", "Lamps")


def test_an_entry_is_known_again_when_the_feed_has_moved_on() -> None:
    def keys(raw: str) -> list[str]:
        bundle = unpack(raw.encode())
        assert bundle is not None
        return [piece.key for piece in bundle.pieces]

    newer = RSS.replace("<item>", "<item><title>x</title><guid>n-2</guid></item><item>", 1)
    assert keys(newer)[1:] == keys(RSS)
    assert keys(RSS.replace("lamp.example/rss", "other.example/rss"))[0] not in keys(RSS)


def test_a_charset_is_believed_and_names_of_html_are_read() -> None:
    raw = ATOM.replace("kurz", "x&nbsp;&uuml; & y").replace("<feed", '<?xml version="1.0" '
          'encoding="iso-8859-1"?><feed', 1).encode("latin-1")  # fmt: skip
    (message,) = entries(raw)
    assert message.author == "Änne"
    assert not message.doubts


def test_a_feed_that_breaks_off_keeps_its_whole_entries_and_says_so() -> None:
    cut = RSS[: RSS.index("It was 3")].encode()
    feed = read_feed(cut)
    assert [entry.id for entry in feed.entries] == ["n-1"]
    assert any(isinstance(note, Doubt) for note in feed.notes)


BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (RSS.replace("<rss", BOMB + "<rss", 1), "feed_bomb"),
        ("<rss><channel>" + "<a>" * 1000, "feed_bomb"),
        ("<rss><channel><item><author>" + "a" * 30_000, "feed_bomb"),
        ("<rss><channel>" + "<item/>" * 20_001, "feed_bomb"),
        ("<rss><channel><title>x</title></channel></rss>", "no_text"),
        ("<html><body>no feed</body></html>", "bad_feed"),
        ("<rss><<<", "bad_feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": 1}', "bad_feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [{}]}', "no_text"),
    ],
    ids=["entities", "deep", "long", "many", "empty", "page", "broken", "no-items", "no-words"],
)
def test_what_is_hostile_or_no_feed_is_refused_with_words(raw: str, problem: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse(raw.encode(), source=Source.FEED)
    assert refused.value.problem == problem
    assert refused.value.remedy


def test_the_lenient_parser_is_never_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its patterns take quadratic time on hostile input."""
    import feedparser

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the lenient parser was asked")

    monkeypatch.setattr(feedparser.api, "LooseFeedParser", never)
    for raw in (RSS, ATOM, RDF, RSS[:900], RSS.replace("&amp;", "& &copy; &nope;"), "<rss>&</rss>",
                RSS.replace("content:", "unbound:"), RSS.replace("<b>", "<b>\x01")):  # fmt: skip
        try:
            feed_xml.read_xml(raw.encode())
        except InputRefused:
            continue


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(0, len(RSS)))
def test_any_damage_ends_readable(noise: str, place: int) -> None:
    raw = (RSS[:place] + noise + RSS[place:]).encode("utf-8", "replace")
    if is_feed(raw):
        try:
            feed = read_feed(raw)
        except InputRefused:
            return
        for entry in feed.entries:
            assert read_feed(as_json_feed(feed, entry)).entries[0].id == entry.id
