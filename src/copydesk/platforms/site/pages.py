"""The HTML pages. All links are relative to the page, so the site works wherever it is mounted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from copydesk.platforms.site import theme
from copydesk.platforms.site.config import SiteConfig
from copydesk.platforms.site.records import Record
from copydesk.platforms.site.tags import Tag, tags_of

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One page of a list. `path` is its folder, `number` counts from 1 to `count`."""

    folder: str
    path: str
    number: int
    count: int
    records: tuple[Record, ...]

    def path_of(self, number: int) -> str:
        """Return the folder of page `number` of the same list."""
        return self.folder if number == 1 else f"{self.folder}page/{number}/"


def slices(folder: str, records: Sequence[Record], size: int) -> Iterator[Slice]:
    """Cut a list into pages of `size`."""
    count = -(-len(records) // size)
    for number in range(1, count + 1):
        part = tuple(records[(number - 1) * size : number * size])
        path = folder if number == 1 else f"{folder}page/{number}/"
        yield Slice(folder=folder, path=path, number=number, count=count, records=part)


def post(record: Record, newer: Record | None, older: Record | None, config: SiteConfig) -> str:
    """Return the page of a post."""
    payload = record.payload
    url = config.url + record.page
    pictures = [m for m in payload["media"] if m["content_type"].startswith("image/")]
    images = [url + quote(picture["file"]) for picture in pictures]
    authors = payload["authors"] or ([config.author] if config.author else [])
    canonical = payload["canonical_url"] or url
    return _page(
        "post.html",
        record.page,
        config,
        title=payload["title"],
        description=payload["summary"],
        canonical=canonical,
        record=record,
        language=payload["language"] or config.language,
        body=_present(payload["html"]),
        authors=authors,
        tags=tags_of(record),
        newer=newer,
        older=older,
        image=images[0] if images else "",
        image_alt=pictures[0]["alt"] if pictures else "",
        elsewhere=payload["canonical_url"] not in {"", url},
        linked_data=_linked_data(record, canonical, images, authors, config),
    )


def home(config: SiteConfig, part: Slice) -> str:
    """Return a page of the list of all posts."""
    return _list_page("home.html", config, part, config.title, config.description)


def tag(config: SiteConfig, of: Tag, part: Slice) -> str:
    """Return a page of the list of posts with a tag."""
    words = f"Posts about {of.label} on {config.title}"
    return _list_page("tag.html", config, part, of.label, words, tag=of)


def all_tags(tags: Sequence[Tag], config: SiteConfig) -> str:
    """Return the page that lists all tags."""
    return _page(
        "tags.html",
        "tags/",
        config,
        title="Tags",
        description=f"All subjects on {config.title}",
        canonical=f"{config.url}tags/",
        tags=tags,
    )


def not_found(config: SiteConfig) -> str:
    """Return the page for addresses that do not exist; servers show it at any depth."""
    return _page(
        "not_found.html",
        "",
        config,
        root=config.base_path,
        title="Page not found",
        description="",
        canonical="",
    )


def redirect(record: Record, config: SiteConfig) -> str:
    """Return the page left at a former address of a post."""
    return theme.render("redirect.html", record=record, url=config.url + record.page, site=config)


def human_date(moment: datetime, language: str) -> str:
    """Return a date for readers: in words where the pages' own words are, ISO 8601 elsewhere."""
    if language.partition("-")[0].lower() == "en":
        return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    return moment.date().isoformat()


def _list_page(
    template: str, config: SiteConfig, part: Slice, title: str, description: str, **values: Any
) -> str:
    numbered = f"{title}, page {part.number} of {part.count}" if part.number > 1 else title
    return _page(
        template,
        part.path,
        config,
        title=numbered,
        description=description,
        canonical=config.url + part.path,
        part=part,
        tags_of=tags_of,
        **values,
    )


def _page(template: str, path: str, config: SiteConfig, **values: Any) -> str:
    return theme.render(
        template,
        **{
            "root": "../" * path.count("/") or "./",
            "site": config,
            "style": theme.style_path(),
            "human_date": human_date,
            "direction": _direction,
            **values,
        },
    )


def _direction(language: str) -> str:
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def _present(html: str) -> str:
    """Add what a page needs to sanitised HTML: scrolling for wide parts, alignment without style.

    The input comes from our own sanitiser, where these exact tags cannot stand inside text.
    """
    for side in ("left", "center", "right"):
        for cell in ('td align="', 'th scope="col" align="', 'th align="'):
            tag_name = cell.partition(" align")[0]
            html = html.replace(f'<{cell}{side}">', f'<{tag_name} class="{side}">')
    html = html.replace("<pre>", '<pre tabindex="0">')
    opened = '<section class="wide" aria-label="Table" tabindex="0"><table>'
    html = html.replace("<table>", opened).replace("</table>", "</table></section>")
    first, image, rest = html.partition("<img ")
    # the first image may be what the reader came for; the others can wait
    return first + image + rest.replace("<img ", '<img loading="lazy" decoding="async" ')


def _linked_data(
    record: Record, canonical: str, images: list[str], authors: list[str], config: SiteConfig
) -> dict[str, Any]:
    """Return the post as schema.org BlogPosting (https://schema.org/BlogPosting)."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": record.payload["title"],
        "description": record.payload["summary"],
        "datePublished": record.published.isoformat(),
        "dateModified": record.updated.isoformat(),
        "inLanguage": record.payload["language"] or config.language,
        "mainEntityOfPage": canonical,
        "url": canonical,
        "keywords": record.payload["tags"],
        "image": images,
        "author": [{"@type": "Person", "name": name} for name in authors],
        "publisher": {"@type": "Organization", "name": config.title, "url": config.url},
    }
    return {key: value for key, value in data.items() if value}
