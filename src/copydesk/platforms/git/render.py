"""From canonical content to the file that goes into the repository."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.platforms.git.generators import GENERATORS, page_url
from copydesk.platforms.git.images import file_name, missing_images, relink
from copydesk.platforms.git.wording import reworded
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.missing_files import missing_image
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.frontmatter import read_front_matter, write_front_matter
from copydesk.transformation.html import html_losses, to_html
from copydesk.transformation.slugs import is_slug
from copydesk.transformation.text import to_text


def render(subject: Subject, account: Account) -> Rendition:
    """Return the file and its images for `subject`; see `payload` keys in README.md."""
    content = subject.content
    name = account.settings.get("generator") or "hugo"
    generator = GENERATORS[name]
    folder = _folder(account, "folder", generator.folder)
    published = datetime.fromisoformat(subject.published_at)
    path = generator.path(folder, content.slug, published)

    images = _folder(account, "images", generator.images)
    served = (account.settings.get("images_url") or generator.images_url).rstrip("/")
    places = {_bare(m.name): f"{content.slug}/{file_name(m)}" for m in content.media}
    addresses = {name: f"{served}/{place}" for name, place in places.items()}
    linked, stuck = relink(content.body, addresses)
    worded, losses = reworded(linked, name)
    body, escaped = generator.escape(worded.strip())
    losses += escaped
    document = parse_markdown(content.body)
    payload = {
        "generator": name,
        "path": path,
        "slug": content.slug,
        "title": content.title,
        "language": content.language,
        "url": page_url(account.settings.get("url", ""), name, path, folder),
        "post_id": subject.post_id,
        "front_matter": {
            **generator.keys(subject),
            **generator.extras(content.series, addresses.get(_bare(content.cover), content.cover)),
        },
        "body": f"{body.strip()}\n",
        "images": [
            {
                "name": media.name,
                "path": "/".join(filter(None, (images, places[_bare(media.name)]))),
            }
            for media in content.media
        ],
        "missing_images": list(missing_images(content.body, places)),
        "stuck_images": list(stuck),
        "html": to_html(document),
    }
    if name == "hugo":
        # goldmark leaves out raw HTML unless the site says `unsafe`
        losses += html_losses(document)
    return Rendition(payload=payload, text=to_text(document)[0], losses=losses, media=content.media)


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return what keeps the file from being committed, and what would look wrong on the site."""
    payload = rendition.payload
    findings: list[Finding] = []
    if not is_slug(payload["slug"]):
        findings.append(
            Finding(
                code="slug_unsafe",
                field="slug",
                message=f"{payload['slug']!r} cannot name a file",
                remedy="Use 3 to 80 lower-case letters, digits and single hyphens.",
            )
        )
    if not payload["title"].strip():
        findings.append(
            Finding(
                code="title_missing",
                field="title",
                message="there is no title; generators need one",
                remedy="Give the post a title.",
            )
        )
    findings += [missing_image(name) for name in payload["missing_images"]]
    findings += [
        Finding(
            code="image_not_linked",
            field="body",
            message=f"the reference to the image {name} cannot be changed to its new address",
            remedy="Write it as ![words](name) outside code.",
        )
        for name in payload["stuck_images"]
    ]
    size = len(file_text(payload["front_matter"], payload["body"]).encode())
    for what, used in (("file", size), *((f"image {m.name}", m.size) for m in rendition.media)):
        if used > limits["file"].value:
            findings.append(
                Finding(
                    code="file_too_large",
                    field="body" if what == "file" else "media",
                    message=f"the {what} has {used:,} bytes; at most {limits['file'].value:,} go",
                    remedy="Make it smaller.",
                )
            )
    return findings


def file_text(front_matter: Mapping[str, Any], body: str) -> str:
    """Return the file as it is committed."""
    return write_front_matter(front_matter, body)


def merged_text(existing: str, payload: Mapping[str, Any]) -> str:
    """Return `existing` with the payload's values and body: its other keys and their order stay.

    Raises `ContentInvalid` when the front matter of the existing file cannot be read.
    """
    fields, _ = read_front_matter(existing)
    kept = GENERATORS[payload["generator"]].kept
    for key, value in payload["front_matter"].items():
        if key in kept and key in fields:
            continue
        old = fields.get(key)
        fields[key] = (
            {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        )
    try:
        return file_text(_with_zone(fields), payload["body"])
    except (TypeError, ValueError) as error:
        raise ContentInvalid(
            [Finding(code="front_matter_unwritable", field="front matter", message=str(error))]
        ) from error


def _bare(name: str) -> str:
    return name.removeprefix("./")


def _with_zone(value: Any) -> Any:
    """Return a front matter value with naive times in UTC, which is what YAML means by them."""
    match value:
        case datetime() if value.utcoffset() is None:
            return value.replace(tzinfo=UTC)
        case dict():
            return {key: _with_zone(inner) for key, inner in value.items()}
        case list():
            return [_with_zone(inner) for inner in value]
        case _:
            return value


def _folder(account: Account, key: str, default: str) -> str:
    return "/".join(step for step in account.settings.get(key, default).split("/") if step)
