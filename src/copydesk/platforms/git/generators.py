"""What each static site generator wants: where a post lies, which keys it reads, what to escape.

Facts: Hugo, Jekyll, Astro and Eleventy documentation as of 2026-11; see README.md. Times are ISO
8601 with an offset, except for Jekyll, which has a form of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from copydesk.core.findings import Loss
from copydesk.platforms.kit.contract import Subject

Body = tuple[str, tuple[Loss, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One generator. `images` is a folder of the repository, `images_url` where it is served.

    `kept` names the keys an update leaves as they are in the file: addresses and first dates.
    `series` and `cover` are the keys for those; "series[]" takes a list.
    """

    folder: str
    images: str
    images_url: str
    keys: Callable[[Subject], dict[str, Any]]
    escape: Callable[[str], Body]
    kept: frozenset[str]
    dated: bool = False
    series: str = "series"
    cover: str = "image"

    def extras(self, series: str, cover: str) -> dict[str, Any]:
        """Return the keys for a series and a main image, where there are any."""
        found: dict[str, Any] = {}
        for key, value in ((self.series, series), (self.cover, cover)):
            if value:
                found[key.removesuffix("[]")] = [value] if key.endswith("[]") else value
        return found

    def path(self, folder: str, slug: str, published: datetime) -> str:
        """Return where in the repository the post goes."""
        name = f"{published:%Y-%m-%d}-{slug}.md" if self.dated else f"{slug}.md"
        return f"{folder}/{name}" if folder else name


def page_url(base: str, generator: str, path: str, folder: str) -> str:
    """Return the address of the page made from `path` under the site's `base`, "" without a base.

    It follows each generator's default permalinks.
    """
    if not base:
        return ""
    base = base.rstrip("/")
    stem = path.removesuffix(".md")
    inner = stem.removeprefix(f"{folder}/") if folder else stem
    match generator:
        case "hugo":
            return f"{base}/{stem.removeprefix('content/')}/"
        case "jekyll":
            dated = re.fullmatch(r"(?:.*/)?(\d{4})-(\d\d)-(\d\d)-(.+)", stem)
            return f"{base}/{'/'.join(dated.groups())}.html" if dated else f"{base}/{inner}.html"
        case "astro":
            return f"{base}/{inner}/"
        case "eleventy":
            return f"{base}/{stem}/"
        case _:
            return f"{base}/{path}"


def post_id_of(front_matter: Mapping[str, Any]) -> str:
    """Return the id of the post a file was made from, "" when it is not one of ours."""
    params = front_matter.get("params")
    for holder in (front_matter, params if isinstance(params, Mapping) else {}):
        if isinstance(value := holder.get("copydesk"), str):
            return value
    return ""


# -- keys -----------------------------------------------------------------------------------------


def _present(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in pairs.items() if value not in ("", None)}


def _changed(subject: Subject) -> str:
    return subject.updated_at if subject.revision > 1 else ""


def _hugo(subject: Subject) -> dict[str, Any]:
    content = subject.content
    return _present(
        {
            "title": content.title,
            "date": subject.published_at,
            "lastmod": _changed(subject),
            "draft": False,
            "slug": content.slug,
            "description": content.summary,
            "tags": list(content.tags),
            # names Hugo does not reserve belong under params
            "params": {
                **_present({"canonical": content.canonical_url}),
                **({"authors": list(content.authors)} if content.authors else {}),
                "copydesk": subject.post_id,
            },
        }
    )


def _jekyll(subject: Subject) -> dict[str, Any]:
    content = subject.content

    def moment(text: str) -> str:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S %z}" if text else ""

    return _present(
        {
            "layout": "post",
            "title": content.title,
            "date": moment(subject.published_at),
            "last_modified_at": moment(_changed(subject)),
            "published": True,
            "tags": list(content.tags),
            "description": content.summary,
            "excerpt": content.summary,
            # jekyll-seo-tag takes one author here and several there
            "author": content.authors[0] if len(content.authors) == 1 else None,
            "authors": list(content.authors) if len(content.authors) > 1 else None,
            "lang": content.language,
            "canonical_url": content.canonical_url,
            "copydesk": subject.post_id,
        }
    )


