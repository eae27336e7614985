"""Posts and drafts as Hashnode shows them, and whether one is ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from copydesk.core.delivery import Outgoing
from copydesk.platforms.hashnode.placing import same_body
from copydesk.platforms.kit.retry_after import parse_date

#: How far Hashnode's clock may be behind ours before we overlook our own post.
CLOCK_TOLERANCE: Final = timedelta(minutes=2)


def id_of(thing: Any) -> str:
    """Return the id of a post, draft or publication, "" when there is none."""
    found = thing.get("id") if isinstance(thing, Mapping) else None
    return str(found) if isinstance(found, str) else ""


def nodes_of(connection: Any) -> list[Mapping[str, Any]] | None:
    """Return the nodes of a page, None when it is no page."""
    edges = connection.get("edges") if isinstance(connection, Mapping) else None
    if not isinstance(edges, list):
        return None
    nodes = [edge.get("node") for edge in edges if isinstance(edge, Mapping)]
    return [node for node in nodes if isinstance(node, Mapping)]


def next_of(connection: Mapping[str, Any]) -> str:
    """Return the cursor of the next page, "" after the last."""
    info = connection.get("pageInfo")
    if not isinstance(info, Mapping) or not info.get("hasNextPage"):
        return ""
    return str(info.get("endCursor") or "")


def is_named_as_ours(draft: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Tell whether `draft`, shown without its words, may be one that we made for `payload`."""
    return (
        draft.get("slug") in {payload["slug"], None, ""}
        and draft.get("title") == payload["title"]
        and _same(draft.get("canonicalUrl"), payload["canonical_url"])
    )


def is_our_draft(draft: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Tell whether `draft` is one that we made for `payload`: its names and its words are ours."""
    return is_named_as_ours(draft, payload) and same_body(_markdown(draft), payload["body"])


def is_our_post(post: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """Tell whether `post` was made by sending `outgoing`: not older than the first try, our title,
    and our slug, canonical URL or words.

    One of them will do: Hashnode may give another slug where ours was taken, and words may be
    edited as soon as they are public.
    """
    payload = outgoing.payload
    moment, sent = published_at(post), outgoing.first_sent_at
    if moment is not None and sent is not None and moment < sent - CLOCK_TOLERANCE:
        return False
    if not _same(post.get("title"), payload["title"]):
        return False
    canonical = payload["canonical_url"]
    return (
        post.get("slug") == payload["slug"]
        or bool(canonical and _same(post.get("canonicalUrl"), canonical))
        or same_body(_markdown(post), payload["body"])
    )


def published_at(post: Mapping[str, Any]) -> datetime | None:
    """Return when `post` was published (aware UTC), None when it does not say."""
    return parse_date(str(post.get("publishedAt") or ""))


def differences(post: Mapping[str, Any], payload: Mapping[str, Any]) -> list[str]:
    """Return which parts of `post` are not as `payload` has them. Where images were uploaded to
    does not count, nor do tags, which Hashnode may merge."""
    parts = {
        "title": _same(post.get("title"), payload["title"]),
        "subtitle": _same(post.get("subtitle"), payload["subtitle"]),
        "body": same_body(_markdown(post), payload["body"]),
        "canonical URL": not payload["canonical_url"]
        or _same(post.get("canonicalUrl"), payload["canonical_url"]),
    }
    return [part for part, is_same in parts.items() if not is_same]


def _markdown(post: Mapping[str, Any]) -> Any:
    content = post.get("content")
    return content.get("markdown") if isinstance(content, Mapping) else None


def _same(shown: Any, sent: str) -> bool:
    return " ".join(str(shown or "").split()) == " ".join(sent.split())
