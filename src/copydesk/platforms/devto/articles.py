"""Articles as a Forem shows them, and whether one is ours.

The listing of one's own articles says `published`; other answers only have a `published_timestamp`,
empty for drafts. `published_at` proves nothing: what was published once keeps it as a draft.
Source: forem/forem app/views/api/v1/articles (checked 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_SPACE: Final = re.compile(r"\s+")

#: In the slug of every draft; publishing replaces it.
_TEMPORARY: Final = "-temp-slug-"


def id_of(article: Any) -> str:
    """Return the number of `article`, "" when it is none."""
    found = article.get("id") if isinstance(article, Mapping) else None
    return str(found) if isinstance(found, int | str) and found else ""


def is_published(article: Mapping[str, Any]) -> bool:
    """Tell whether `article` is public, as far as it says."""
    if isinstance(article.get("published"), bool):
        return bool(article["published"])
    return bool(article.get("published_timestamp"))


def public_url(article: Mapping[str, Any]) -> str:
    """Return the address that lasts, "" while there is only the draft's."""
    url = str(article.get("url") or "")
    slug = str(article.get("slug") or url)
    return "" if _TEMPORARY in slug or _TEMPORARY in url else url


def differences(shown: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str]:
    """Return which fields of an article `shown` there are not as `sent`; those it does not show
    are not compared. Without a canonical URL of ours a Forem shows its own address."""
    found: list[str] = []
    if "title" in shown and _even(shown["title"]) != _even(sent["title"]):
        found.append("title")
    if "body_markdown" in shown and _even(shown["body_markdown"]) != _even(sent["body_markdown"]):
        found.append("body")
    if sent["canonical_url"] and not same_canonical(shown, sent["canonical_url"]):
        found.append("canonical URL")
    return found


def same_canonical(shown: Mapping[str, Any], canonical: str) -> bool:
    """Tell whether `shown` has our canonical URL, or does not say what it has."""
    return "canonical_url" not in shown or shown["canonical_url"] == canonical


def tags_of(article: Mapping[str, Any]) -> list[str]:
    """Return the tags of `article`, whichever of its two fields holds them as a list."""
    for key in ("tag_list", "tags"):
        found = article.get(key)
        if isinstance(found, list):
            return [str(tag) for tag in found]
        if isinstance(found, str) and key == "tag_list" and found:
            return [tag.strip() for tag in found.split(",")]
    return []


def _even(text: Any) -> str:
    return _SPACE.sub(" ", str(text or "")).strip()
