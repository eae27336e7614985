"""What X checks and charges: the fields of requests, weights, links, prices, rates.

Transcribed from the OpenAPI document 2.167, the pages on rate limits and on pricing (2026-11-22).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

#: Calls in 15 minutes for a user.
RATES: Final[Mapping[str, int]] = {
    "POST /2/tweets": 100,
    "GET /2/tweets/{id}": 900,
    "DELETE /2/tweets/{id}": 50,
    "GET /2/users/me": 75,
    "GET /2/users/{id}/tweets": 900,
    "POST /2/media/upload": 500,
    "GET /2/media/upload": 1_000,
    "POST /2/media/upload/initialize": 1_875,
    "POST /2/media/upload/{id}/append": 1_875,
    "POST /2/media/upload/{id}/finalize": 1_875,
    "POST /2/media/metadata": 500,
}

#: Micro-dollars.
PRICES: Final[Mapping[str, int]] = {
    "create": 15_000,
    "create with url": 200_000,
    "delete": 10_000,
    "metadata": 5_000,
    "owned read": 1_000,
    "read": 5_000,
    "user read": 10_000,
}

_ID = re.compile(r"[0-9]{1,19}")
_BOOLEANS: Final = (
    "for_super_followers_only",
    "made_with_ai",
    "nullcast",
    "paid_partnership",
    "share_with_followers",
)
_WHO: Final = ("following", "mentionedUsers", "subscribers", "verified")
_FIELDS: Final = frozenset(
    {
        "attachments",
        "author_id",
        "card_uri",
        "community_id",
        "context_annotations",
        "conversation_id",
        "created_at",
        "display_text_range",
        "edit_controls",
        "edit_history_tweet_ids",
        "entities",
        "geo",
        "id",
        "in_reply_to_user_id",
        "lang",
        "media_metadata",
        "non_public_metrics",
        "note_tweet",
        "organic_metrics",
        "paid_partnership",
        "possibly_sensitive",
        "promoted_metrics",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
        "scopes",
        "source",
        "text",
        "withheld",
    }
)
_TWEETS: Final = {"note_tweet", "referenced_tweets", "in_reply_to_user_id", "author_id"}
_POSTS: Final = {"note_post"}


@dataclass(eq=False)
class Problem(Exception):
    """An answer that is an error: RFC 7807, with `name` as the end of its type."""

    status: int
    title: str
    detail: str
    name: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the problem as JSON data."""
        kind = f"https://api.x.com/2/problems/{self.name}" if self.name else "about:blank"
        told = {"title": self.title, "detail": self.detail, "type": kind}
        return {**told, "status": self.status, **self.more}

    def answer(self) -> web.Response:
        """Return the problem as an answer of its own."""
        return web.json_response(
            self.body(), status=self.status, content_type="application/problem+json"
        )


def check_create(body: Any) -> Mapping[str, Any]:
    """Return a body of POST /2/tweets that keeps the schema; raises `Problem`."""
    known = {
        "card_uri": str,
        "community_id": str,
        "direct_message_deep_link": str,
        "edit_options": dict,
        "geo": dict,
        "media": dict,
        "poll": dict,
        "quote_tweet_id": str,
        "reply": dict,
        "reply_settings": str,
        "text": str,
        **dict.fromkeys(_BOOLEANS, bool),
    }
    checked = check_object(body, "$", known)
    if "reply_settings" in checked and checked["reply_settings"] not in _WHO:
        raise _wrong("$.reply_settings: does not have a value in the enumeration")
    if "media" in checked:
        media = check_object(
            checked["media"],
            "$.media",
            {"media_ids": list, "tagged_user_ids": list},
            required={"media_ids"},
        )
        _check_ids(media["media_ids"], "$.media.media_ids", 1, 4)
    if "reply" in checked:
        known_reply = {
            "in_reply_to_tweet_id": str,
            "exclude_reply_user_ids": list,
            "auto_populate_reply_metadata": bool,
        }
        named = {"in_reply_to_tweet_id"}
        reply = check_object(checked["reply"], "$.reply", known_reply, required=named)
        _check_ids([reply["in_reply_to_tweet_id"]], "$.reply", 1, 1)
    if "edit_options" in checked:
        named = {"previous_post_id"}
        edit = check_object(
            checked["edit_options"], "$.edit_options", {"previous_post_id": str}, required=named
        )
        _check_ids([edit["previous_post_id"]], "$.edit_options", 1, 1)
    if "poll" in checked:
        _check_poll(checked)
    return checked


