"""Where a post's images go in the repository, and the references in its text that follow them.

Generators resolve relative references differently or not at all, so images go to the folder that is
served as it is and the text refers to them by address. The text is the author's Markdown; only the
references change, and a comparison of the two documents proves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from copydesk.core.post import Media
from copydesk.transformation.document import (
    image_paths,
    is_remote,
    local_path,
    parse_markdown,
    with_urls,
)
from copydesk.transformation.html import to_html
from copydesk.transformation.slugs import slugify


def file_name(media: Media) -> str:
    """Return the name of a media file in the repository: it changes exactly when its bytes do."""
    path = PurePosixPath(media.name.replace("\\", "/"))
    suffix = re.sub(r"[^a-z0-9.]", "", path.suffix.lower())
    return f"{slugify(path.stem, 'image')}-{media.sha256[:12]}{suffix}"


def missing_images(body: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the images `body` refers to by relative name that are not among the `known`."""
    return tuple(
        reference.path
        for reference in image_paths(parse_markdown(body))
        if not is_remote(reference.path)
        and not reference.path.startswith("/")
        and _bare(reference.path) not in known
    )


def relink(body: str, addresses: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return `body` with the images named in `addresses` referred to by their new address.

    The second value names the images whose reference could not be changed without changing
    anything else (for instance one that is written the same way inside code).
    """
    used = [r.path for r in image_paths(parse_markdown(body)) if _bare(r.path) in addresses]
    if not used:
        return body, ()

    def moved(path: str) -> str:
        return addresses.get(_bare(path), path)

    spots = [spot for path in used for spot in _spots(body, path)]
    everywhere = _replace(body, [(start, end, moved(path)) for start, end, path in spots])
    if _same(body, everywhere, moved):
        return everywhere, ()
    chosen: list[tuple[int, int, str]] = []
    for start, end, path in spots:
        trial = [*chosen, (start, end, moved(path))]
        if _text_unchanged(body, _replace(body, trial)):
            chosen = trial
    relinked = _replace(body, chosen)
    if _same(body, relinked, moved):
        return relinked, ()
    left = {r.path for r in image_paths(parse_markdown(relinked))}
    return relinked, tuple(path for path in used if path in left) or tuple(used)


def _bare(path: str) -> str:
    return path.removeprefix("./")


def _spots(body: str, path: str) -> list[tuple[int, int, str]]:
    """Return where `path` stands in the place of an image's target."""
    forms = {path, quote(path), quote(path, safe="/()!*',~:@&=+$")}
    choice = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    pattern = rf"""(?:\]\(\s*<?|\]:[ \t]*\n?[ \t]*<?|src\s*=\s*["']?)({choice})(?=[\s>)"']|$)"""
    return [(*found.span(1), path) for found in re.finditer(pattern, body)]


def _replace(body: str, spots: list[tuple[int, int, str]]) -> str:
    for start, end, address in sorted(spots, reverse=True):
        body = f"{body[:start]}{address}{body[end:]}"
    return body


def _same(before: str, after: str, moved: Callable[[str], str]) -> bool:
    old, new = parse_markdown(before), parse_markdown(after)
    if with_urls(old, image=lambda url: moved(local_path(url))) == new:
        return True
    # in raw HTML, or percent-encoded
    return to_html(old, image_url=moved) == to_html(new)


def _text_unchanged(before: str, after: str) -> bool:
    return to_html(parse_markdown(before), image_url=_nowhere) == to_html(
        parse_markdown(after), image_url=_nowhere
    )


def _nowhere(_: str) -> str:
    return ""
