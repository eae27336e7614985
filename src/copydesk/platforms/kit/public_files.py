"""Where a post's own files are public, for platforms that take addresses instead of bytes.

An account's setting `images_url` says under which address they stand (`{slug}` in it: the post's);
without it they are looked for beside the canonical page, as a browser would.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urljoin

from copydesk.core.findings import Finding
from copydesk.core.post import Content
from copydesk.transformation.addresses import is_web_address
from copydesk.transformation.document import is_remote

#: What `images_url` is for, the same on every platform that has it.
IMAGES_URL_HELP: Final = "address under which posts' images are public; {slug} is the post's slug"


def public_address(name: str, content: Content, images_url: str = "") -> str:
    """Return the public address of the file `name` of a post; a web address as it is.

    "" when neither `images_url` nor the post's canonical URL tells where its files are.
    """
    if is_remote(name):
        return name
    path = quote(name)
    if images_url:
        base = images_url.replace("{slug}", content.slug).rstrip("/")
        return urljoin(f"{base}/", path)
    return urljoin(content.canonical_url, path) if content.canonical_url else ""


def not_public(name: str, platform: str) -> Finding:
    """Return the finding that refuses a file without a public address."""
    return Finding(
        code="image_not_public",
        field=f"media.{name}",
        message=f"{platform} shows images by their public address, and {name} has none",
        remedy="Set the account's images_url to where posts' images are public, give the post a "
        "canonical URL with its images beside it, or use the image's web address in the post.",
    )


def check_images_url(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding when the setting `images_url` is given and is no web address."""
    address = settings.get("images_url", "")
    if not address or is_web_address(address):
        return []
    return [
        Finding(
            code="address_invalid",
            field="images_url",
            message=f"{address!r} is not a web address",
            remedy="It looks like https://example.org/images/{slug}.",
        )
    ]
