"""What the mutations are handed: a payload as the inputs of Hashnode's schema. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from copydesk.platforms.hashnode.documents import CREATE_DRAFT
from copydesk.platforms.hashnode.placing import placed

#: Room for what is known only while preparing: the ids of publication and series.
_MARGIN: Final = 256

#: Longer than any address an image is given.
_ADDRESS: Final = "https://cdn.hashnode.com/".ljust(160, "x")


def draft_input(
    payload: Mapping[str, Any], publication: str, series: str, addresses: Mapping[str, str]
) -> dict[str, Any]:
    """Return a `CreateDraftInput`. `series` is an id, "" for none; `addresses` are those of the
    uploaded images, by placeholder. Newsletter and listing are always said."""
    return {
        "publicationId": publication,
        "title": payload["title"],
        "subtitle": payload["subtitle"] or None,
        "contentMarkdown": placed(payload["body"], addresses),
        "slug": payload["slug"],
        "tags": payload["tags"],
        "seriesId": series or None,
        "disableComments": not payload["comments"],
        "originalArticleURL": payload["canonical_url"] or None,
        "settings": {
            "enableTableOfContent": payload["table_of_contents"],
            "delist": payload["delisted"],
            "activateNewsletter": payload["newsletter"],
            "slugOverridden": True,
        },
        "metaTags": {"description": payload["description"] or None},
        "coverImageOptions": {"coverImageURL": placed(payload["cover"], addresses) or None},
    }


def update_input(
    payload: Mapping[str, Any], post: str, series: str, addresses: Mapping[str, str]
) -> dict[str, Any]:
    """Return an `UpdatePostInput` for the post with this id. The slug stays: links lead to it."""
    return {
        "id": post,
        "title": payload["title"],
        "subtitle": payload["subtitle"] or None,
        "contentMarkdown": placed(payload["body"], addresses),
        "tags": payload["tags"],
        "seriesId": series or None,
        "disableComments": not payload["comments"],
        "isDelisted": payload["delisted"],
        "enableToc": payload["table_of_contents"],
        "originalArticleURL": payload["canonical_url"] or None,
        "metaDescription": payload["description"] or None,
        "coverImage": placed(payload["cover"], addresses) or None,
    }


def request_size(payload: Mapping[str, Any]) -> int:
    """Return how many bytes the largest request for `payload` may have."""
    addresses = dict.fromkeys(payload["files"].values(), _ADDRESS)
    variables = {"input": draft_input(payload, "", "", addresses)}
    request = {"query": CREATE_DRAFT, "variables": variables}
    return _MARGIN + len(json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode())