def _astro(subject: Subject) -> dict[str, Any]:
    content = subject.content
    return _present(
        {
            "title": content.title,
            # required by the schema of the official blog template, so never left out
            "description": content.summary or content.title,
            "pubDate": subject.published_at,
            "updatedDate": _changed(subject),
            "draft": False,
            "tags": list(content.tags),
            "authors": list(content.authors) or None,
            "canonical": content.canonical_url,
            "copydesk": subject.post_id,
        }
    )


def _eleventy(subject: Subject) -> dict[str, Any]:
    content = subject.content
    return _present(
        {
            "title": content.title,
            "date": subject.published_at,
            "updated": _changed(subject),
            "draft": False,
            "description": content.summary,
            "tags": list(content.tags),
            "authors": list(content.authors) or None,
            "lang": content.language,
            "canonical": content.canonical_url,
            "copydesk": subject.post_id,
        }
    )


def _plain(subject: Subject) -> dict[str, Any]:
    content = subject.content
    return _present(
        {
            "title": content.title,
            "date": subject.published_at,
            "updated": _changed(subject),
            "draft": False,
            "slug": content.slug,
            "summary": content.summary,
            "tags": list(content.tags),
            "authors": list(content.authors) or None,
            "language": content.language,
            "canonical_url": content.canonical_url,
            "copydesk": subject.post_id,
        }
    )


# -- escapes --------------------------------------------------------------------------------------

_SHORTCODE: Final = re.compile(r"\{\{([<%])(.*?)([>%])\}\}", re.DOTALL)


def _escape_hugo(body: str) -> Body:
    """Write shortcodes as text: Hugo looks for them everywhere, code included."""
    parts: list[str] = []
    broken = 0
    position = 0
    while (found := re.compile(r"\{\{[<%]").search(body, position)) is not None:
        parts.append(body[position : found.start()])
        pair = _SHORTCODE.match(body, found.start())
        closing = {"<": ">", "%": "%"}[body[found.start() + 2]]
        if pair and pair[3] == closing and not re.search(r"\{\{[<%]", pair[2]):
            parts.append("{{" + f"{pair[1]}/*{pair[2]}*/{pair[3]}" + "}}")
            position = pair.end()
        else:
            broken += 1
            parts.append("{ {" + body[found.start() + 2])
            position = found.end()
    parts.append(body[position:])
    losses = (
        Loss(
            what=f"{broken} × an opening shortcode bracket without its end",
            how="a space was put between the braces",
            why="Hugo stops the whole build at it, and has no way to write it as text",
        ),
    )
    return "".join(parts), losses if broken else ()


def _escape_liquid(body: str) -> Body:
    """Keep Liquid (and Nunjucks) from evaluating what the author wrote as text."""
    if not re.search(r"\{[{%#]", body):
        return body, ()
    # inside raw only its own end tag is special; that one is printed piece by piece
    inner = re.sub(r"\{%(-?\s*endraw\s*-?%\})", r'{% endraw %}{{ "{%" }}{% raw %}\1', body)
    return f"{{% raw %}}\n{inner}\n{{% endraw %}}", ()


def _as_it_is(body: str) -> Body:
    return body, ()


GENERATORS: Final[Mapping[str, Generator]] = {
    "hugo": Generator(
        folder="content/posts",
        images="static/images",
        images_url="/images",
        keys=_hugo,
        escape=_escape_hugo,
        kept=frozenset({"date", "publishDate", "slug", "url", "aliases"}),
        # a taxonomy, and what Hugo's own Open Graph template reads
        series="series[]",
        cover="images[]",
    ),
    "jekyll": Generator(
        folder="_posts",
        images="assets/images",
        images_url="/assets/images",
        keys=_jekyll,
        escape=_escape_liquid,
        kept=frozenset({"date", "permalink", "layout"}),
        dated=True,
    ),
    "astro": Generator(
        folder="src/content/blog",
        images="public/images",
        images_url="/images",
        keys=_astro,
        escape=_as_it_is,
        kept=frozenset({"pubDate", "slug"}),
        cover="heroImage",
    ),
    "eleventy": Generator(
        folder="posts",
        images="images",
        images_url="/images",
        keys=_eleventy,
        escape=_escape_liquid,
        kept=frozenset({"date", "permalink", "layout"}),
    ),
    "plain": Generator(
        folder="posts",
        images="posts/images",
        images_url="images",
        keys=_plain,
        escape=_as_it_is,
        kept=frozenset({"date", "slug"}),
        cover="cover",
    ),
}
