"""The site as readers and its owner see it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copydesk.core.delivery import Action, Rendition
from copydesk.core.errors import NotFound
from copydesk.core.outcomes import (
    Absent,
    Inconclusive,
    Landed,
    Misconfigured,
    Published,
    Refused,
    Unavailable,
)
from copydesk.core.post import Media
from copydesk.core.standing import AsPublished, Changed
from copydesk.platforms.site import PLATFORM
from copydesk.platforms.site.errors import refused_by_disk
from copydesk.platforms.site.folder import Folder
from copydesk.transformation.frontmatter import read_front_matter
from tests.platforms.site.sites import START, URL, Site, media
from tests.platforms.site.strict_html import parse_strictly


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "public")


async def test_a_post_gets_a_page_its_markdown_and_its_images(site: Site) -> None:
    post = site.outgoing(
        1,
        title="Rivers & <rain>",
        body="Hello *there*.\n\n![A pixel](img/my%20pixel.png)",
        summary="What it is",
        authors=("Ada",),
        language="de",
        media=(media("img/my pixel.png"),),
    )
    outcome = await site.client().commit(post)
    assert outcome == Published("pst_1", f"{URL}posts/post-1/")
    page = parse_strictly(site.read("posts/post-1/index.html"))
    assert page.get("lang") == "en"
    article = page.find(".//article")
    assert article is not None
    assert article.get("lang") == "de"
    assert "".join(page.find(".//h1").itertext()) == "Rivers & <rain>"  # type: ignore[union-attr]
    image = page.find(".//img")
    assert image is not None
    assert image.get("src") == "img/my%20pixel.png"
    assert (site.path / "posts/post-1/img/my pixel.png").read_bytes().startswith(b"\x89PNG")
    fields, body = read_front_matter(site.read("posts/post-1/index.md"))
    assert (fields["title"], fields["slug"], fields["authors"]) == (
        "Rivers & <rain>",
        "post-1",
        ["Ada"],
    )
    assert body.startswith("Hello *there*.")
    site.check(["post-1"])


async def test_a_page_tells_machines_what_it_is(site: Site) -> None:
    post = site.outgoing(1, body="Text ![A pixel](pixel.png)", media=(media(),), summary="S")
    await site.client().commit(post)
    page = parse_strictly(site.read("posts/post-1/index.html"))
    named = {m.get("property") or m.get("name"): m.get("content") for m in page.iter("meta")}
    assert named["og:url"] == f"{URL}posts/post-1/"
    assert named["og:image"] == f"{URL}posts/post-1/pixel.png"
    assert named["description"] == "S"
    policies = [m.get("content") for m in page.iter("meta") if m.get("http-equiv")]
    assert policies[0] is not None
    assert "default-src 'none'" in policies[0]
    assert "unsafe" not in policies[0]
    rels = {(e.get("rel"), e.get("type")): e.get("href") for e in page.iter("link")}
    assert rels["canonical", None] == f"{URL}posts/post-1/"
    assert {kind for rel, kind in rels if rel == "alternate"} == {
        "application/rss+xml", "application/atom+xml", "application/feed+json", "text/markdown",
    }  # fmt: skip
    script = page.find(".//script")
    assert script is not None
    data = json.loads(script.text or "")
    assert data["@type"] == "BlogPosting"
    assert data["datePublished"] == "2026-11-01T10:00:00+00:00"


async def test_lists_are_paged_and_neighbours_are_linked(site: Site) -> None:
    posts = [site.outgoing(n, tags=("News", "Même")) for n in range(1, 8)]
    outcomes = await site.client().commit_batch(posts)
    assert [o.id for o in outcomes if isinstance(o, Published)] == [f"pst_{n}" for n in range(1, 8)]
    site.check([f"post-{n}" for n in range(1, 8)])
    assert {"page/2/index.html", "page/3/index.html", "tags/meme/page/3/index.html"} <= site.files()
    assert "page/4/index.html" not in site.files()
    middle = parse_strictly(site.read("posts/post-4/index.html"))
    around = [a.get("href") for a in middle.findall(".//nav[@class='around']/a")]
    assert around == ["../../posts/post-5/", "../../posts/post-3/"]


async def test_the_same_delivery_twice_changes_nothing(site: Site) -> None:
    post = site.outgoing(1)
    first = await site.client().commit(post)
    before = {name: (site.path / name).stat().st_mtime_ns for name in site.files()}
    assert await site.client().commit(post) == first
    assert {name: (site.path / name).stat().st_mtime_ns for name in site.files()} == before


async def test_one_more_post_rewrites_only_what_shows_it(site: Site) -> None:
    await site.client().commit_batch([site.outgoing(n, tags=()) for n in range(1, 6)])
    before = {name: (site.path / name).stat().st_mtime_ns for name in site.files()}
    await site.client().commit(site.outgoing(6, tags=()))
    changed = {n for n, at in before.items() if (site.path / n).stat().st_mtime_ns != at}
    assert changed == {
        "index.html", "page/2/index.html", "feed.xml", "atom.xml", "feed.json", "sitemap.xml",
        "posts/post-5/index.html",
    }  # fmt: skip


async def test_an_update_keeps_date_feed_id_and_place(site: Site) -> None:
    client = site.client()
    await client.commit_batch([site.outgoing(1), site.outgoing(2)])
    before = json.loads(site.read("feed.json"))["items"][1]
    update = site.outgoing(1, revision=3, action=Action.UPDATE, title="Post 1, better")
    assert await client.commit(update) == Published("pst_1", f"{URL}posts/post-1/")
    after = json.loads(site.read("feed.json"))["items"][1]
    assert after["title"] == "Post 1, better"
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
    assert after["date_modified"] > before["date_modified"]
    assert "updated" in site.read("posts/post-1/index.html")
    assert "revision 3" in site.read("posts/post-1/index.md")
    site.check(["post-1", "post-2"])


async def test_a_renamed_post_leaves_a_way_to_its_new_address(site: Site) -> None:
    client = site.client()
    with_image: dict[str, Any] = {"body": "![A pixel](pixel.png)", "media": (media(),)}
    await client.commit(site.outgoing(1, **with_image))
    moved = site.outgoing(1, revision=2, action=Action.UPDATE, slug="new-name", **with_image)
    assert await client.commit(moved) == Published("pst_1", f"{URL}posts/new-name/")
    old = parse_strictly(site.read("posts/post-1/index.html"))
    refresh = [m.get("content") for m in old.iter("meta") if m.get("http-equiv") == "refresh"]
    assert refresh == ["0; url=../../posts/new-name/"]
    assert "posts/post-1/pixel.png" not in site.files()
    site.check(["new-name"])
    # nobody else may take the address that still leads there
    await client.commit(site.outgoing(2, slug="post-1"))
    site.check(["new-name", "post-1-2"])
    # and going back is no collision with itself
    back = site.outgoing(1, revision=3, action=Action.UPDATE)
    assert await client.commit(back) == Published("pst_1", f"{URL}posts/post-1/")
    site.check(["post-1", "post-1-2"])


async def test_equal_slugs_never_overwrite_and_stay_as_they_are(site: Site) -> None:
    client = site.client()
    await client.commit_batch([site.outgoing(n, slug="same") for n in (1, 2, 3)])
    site.check(["same", "same-2", "same-3"])
    again = site.outgoing(2, revision=2, action=Action.UPDATE, slug="same")
    assert await client.commit(again) == Published("pst_2", f"{URL}posts/same-2/")
    assert "post 1" in site.read("posts/same/index.html")


async def test_find_tells_what_is_there(site: Site) -> None:
    client = site.client()
    post, update = site.outgoing(1), site.outgoing(1, revision=2, action=Action.UPDATE)
    assert isinstance(await client.find(post), Absent)
    await client.commit(post)
    found = await client.find(post)
    assert isinstance(found, Landed)
    assert (found.id, found.url) == ("pst_1", f"{URL}posts/post-1/")
    assert isinstance(await client.find(update), Absent)
    await client.commit(update)
    assert isinstance(await client.find(update), Landed)
    assert isinstance(await client.find(post), Landed), "an older revision had its turn"


# -- the owner's own files -------------------------------------------------------------------------


async def test_files_of_the_owner_are_left_alone(site: Site) -> None:
    own = {
        "index.html": "my landing page",
        "robots.txt": "User-agent: x",
        "posts/post-1/index.html": "hand made",
        "posts/notes.txt": "mine",
        "tags/news/mine.txt": "mine too",
        "assets/logo.png": "logo",
    }
    for name, text in own.items():
        (site.path / name).parent.mkdir(parents=True, exist_ok=True)
        (site.path / name).write_text(text)
    client = site.client()
    await client.commit_batch([site.outgoing(1), site.outgoing(2)])
    await client.commit(site.outgoing(2, revision=2, action=Action.UPDATE, tags=()))
    assert {name: site.read(name) for name in own} == own
    assert "posts/post-1-2/index.html" in site.files()
    outcome = await client.test()
    assert isinstance(outcome, Published)
    assert outcome.answer.raw == "left alone, because they are not ours: index.html, robots.txt"


async def test_pages_nobody_needs_any_more_go(site: Site) -> None:
    client = site.client()
    await client.commit_batch([site.outgoing(n, tags=("Old",)) for n in range(1, 5)])
    assert "tags/old/page/2/index.html" in site.files()
    for n in range(1, 5):
        await client.commit(site.outgoing(n, revision=2, action=Action.UPDATE, tags=("New",)))
    assert not [name for name in site.files() if name.startswith("tags/old")]
    site.check([f"post-{n}" for n in range(1, 5)])


async def test_changed_settings_reach_every_page_with_the_next_post(site: Site) -> None:
    await site.client().commit(site.outgoing(1))
    renamed = Site(site.path, {"title": "Renamed"})
    await renamed.client().commit(renamed.outgoing(2))
    pages = [name for name in site.files() if name.endswith(".html")]
    assert pages
    assert not [name for name in pages if "Renamed" not in site.read(name)]


# -- hostile content -------------------------------------------------------------------------------


async def test_hostile_content_stays_words(site: Site) -> None:
    post = site.outgoing(
        1,
        title='</title><script>alert(1)</script>\u202egnp.exe"',
        body="<script>alert(2)</script>\n\n[x](javascript:alert(3)) "
        '<img src=//x.org/x onerror="alert(4)">'
        "\n\n<iframe src=//evil></iframe> a\x00\x08\x1b\u202eb ]]> <style>*{display:none}</style>",
        summary='"><script>alert(5)</script>\x0b',
        tags=("<b>bold</b>", "../../etc", "..", "\u202etag"),
        authors=("</script><script>alert(6)</script>",),
        language="en",
    )
    assert isinstance(await site.client().commit(post), Published)
    for name in site.files():
        if not name.endswith(".html"):
            continue
        document = parse_strictly(site.read(name))
        for element in document.iter():
            assert element.tag not in {"iframe", "style", "object", "base", "form"}
            assert not [a for a in element.attrib if a.startswith("on")]
            if element.tag == "script":
                assert element.get("type") == "application/ld+json"
                json.loads(element.text or "")
            assert "javascript:" not in (element.get("href") or element.get("src") or "")
    assert not [name for name in site.files() if "etc" in name and not name.startswith("tags/")]
    site.check(["post-1"])


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.text(max_size=60), st.text(max_size=120), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_makes_a_whole_site(
    tmp_path_factory: pytest.TempPathFactory, title: str, body: str, tags: list[str]
) -> None:
    site = Site(tmp_path_factory.mktemp("any") / "public")
    # lone surrogates do not survive JSON storage, so no post has them
    clean = [text.encode("utf-8", "ignore").decode() for text in (title, body, *tags)]
    post = site.outgoing(1, title=clean[0], body=clean[1], tags=tuple(clean[2:]))
    assert isinstance(asyncio.run(site.client().commit(post)), Published)
    assert set(json.loads(site.read("feed.json"))) >= {"version", "items"}
    parse_strictly(site.read("404.html"))


@pytest.mark.parametrize("slug", ["../../evil", "", "a/b", "UPPER", "x" * 81])
async def test_an_unsafe_slug_never_becomes_a_path(site: Site, slug: str) -> None:
    outcome = await site.client().commit(site.outgoing(1, slug=slug))
    assert isinstance(outcome, Refused)
    assert not (site.path.parent / "evil").exists()
    findings = PLATFORM.validate(rendition_of(site, slug=slug), site.account)
    assert "slug_invalid" in [finding.code for finding in findings]


@pytest.mark.parametrize("name", ["../../up.png", "/abs.png", "a/../../b.png", ".hidden.png"])
async def test_an_image_name_never_leaves_the_page(site: Site, name: str) -> None:
    post = site.outgoing(1, body=f"![A]({name})", media=(media(name),))
    await site.client().commit(post)
    pictures = [name for name in site.files() if name.endswith(".png")]
    assert len(pictures) == 1
    assert pictures[0].startswith("posts/post-1/")
    site.check(["post-1"])


# -- what validation says --------------------------------------------------------------------------


def rendition_of(site: Site, **content: Any) -> Rendition:
    outgoing = site.outgoing(1, **content)
    return Rendition(payload=outgoing.payload, text=outgoing.text, media=outgoing.media)


def codes(site: Site, **content: Any) -> set[str]:
    rendition = rendition_of(site, **content)
    return {finding.code for finding in PLATFORM.validate(rendition, site.account)}


def test_validation_names_what_a_page_cannot_have(site: Site) -> None:
    assert codes(site) == set()
    assert codes(site, title="x" * 301) == {"title_too_long"}
    assert codes(site, title="x" * 300) == set()
    assert codes(site, body="") == {"body_missing"}
    assert codes(site, body="![A](gone.png)") == {"image_missing"}
    assert codes(site, body="![](pixel.png)", media=(media(alt=""),)) == {"alt_missing"}
    assert codes(site, body="![A](http://x.org/a.png)") == {"image_not_secure"}
    assert codes(site, tags=tuple(f"t{n}" for n in range(51))) == {"tags_too_long"}
    svg = Media(name="a.svg", content_type="image/svg+xml", sha256="0" * 64, size=9)
    assert codes(site, media=(svg,)) == {"media_type_refused"}
    assert codes(site, media=(media(size=30_000_000),)) == {"media_too_large"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "example.com"), ("url", "ftp://x.org"), ("url", "https://x.org/?q=1"),
        ("url", "https://u:p@x.org/"), ("url", "https://[x"), ("language", "english please"),
        ("posts_per_page", "0"), ("posts_per_page", "many"), ("posts_per_page", "101"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(key: str, value: str) -> None:
    findings = PLATFORM.check_settings({"path": "p", "url": URL, key: value}, {})
    assert [finding.field for finding in findings] == [key]


# -- disks that refuse -----------------------------------------------------------------------------


async def test_a_path_that_is_a_file_is_a_matter_of_configuration(site: Site) -> None:
    site.path.write_text("not a folder")
    outcome = await site.client().commit(site.outgoing(1))
    assert isinstance(outcome, Misconfigured)
    assert str(site.path) in outcome.reason
    assert "folder" in outcome.remedy
    assert isinstance(await site.client().find(site.outgoing(1)), Inconclusive)
    assert isinstance(await site.client().test(), Misconfigured)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.ENOENT])
def test_what_only_a_person_can_mend_says_how(code: int) -> None:
    outcome = refused_by_disk(OSError(code, os.strerror(code)), Path("public"))
    assert isinstance(outcome, Misconfigured)
    assert outcome.remedy
    assert outcome.answer.vendor_code == errno.errorcode[code]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_what_passes_by_itself_is_tried_again(code: int) -> None:
    outcome = refused_by_disk(OSError(code, os.strerror(code)), Path("public"))
    assert isinstance(outcome, Unavailable)
    assert os.strerror(code) in outcome.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_permission_is_a_matter_of_configuration(site: Site) -> None:
    site.path.mkdir()
    site.path.chmod(0o500)
    try:
        outcome = await site.client().commit(site.outgoing(1))
    finally:
        site.path.chmod(0o700)
    assert isinstance(outcome, Misconfigured)
    assert "chmod" in outcome.remedy


async def test_a_full_disk_fails_that_post_alone_and_nothing_is_lost(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.client().commit(site.outgoing(1))
    write = Folder.write

    def full(self: Folder, path: str, data: bytes) -> None:
        if path.startswith("posts/post-2/index.html"):
            write(self, path, data[:10])
            raise OSError(28, "No space left on device")
        write(self, path, data)

    monkeypatch.setattr(Folder, "write", full)
    outcomes = await site.client().commit_batch([site.outgoing(2), site.outgoing(3)])
    assert isinstance(outcomes[0], Unavailable)
    assert isinstance(outcomes[1], Published)
    monkeypatch.undo()
    site.check(["post-1", "post-3"])
    assert isinstance(await site.client().find(site.outgoing(2)), Absent)
    assert isinstance(await site.client().commit(site.outgoing(2)), Published)
    site.check(["post-1", "post-2", "post-3"])


async def test_lists_that_cannot_be_renewed_do_not_fail_a_post_that_is_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.client().commit(site.outgoing(1))
    write = Folder.write

    def full(self: Folder, path: str, data: bytes) -> None:
        if path == "atom.xml":
            raise OSError(28, "No space left on device")
        write(self, path, data)

    monkeypatch.setattr(Folder, "write", full)
    outcome = await site.client().commit(site.outgoing(2))
    assert isinstance(outcome, Published)
    assert "could not be renewed" in outcome.answer.raw
    monkeypatch.undo()
    assert "post-2" not in site.read("atom.xml")
    assert isinstance(await site.client().find(site.outgoing(2)), Landed)
    site.check(["post-1", "post-2"])


async def test_a_broken_record_is_named_and_nothing_is_written_over_it(site: Site) -> None:
    await site.client().commit(site.outgoing(1))
    record = site.path / ".copydesk/posts/pst_1.json"
    record.write_text("{broken")
    outcome = await site.client().commit(site.outgoing(2))
    assert isinstance(outcome, Misconfigured)
    assert "pst_1.json" in outcome.reason
    assert record.read_text() == "{broken"


async def test_an_image_that_is_gone_refuses_its_post_alone(tmp_path: Path) -> None:
    async def gone(_: Media) -> bytes:
        raise NotFound("The file is not in the store.")

    site = Site(tmp_path / "public", load=gone)
    broken = site.outgoing(1, body="![A](pixel.png)", media=(media(),))
    outcomes = await site.client().commit_batch([broken, site.outgoing(2)])
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].field == "media"
    site.check(["post-2"])


async def test_an_edit_made_by_hand_after_the_look_is_not_overwritten(site: Site) -> None:
    client = site.client()
    post, other = site.outgoing(1), site.outgoing(2)
    await client.commit_batch([post, other])
    assert isinstance(await client.inspect(post), AsPublished)
    assert isinstance(await client.inspect(other), AsPublished)
    page = site.path / "posts/post-1/index.md"
    page.write_text("Somebody's own words.\n")
    update = site.outgoing(1, revision=2, action=Action.UPDATE)
    held, done = await client.commit_batch(
        [update, site.outgoing(2, revision=2, action=Action.UPDATE)]
    )
    assert isinstance(held, Unavailable)
    assert isinstance(done, Published)
    assert page.read_text() == "Somebody's own words.\n"
    assert isinstance(await client.inspect(post), Changed)
    # whoever says that it is to be overwritten is not asked again
    assert isinstance(await client.commit(update), Published)
    assert "revision 2" in page.read_text()
    site.check(["post-1", "post-2"])


async def test_two_clients_take_turns(site: Site) -> None:
    batches = [[site.outgoing(n) for n in range(start, start + 4)] for start in (1, 5, 9)]
    await asyncio.gather(*(site.client().commit_batch(batch) for batch in batches))
    site.check([f"post-{n}" for n in range(1, 13)])


async def test_two_hundred_posts_in_batches(site: Site) -> None:
    client = site.client()
    for start in range(0, 200, 50):
        await client.commit_batch([site.outgoing(n + 1) for n in range(start, start + 50)])
    feed = json.loads(site.read("feed.json"))
    assert len(feed["items"]) == 50
    assert feed["items"][0]["url"] == f"{URL}posts/post-200/"
    assert len(list(site.path.glob("posts/*/index.html"))) == 200
    assert (site.path / "page/67/index.html").is_file()
    assert START.isoformat() < feed["items"][-1]["date_published"]
