"""The settings of a site account, typed, with their defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from copydesk.core.findings import Finding

MAX_POSTS_PER_PAGE: Final = 100
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """What a site is called and where it is served. `url` ends with a slash."""

    url: str
    title: str
    description: str
    language: str
    author: str
    posts_per_page: int

    @property
    def base_path(self) -> str:
        """Return the path part of `url`, `/` at both ends."""
        return urlsplit(self.url).path

    @property
    def host(self) -> str:
        """Return the host name of `url`."""
        return urlsplit(self.url).hostname or ""


def read_config(settings: Mapping[str, str]) -> SiteConfig:
    """Return the settings with defaults filled in. `check_values` has passed before."""
    url = settings["url"].rstrip("/") + "/"
    title = settings.get("title") or urlsplit(url).hostname or url
    return SiteConfig(
        url=url,
        title=title,
        description=settings.get("description", ""),
        language=settings.get("language") or "en",
        author=settings.get("author", ""),
        posts_per_page=int(settings.get("posts_per_page") or 10),
    )


def check_values(settings: Mapping[str, str]) -> list[Finding]:
    """Return what is wrong with given values; missing ones are told elsewhere."""
    findings: list[Finding] = []
    url = settings.get("url", "")
    if url and not _is_base(url):
        findings.append(
            Finding(
                code="url_invalid",
                field="url",
                message=f"{url!r} is not the address of a site",
                remedy="Write it like https://example.com/ or https://example.com/blog/.",
            )
        )
    language = settings.get("language", "")
    if language and not _LANGUAGE.fullmatch(language):
        findings.append(
            Finding(
                code="language_invalid",
                field="language",
                message=f"{language!r} is not a language tag",
                remedy="Write it like en or pt-BR.",
            )
        )
    number = settings.get("posts_per_page", "")
    if number and not (number.isdecimal() and 1 <= int(number) <= MAX_POSTS_PER_PAGE):
        findings.append(
            Finding(
                code="number_invalid",
                field="posts_per_page",
                message=f"{number!r} is not a number of posts",
                remedy=f"Use a number from 1 to {MAX_POSTS_PER_PAGE}.",
            )
        )
    return findings


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and bool(host) and plain and " " not in url
