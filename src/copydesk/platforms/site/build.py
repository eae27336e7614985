"""Everything of a site that follows from its records: pages, lists, tags, feeds, sitemap, theme.

Each file is a digest of what it depends on and a way to make it, so a new post rewrites what
changed and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any, Final

from copydesk import __version__
from copydesk.platforms.site import feeds, pages, sitemap, theme
from copydesk.platforms.site.config import SiteConfig
from copydesk.platforms.site.records import Record
from copydesk.platforms.site.tags import Tag, collect_tags
from copydesk.transformation.frontmatter import write_front_matter

#: Feeds carry the newest posts only; readers have seen the others.
FEED_ITEMS: Final = 50


@dataclass(frozen=True, slots=True)
class Built:
    """A file to be: the digest of its sources, and its making."""

    digest: str
    make: Callable[[], str]


def newest_first(records: Mapping[str, Record]) -> list[Record]:
    """Return the records by time of publication, newest first; ties go by id, so it is stable."""
    return sorted(records.values(), key=lambda r: (r.published, r.post_id), reverse=True)


def post_files(
    record: Record, records: Mapping[str, Record], config: SiteConfig
) -> dict[str, Built]:
    """Return the files of one post's page that are made from its record."""
    ordered = newest_first(records)
    position = next(n for n, other in enumerate(ordered) if other.post_id == record.post_id)
    return _post_files(position, ordered, config)


def build_site(records: Mapping[str, Record], config: SiteConfig) -> dict[str, Built]:
    """Return path → file for the whole site; empty while nothing is published."""
    ordered = newest_first(records)
    if not ordered:
        return {}
    files: dict[str, Built] = {}
    for position in range(len(ordered)):
        files.update(_post_files(position, ordered, config))
    files.update(_redirects(ordered, config))
    tags = collect_tags(ordered)
    files.update(_lists(ordered, tags, config))
    head = ordered[:FEED_ITEMS]
    newest = max(record.updated for record in ordered)
    for path, write in (
        ("feed.xml", feeds.rss),
        ("atom.xml", feeds.atom),
        ("feed.json", feeds.json_feed),
    ):
        files[path] = _built(config, partial(write, head, config), [_key(r) for r in head])
    keys = [(r.page, r.updated_at, r.payload["canonical_url"]) for r in ordered]
    for path, make in sitemap.sitemaps(ordered, tags, config).items():
        files[path] = _built(config, make, keys, [tag.slug for tag in tags], str(newest))
    files["robots.txt"] = _built(config, partial(sitemap.robots, config))
    files["404.html"] = _built(config, partial(pages.not_found, config))
    files[theme.style_path()] = Built(theme.digest(), theme.style)
    return files


def index_markdown(record: Record) -> str:
    """Return the post as Markdown with front matter, as it lies beside its page."""
    payload = record.payload
    fields: dict[str, Any] = {
        "title": payload["title"],
        "slug": record.slug,
        "date": record.published,
        "updated": record.updated if record.was_changed else None,
        "summary": payload["summary"],
        "tags": payload["tags"],
        "authors": payload["authors"],
        "language": payload["language"],
        "canonical_url": payload["canonical_url"],
    }
    given = {key: value for key, value in fields.items() if value}
    return write_front_matter(given, payload["markdown"].rstrip("\n") + "\n")


def _post_files(position: int, ordered: list[Record], config: SiteConfig) -> dict[str, Built]:
    record = ordered[position]
    newer = ordered[position - 1] if position else None
    older = ordered[position + 1] if position + 1 < len(ordered) else None
    around = [(r.page, r.payload["title"]) if r else None for r in (newer, older)]
    page = partial(pages.post, record, newer, older, config)
    return {
        f"{record.page}index.html": _built(config, page, _key(record), around),
        f"{record.page}index.md": _built(config, partial(index_markdown, record), _key(record)),
    }


def _redirects(ordered: list[Record], config: SiteConfig) -> Iterator[tuple[str, Built]]:
    for record in ordered:
        for slug in record.former:
            make = partial(pages.redirect, record, config)
            yield f"posts/{slug}/index.html", _built(config, make, record.page, "moved")


def _lists(
    ordered: list[Record], tags: list[Tag], config: SiteConfig
) -> Iterator[tuple[str, Built]]:
    yield from _paged("", ordered, partial(pages.home, config), config)
    labels = [(tag.slug, tag.label, len(tag.records)) for tag in tags]
    yield "tags/index.html", _built(config, partial(pages.all_tags, tags, config), labels)
    for tag in tags:
        folder = f"tags/{tag.slug}/"
        yield from _paged(folder, list(tag.records), partial(pages.tag, config, tag), config)


def _paged(
    folder: str,
    records: list[Record],
    make: Callable[[pages.Slice], str],
    config: SiteConfig,
) -> Iterator[tuple[str, Built]]:
    for part in pages.slices(folder, records, config.posts_per_page):
        keys = [_key(record) for record in part.records]
        yield f"{part.path}index.html", _built(config, partial(make, part), keys, part.count)


def _key(record: Record) -> tuple[str, ...]:
    return (record.payload_sha256, record.page, record.published_at, record.updated_at)


def _built(config: SiteConfig, make: Callable[[], str], *sources: object) -> Built:
    text = json.dumps([_site_key(config), sources], default=str)
    return Built(hashlib.sha256(text.encode()).hexdigest()[:32], make)


@cache
def _site_key(config: SiteConfig) -> str:
    return json.dumps([__version__, theme.digest(), asdict(config)], sort_keys=True)