def check_object(
    value: Any,
    where: str,
    known: Mapping[str, type],
    *,
    required: Collection[str] = (),
) -> dict[str, Any]:
    """Return `value` as an object with nothing but `known` fields; raises `Problem`."""
    if not isinstance(value, dict):
        raise _wrong(f"{where}: is not an object")
    for key, one in value.items():
        if key not in known:
            raise _wrong(
                f"{where}.{key}: is not defined in the schema and the schema does not "
                "allow additional properties"
            )
        is_right = isinstance(one, known[key]) and not (isinstance(one, bool) and known[key] is int)
        if not is_right:
            raise _wrong(f"{where}.{key}: {type(one).__name__} found")
    for key in required:
        if key not in value:
            raise _wrong(f"{where}.{key}: is missing but it is required")
    return value


def check_fields(query: Mapping[str, str], known: set[str], *, renamed: bool) -> list[str]:
    """Return the fields of posts that `query` asks for; raises `Problem` for a parameter or a field
    that there is not. `renamed`: whether they are asked for as posts instead of tweets."""
    name = "post.fields" if renamed else "tweet.fields"
    known = known | {name}
    for key in query:
        if key not in known:
            raise _wrong(f"The query parameter [{key}] is not one of [{','.join(sorted(known))}]")
    fields = query.get(name, "").split(",")
    allowed = (_FIELDS - _TWEETS) | _POSTS if renamed else _FIELDS
    if strange := set(filter(None, fields)) - allowed:
        raise _wrong(f"The `{name}` query parameter value {sorted(strange)} is not one of …")
    return fields


def weigh(text: str) -> int:
    """Return the weighted length of `text` by the library X publishes."""
    from twitter_text import parse_tweet  # type: ignore[import-untyped]

    return int(parse_tweet(text).weightedLength)


def has_url(text: str) -> bool:
    """Tell whether there is an address in `text`, by the library X publishes."""
    from twitter_text import extract_urls

    return bool(extract_urls(text))


def rewritten(text: str, id: str) -> tuple[str, list[dict[str, Any]]]:
    """Return `text` with t.co links for its addresses, and the entities that undo them."""
    from twitter_text import extract_urls_with_indices

    shown, urls, position = "", [], 0
    for found in extract_urls_with_indices(text):
        start, end = found["indices"]
        address = found["url"]
        if "//" not in address:
            address = f"http://{address.lower()}"
        slug = hashlib.sha256(f"{id} {start}".encode()).hexdigest()[:10]
        short = f"https://t.co/{slug}"
        shown += text[position:start]
        urls.append(
            {
                "url": short,
                "expanded_url": address,
                "display_url": address.partition("//")[2][:27],
                "start": len(shown),
                "end": len(shown) + len(short),
            }
        )
        shown += short
        position = end
    return shown + text[position:], urls


def _check_poll(body: Mapping[str, Any]) -> None:
    known = {"options": list, "duration_minutes": int, "reply_settings": str}
    poll = check_object(body["poll"], "$.poll", known, required={"options", "duration_minutes"})
    options = poll["options"]
    fits = all(isinstance(one, str) and 1 <= len(one) <= 25 for one in options)
    if not 2 <= len(options) <= 4 or not fits or not 5 <= poll["duration_minutes"] <= 10_080:
        raise _wrong("$.poll: out of bounds")
    if "media" in body:
        raise _wrong("$.poll: not together with media")


def _check_ids(ids: list[Any], where: str, least: int, most: int) -> None:
    if not least <= len(ids) <= most:
        raise _wrong(f"{where}: there must be {least} to {most} items")
    if not all(isinstance(id, str) and _ID.fullmatch(id) for id in ids):
        raise _wrong(f"{where}: does not match the pattern ^[0-9]{{1,19}}$")


def _wrong(words: str) -> Problem:
    return Problem(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        "invalid-request",
        {"errors": [{"message": words}]},
    )
